// registry.c - see registry.h. A program's section is entered as a whole by the first of its
// constructors, so from then on everything in it is known. When the program's own has been, a
// process that is a zygote stays here.
#include "cluster/registry.h"

#include <stdio.h>

#include "base/atomic.h"
#include "base/check.h"
#include "cluster/processes.h"
#include "cluster/schema.h"
#include "cluster/zygote.h"
#include "os/image.h"

static struct os_lock lock;
static _Atomic uint32_t version; // how often anything was entered or taken out
static struct tn_dframe_entry *first_entry;
static struct tn_dframe_entry *start_entry; // the first one when the program had announced its own

// All that are entered, by their identities: each task that comes is looked for here.
enum { BUCKETS = 256 };
static struct tn_dframe_entry *buckets[BUCKETS];

static struct tn_dframe_entry **bucket_of(uint64_t identity) {
    return &buckets[identity % BUCKETS];
}

// It is calculated once, where the type has room to keep it.
uint64_t registry_identity(const struct tn_type *type) {
    const struct tn_travel *travel = type->travel;
    _Atomic uint64_t *known = (_Atomic uint64_t *)(void *)travel->identity;
    uint64_t identity = known == NULL ? 0 : atomic_load_relaxed(known);
    if (identity == 0) {
        identity = schema_identity(type->name, travel->arguments, travel->result);
        if (known != NULL) {
            atomic_store_relaxed(known, identity);
        }
    }
    return identity;
}

// The next entry of this identity, from `entry` on, in its bucket.
static struct tn_dframe_entry *seek(struct tn_dframe_entry *entry, uint64_t identity) {
    while (entry != NULL && entry->identity != identity) {
        entry = entry->beside;
    }
    return entry;
}

static void report_twins(const struct tn_type *one, const struct tn_type *other) {
    (void)fprintf(stderr,
                  "tenon: two DFrames are called %s and take and give the same: give one of them "
                  "another name (%s:%u, %s:%u)\n",
                  one->name, one->file, one->line, other->file, other->line);
}

static void enter(struct tn_dframe_entry *entry) {
    const struct tn_travel *travel = entry->type->travel;
    if (!schema_is_valid(travel->arguments) ||
        (travel->result != NULL && !schema_is_valid(travel->result))) {
        (void)fprintf(stderr,
                      "tenon: the DFrame %s (%s:%u) takes or gives a structure that is nested "
                      "deeper than %d, or was compiled for another version\n",
                      entry->type->name, entry->type->file, entry->type->line, SCHEMA_DEPTH_MAX);
        return;
    }
    const uint64_t identity = registry_identity(entry->type);
    struct tn_dframe_entry **bucket = bucket_of(identity);
    const struct tn_dframe_entry *twin = seek(*bucket, identity);
    if (twin != NULL) {
        report_twins(twin->type, entry->type);
    }
    entry->identity = identity;
    entry->next = first_entry;
    first_entry = entry;
    entry->beside = *bucket;
    *bucket = entry;
}

// Before it: who asks again from here on asks under the lock.
static void count_change(void) {
    atomic_fetch_add_release(&version, 1); // pairs with registry_find_again
}

void tn_dframe_register(struct tn_dframe_entry *const *first, struct tn_dframe_entry *const *end) {
    struct os_image image;
    bool is_start = false;
    os_lock_acquire(&lock);
    count_change();
    if (first < end && (*first)->identity == 0) {
        for (struct tn_dframe_entry *const *at = first; at < end; at++) {
            enter(*at);
        }
        if (start_entry == NULL && os_image_find(first, &image) && image.is_program) {
            start_entry = first_entry;
            is_start = start_entry != NULL;
        }
    }
    os_lock_release(&lock);
    if (is_start) {
        zygote_serve_if_caught();
        processes_provide();
    }
}

static void leave_bucket(struct tn_dframe_entry *entry) {
    struct tn_dframe_entry **link = bucket_of(entry->identity);
    while (*link != entry) {
        link = &(*link)->beside;
    }
    *link = entry->beside;
}

void tn_dframe_unregister(struct tn_dframe_entry *const *first,
                          struct tn_dframe_entry *const *end) {
    os_lock_acquire(&lock);
    count_change();
    for (struct tn_dframe_entry *const *at = first; at < end; at++) {
        struct tn_dframe_entry **link = &first_entry;
        while (*link != NULL && *link != *at) {
            link = &(*link)->next;
        }
        if (*link != NULL) {
            *link = (*at)->next;
            leave_bucket(*at);
            (*at)->identity = 0;
        }
    }
    os_lock_release(&lock);
}

const struct tn_type *registry_find(uint64_t identity) {
    os_lock_acquire(&lock);
    struct tn_dframe_entry *found = seek(*bucket_of(identity), identity);
    const bool is_alone = found != NULL && seek(found->beside, identity) == NULL;
    os_lock_release(&lock);
    return is_alone ? found->type : NULL;
}

const struct tn_type *registry_find_again(struct registry_found *found, uint64_t identity) {
    // acquire: pairs with count_change: nothing older is found.
    const uint32_t now = atomic_load_acquire(&version);
    if (found->identity != identity || found->version != now) {
        *found = (struct registry_found){identity, registry_find(identity), now};
    }
    return found->type;
}

bool registry_knows_program(void) {
    return start_entry != NULL;
}

void registry_each_of_start(void (*visit)(void *argument, const struct tn_dframe_entry *entry),
                            void *argument) {
    os_lock_acquire(&lock);
    for (const struct tn_dframe_entry *entry = start_entry; entry != NULL; entry = entry->next) {
        visit(argument, entry);
    }
    os_lock_release(&lock);
}

size_t registry_count(void) {
    size_t count = 0;
    os_lock_acquire(&lock);
    for (const struct tn_dframe_entry *entry = first_entry; entry != NULL; entry = entry->next) {
        count++;
    }
    os_lock_release(&lock);
    return count;
}
