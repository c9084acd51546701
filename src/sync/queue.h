// queue.h - the inside of tn_queue, for those who come to it by its port.
//
// Invariant: as in queue.c. Start reading there.
#ifndef TENON_SYNC_QUEUE_H
#define TENON_SYNC_QUEUE_H

#include <tenon/queue.h>

// The channel that has its items.
struct tn_channel *queue_channel(struct tn_queue *queue);

// Its items are views of rooms (sync/item.h), which go with it. Before the first one is put in,
// from any thread.
void queue_will_have_elements(struct tn_queue *queue);

#endif
