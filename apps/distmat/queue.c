// Invariant: see queue.h. Start reading at queue_take.
#include "queue.h"

#include <string.h>

int queue_init(struct queue *queue, struct tn_self *self, const char *name) {
    memset(queue, 0, sizeof *queue);
    queue->changed = tn_event_create(self, name);
    return queue->changed != NULL ? TN_OK : TN_NO_MEMORY;
}

int queue_put(struct queue *queue, struct tn_self *self, void *item) {
    while (queue->count == QUEUE_CAPACITY) {
        int code = tn_event_wait(self, queue->changed, NULL);
        if (code < 0) {
            return code;
        }
    }
    queue->items[(queue->first + queue->count) % QUEUE_CAPACITY] = item;
    // Whoever waits can only wait for the first item; later ones wake nobody.
    return queue->count++ == 0 ? tn_event_post(queue->changed, NULL) : TN_OK;
}

void *queue_take(struct queue *queue, struct tn_self *self) {
    while (queue->count == 0) {
        if (queue->is_closed || tn_event_wait(self, queue->changed, NULL) < 0) {
            return NULL;
        }
    }
    void *item = queue->items[queue->first];
    queue->first = (queue->first + 1) % QUEUE_CAPACITY;
    // Likewise for room.
    if (queue->count-- == QUEUE_CAPACITY && tn_event_post(queue->changed, NULL) < 0) {
        return NULL;
    }
    return item;
}

void queue_close(struct queue *queue) {
    queue->is_closed = true;
    (void)tn_event_post(queue->changed, NULL);
}
