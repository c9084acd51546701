// operations.c - the atomic operations of base/atomic.h, carried out on the model's memory.
//
// Invariant: each arrives, then takes effect in one piece: nothing else runs in between.
// Start reading at model_load.
#include <string.h>

#include "base/atomic.h"
#include "model/explore.h"
#include "model/memory.h"
#include "model/model.h"
#include "model/sharing.h"
#include "model/sites.h"
#include "model/sleep.h"

static const char *order_name(memory_order order) {
    static const char *const names[] = {"relaxed", "consume", "acquire",
                                        "release", "acq_rel", "seq_cst"};
    return names[order];
}

static uint64_t read_value(const void *from, size_t bytes) {
    uint64_t value = 0;
    memcpy(&value, from, bytes);
    return value;
}

// The order this operation has in this exploration.
static memory_order effective(memory_order order, const char *site) {
    if (order == memory_order_relaxed) {
        return order;
    }
    sites_note(site);
    return explore_is_weakened(site) ? memory_order_relaxed : order;
}

static int arrive(enum step_kind kind, const volatile void *at, size_t bytes, memory_order order,
                  const char *site) {
    int location = memory_find(at, bytes);
    int self = model_self();
    bool is_consistent = order == memory_order_seq_cst;
    bool is_private =
        self != 0 && !sharing_note(at, self, kind == STEP_STORE) && !is_consistent;
    bool may_be_stale = kind == STEP_LOAD && !is_consistent && !explore_reads_newest() &&
                        memory_may_be_stale(self, location);
    explore_arrive((struct step){kind, location, is_consistent, is_private, may_be_stale, site});
    // Plain code may have written the object anew meanwhile.
    location = memory_find(at, bytes);
    memory_mark(location, is_private);
    return location;
}

static uint64_t load(int location, memory_order order) {
    int self = model_self();
    uint8_t options[MEMORY_MESSAGES_MAX];
    int count = memory_options(self, location, order, explore_reads_newest(),
                               sleep_fresh_from(self), options);
    if (count == 0) {
        explore_prune();
    }
    return memory_load(self, location, order, options[explore_choose(count)]);
}

void *model_load(const volatile void *at, void *result, size_t bytes, memory_order order,
                 const char *site) {
    order = effective(order, site);
    int location = arrive(STEP_LOAD, at, bytes, order, site);
    uint64_t value = load(location, order);
    memcpy(result, &value, bytes);
    explore_note("load %s -> %#llx%s   %s", order_name(order), (unsigned long long)value,
                 value == memory_newest(location) ? "" : " (stale)", sites_short(site));
    return result;
}

void model_store(volatile void *at, const void *value, size_t bytes, memory_order order,
                 const char *site) {
    order = effective(order, site);
    int location = arrive(STEP_STORE, at, bytes, order, site);
    memory_store(model_self(), location, read_value(value, bytes), order);
    explore_note("store %s %#llx   %s", order_name(order),
                 (unsigned long long)read_value(value, bytes), sites_short(site));
}

static uint64_t update_value(enum model_update update, uint64_t old, uint64_t operand) {
    switch (update) {
    case MODEL_EXCHANGE:
        return operand;
    case MODEL_ADD:
        return old + operand;
    case MODEL_SUB:
        return old - operand;
    case MODEL_OR:
        return old | operand;
    case MODEL_AND:
        return old & operand;
    }
    return old;
}

void *model_fetch(volatile void *at, enum model_update update, void *operand_then_result,
                  size_t bytes, memory_order order, const char *site) {
    order = effective(order, site);
    int location = arrive(STEP_STORE, at, bytes, order, site);
    uint64_t old = memory_newest(location);
    uint64_t next = update_value(update, old, read_value(operand_then_result, bytes));
    uint64_t mask = bytes == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * bytes) - 1;
    memory_replace(model_self(), location, next & mask, order);
    explore_note("update %s %#llx -> %#llx   %s", order_name(order), (unsigned long long)old,
                 (unsigned long long)(next & mask), sites_short(site));
    memcpy(operand_then_result, &old, bytes);
    return operand_then_result;
}

// A cas succeeds only on the newest value, but may fail, like any load, by reading a staler one.
static uint64_t load_for_cas(int location, uint64_t wanted, memory_order failure) {
    int self = model_self();
    uint8_t visible[MEMORY_MESSAGES_MAX];
    int all = memory_options(self, location, failure, explore_reads_newest(), 0, visible);
    int options[MEMORY_MESSAGES_MAX] = {0};
    int count = memory_newest(location) == wanted;
    for (int i = 0; i < all; i++) {
        if (memory_value(location, visible[i]) != wanted) {
            options[count++] = visible[i];
        }
    }
    int option = options[explore_choose(count)];
    if (option == 0 && memory_newest(location) == wanted) {
        return wanted;
    }
    return memory_load(self, location, failure, option);
}

bool model_cas(volatile void *at, void *expected, const void *desired, size_t bytes,
               memory_order success, memory_order failure, const char *site) {
    memory_order order = effective(success, site);
    failure = order == success ? failure : memory_order_relaxed;
    int location = arrive(STEP_STORE, at, bytes, order, site);
    uint64_t wanted = read_value(expected, bytes);
    uint64_t found = load_for_cas(location, wanted, failure);
    if (found == wanted) {
        memory_replace(model_self(), location, read_value(desired, bytes), order);
        explore_note("cas %s %#llx -> %#llx   %s", order_name(order), (unsigned long long)wanted,
                     (unsigned long long)read_value(desired, bytes), sites_short(site));
        return true;
    }
    explore_note("cas %s failed, found %#llx   %s", order_name(order), (unsigned long long)found,
                 sites_short(site));
    memcpy(expected, &found, bytes);
    return false;
}

void model_fence(memory_order order, const char *site) {
    order = effective(order, site);
    if (order == memory_order_relaxed) {
        return;
    }
    if (order == memory_order_seq_cst) {
        explore_arrive((struct step){STEP_FENCE, -1, true, false, false, site});
    }
    memory_fence(model_self(), order);
    explore_note("fence %s   %s", order_name(order), sites_short(site));
}

void model_pause(const char *site) {
    explore_arrive((struct step){STEP_PAUSE, -1, false, false, false, site});
    explore_note("pause   %s", sites_short(site));
}

void *model_plain(const volatile void *at, size_t bytes, bool is_write, const char *site) {
    (void)bytes;
    explore_note("plain %s   %s", is_write ? "write" : "read", sites_short(site));
    if (!memory_plain(model_self(), at, is_write)) {
        model_fail("a race between plain accesses, the later one", site);
    }
    return (void *)at;
}
