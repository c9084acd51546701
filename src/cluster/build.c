// build.c - see build.h. Sums do not depend on the order in which the linker put things.
#include "cluster/build.h"

#include "base/random.h"
#include "cluster/registry.h"
#include "cluster/session.h"
#include "os/image.h"

struct sum {
    uint64_t total;
    struct os_image image; // the last one that was asked for
    uint64_t image_identity;
};

static void add(struct sum *sum, const void *address, uint64_t identity) {
    const uintptr_t place = (uintptr_t)address;
    if (place < sum->image.begin || place >= sum->image.end) {
        sum->image = (struct os_image){0, 0, false};
        sum->image_identity =
            os_image_find(address, &sum->image) ? os_image_identity(&sum->image) : 0;
    }
    uint64_t seed = identity ^ sum->image_identity;
    sum->total += random_mix(&seed);
}

static void add_entry(void *argument, const struct tn_dframe_entry *entry) {
    add(argument, entry, entry->identity);
}

uint64_t build_identity(void) {
    struct sum sum = {.total = SESSION_VERSION};
    static const char here;
    add(&sum, &here, sizeof(struct message)); // Tenon itself, which may be a library
    registry_each_of_start(add_entry, &sum);
    return sum.total != 0 ? sum.total : 1;
}
