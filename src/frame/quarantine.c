// quarantine.c - see quarantine.h.
#include "frame/quarantine.h"

#include "base/check.h"

// So many events end before the first one's memory is used again: about half a megabyte.
#define COUNT_MIN 2048

void quarantine_init(struct quarantine *quarantine) {
    os_lock_init(&quarantine->lock);
    list_init(&quarantine->nodes);
    quarantine->count = 0;
}

void quarantine_deinit(struct quarantine *quarantine) {
    struct list_node *node;
    while ((node = list_pop_front(&quarantine->nodes)) != NULL) {
        os_free(node);
    }
}

void quarantine_put(struct quarantine *quarantine, struct list_node *node) {
    os_lock_acquire(&quarantine->lock);
    if (!list_is_linked(node)) {
        list_push_back(&quarantine->nodes, node);
        quarantine->count++;
    }
    os_lock_release(&quarantine->lock);
}

struct list_node *quarantine_take(struct quarantine *quarantine) {
    struct list_node *node = NULL;
    os_lock_acquire(&quarantine->lock);
    if (!TENON_CHECKED && quarantine->count >= COUNT_MIN) {
        node = list_pop_front(&quarantine->nodes);
        quarantine->count--;
    }
    os_lock_release(&quarantine->lock);
    return node;
}
