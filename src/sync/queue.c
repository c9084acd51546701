// queue.c - a queue is a channel, and a latch that counts what has not been dealt with.
//
// Invariant: an item is counted before it can be got out. Start reading at tn_queue_put.
#include "sync/queue.h"

#include "base/atomic.h"
#include "base/bits.h"
#include "sync/channel.h"
#include "sync/item.h"

// The options of the queue become those of its channel with the first use; whoever else comes at
// that moment writes the same.
struct tn_channel *queue_channel(struct tn_queue *queue) {
    _Atomic uint32_t *begun = (_Atomic uint32_t *)&queue->tn_begun;
    // acquire: pairs with queue_channel, in whoever was first.
    if (UNLIKELY(atomic_load_acquire(begun) != 2)) {
        uint32_t none = 0;
        if (atomic_cas_relaxed(begun, &none, 1)) {
            queue->tn_channel.name = queue->name;
            queue->tn_channel.limit = queue->max == 0 ? SIZE_MAX : queue->max;
            queue->tn_channel.order = queue->order;
            queue->tn_channel.is_before = queue->is_before;
            queue->tn_undone.name = queue->name;
            // release: pairs with queue_channel.
            atomic_store_release(begun, 2);
        }
        // acquire: pairs with queue_channel.
        while (atomic_load_acquire(begun) != 2) {
            cpu_pause();
        }
    }
    return &queue->tn_channel;
}

int tn_queue_put(struct tn_self *self, struct tn_queue *queue, const void *item, size_t item_bytes,
                 bool waits) {
    struct tn_channel *channel = queue_channel(queue);
    tn_latch_add(&queue->tn_undone, 1);
    const int code = tn_channel_send(self, channel, item, item_bytes, waits);
    if (code != TN_OK) {
        (void)tn_latch_done(&queue->tn_undone);
    }
    return code;
}

int tn_queue_get(struct tn_self *self, struct tn_queue *queue, void *item, size_t item_bytes,
                 bool waits) {
    return tn_channel_receive(self, queue_channel(queue), item, item_bytes, waits);
}

// ---- items with elements ---------------------------------------------------------------------

void queue_will_have_elements(struct tn_queue *queue) {
    atomic_store_relaxed((_Atomic uint32_t *)&queue->tn_has_elements, 1);
}

int tn_queue_put_elements(struct tn_self *self, struct tn_queue *queue,
                          const struct tn_data_type *type, const void *view, bool waits) {
    struct item_view item;
    int code = item_copy(item_element_bytes(type), view, &item);
    if (code != TN_OK) {
        return code;
    }
    queue_will_have_elements(queue);
    code = tn_queue_put(self, queue, &item, sizeof item, waits);
    if (code != TN_OK) {
        item_drop(&item);
    }
    return code;
}

int tn_queue_get_elements(struct tn_self *self, struct tn_queue *queue, void *view, bool waits) {
    struct item_view item;
    const int code = tn_queue_get(self, queue, &item, sizeof item, waits);
    if (code == TN_OK) {
        item_receive(self, &item);
        memcpy(view, &item, sizeof item);
    }
    return code;
}

// ---- the rest --------------------------------------------------------------------------------

int tn_queue_task_done(struct tn_queue *queue) {
    return tn_latch_done(&queue->tn_undone);
}

int tn_queue_wait(struct tn_self *self, struct tn_queue *queue) {
    return tn_latch_wait(self, &queue->tn_undone);
}

int tn_queue_end(struct tn_queue *queue) {
    return tn_channel_close(queue_channel(queue));
}

int tn_queue_reset(struct tn_queue *queue) {
    const bool drops = atomic_load_relaxed((_Atomic uint32_t *)&queue->tn_has_elements) != 0;
    const int code =
        channel_reset(queue_channel(queue), sizeof(struct item_view), drops ? item_drop : NULL);
    if (code == TN_OK) {
        queue->tn_undone = (struct tn_latch){.name = queue->name};
    }
    return code;
}

size_t tn_queue_items(struct tn_queue *queue) {
    return tn_channel_items(queue_channel(queue));
}
