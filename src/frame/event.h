// event.h - the inside of an event, for what delivers.
//
// Its awaitable's lock is the lock of all of it. Nothing here allocates while nobody has posted
// before the last post was delivered: the first post lies in the event.
// Start reading at event.c.
#ifndef TENON_FRAME_EVENT_H
#define TENON_FRAME_EVENT_H

#include <tenon/event.h>

#include "frame/object.h"

// A value on its way. Those that have to wait for their time, or come from outside, are in larger
// memory of their own that begins with this.
struct post {
    struct list_node link; // on `posts` or `delayed`
    void *value;
};

struct tn_event {
    struct list_node ended; // first: in the quarantine, when it has ended
    struct object object;
    const char *name;
    struct run *run;
    bool is_singleshot;
    _Atomic bool has_left; // its owner has ended, or removed it: who uses it is mistaken
    uint32_t generation;   // how often this memory has been an event before
    _Atomic uint64_t port; // the number of its port; 0: it has none
    // Under the awaitable's lock:
    struct list posts;   // to be delivered, in order
    struct list delayed; // waiting for their time
    struct post slot;    // the post that needs no allocation
    bool slot_is_used;
    bool is_queued;      // `deliver` is on a queue or running
    bool is_withdrawn;   // has ended: takes no post any more
    bool token_releases; // has ended while `deliver` was queued, which lets go of it then
    struct runnable deliver;
};

static inline struct tn_event *event_of(struct object *object) {
    return container_of(object, struct tn_event, object);
}

// TN_OK while the event may be used. TN_NO_MEMORY: there is none (NULL). TN_REMOVED: it has ended;
// quietly while its owner unwinds, else that is a programmer's error.
int event_status_slow(const struct tn_event *event);
static inline int event_status(const struct tn_event *event) {
    if (UNLIKELY(event == NULL)) {
        return TN_NO_MEMORY;
    }
    const bool has_ended =
        atomic_load_relaxed(&((struct tn_event *)(uintptr_t)event)->object.primitive.is_disposed);
    return LIKELY(!has_ended) ? TN_OK : event_status_slow(event);
}

// What stands for an event that has ended: completed with TN_REMOVED.
struct tn_awaitable *event_ended(void);

#endif
