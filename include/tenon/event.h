// tenon/event.h - events, and waiting for several things at once.
//
//     struct tn_event *tick = tn_event_create(self, "tick");
//     tn_task(timer) t = tn_spawn(timer, tick);      // posts it once a second
//     void *value;
//     tn_event_wait(self, tick, &value);
//
// An event has no memory: what is posted while nobody waits is lost. Anything that completes is an
// awaitable: events, frames, timers, all and any of them.
//
// Events and awaitables made here belong to the frame that made them and end with it: who still
// waits then receives TN_REMOVED. They must not be used after that: for an event, the functions
// below notice it as long as its memory has not been used again (a programmer's error; they return
// TN_REMOVED), checking builds never use it again during the run. While the owner itself still
// unwinds they return TN_REMOVED without a complaint. NULL, where there was no memory for one, may
// be given to every function: it returns TN_NO_MEMORY, NULL or nothing.
#ifndef TENON_EVENT_H
#define TENON_EVENT_H

#include <tenon/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_event;
struct tn_awaitable;

// ---- events ----------------------------------------------------------------------------------

// Makes an event owned by the current frame. `name` must live as long. NULL: no memory.
TN_PUBLIC struct tn_event *tn_event_create(struct tn_self *self, const char *name);

// The same with options: tn_event_create_with(self, TN_EVENT("closed", .is_lifebound = true)).
struct tn_event_options {
    const char *name;
    // Fires once and keeps that value: further waits return it at once, further posts are ignored.
    bool is_singleshot;
    // Fires, with the value NULL, when it is removed or its owner ends: who waits receives TN_OK
    // instead of TN_REMOVED.
    bool is_lifebound;
};
#ifdef __cplusplus
#define TN_EVENT(...) (tn_event_options_at(tn_event_options{__VA_ARGS__}))
#else
#define TN_EVENT(...) (&(struct tn_event_options){__VA_ARGS__})
#endif
TN_PUBLIC struct tn_event *tn_event_create_with(struct tn_self *self,
                                                const struct tn_event_options *options);

// Delivers `value` to everybody who will be waiting when the post is processed: posts are queued
// behind what is ready already, so that a plain Frame that posts and then waits hears itself. (What
// a PFrame posts another thread may deliver at once, because a PFrame may block.) From any thread,
// also from threads that are not part of the run, as long as the event lives. Posts of one thread
// arrive in order. Returns TN_OK, TN_NO_MEMORY, or TN_REMOVED when the event has ended (see above).
TN_PUBLIC int tn_event_post(struct tn_event *event, void *value);

// The same after a delay of `seconds` (negative: 0).
TN_PUBLIC int tn_event_post_after(struct tn_event *event, void *value, double seconds);

// Delivers `value` now and waits until everybody who was waiting, on any thread, has run to its
// next wait or its end. Returns TN_OK, TN_REMOVED, TN_CANCELLED or TN_TIMED_OUT; the delivery has
// been made in the last two cases too. TN_NO_MEMORY: nothing was delivered.
TN_PUBLIC int tn_event_send(struct tn_self *self, struct tn_event *event, void *value);

// Delivers `value` now; the awaitable completes when everybody who was waiting has run to its next
// wait or its end. It belongs to the current frame. NULL: no memory, nothing was delivered.
TN_PUBLIC struct tn_awaitable *tn_sending(struct tn_self *self, struct tn_event *event,
                                          void *value);

// Waits for the next delivery; *value receives what was delivered (value may be NULL). Returns
// TN_OK, TN_REMOVED when the event ended, TN_CANCELLED or TN_TIMED_OUT when this frame has to end.
// A cancellation loses no delivery that others wait for.
TN_PUBLIC int tn_event_wait(struct tn_self *self, struct tn_event *event, void **value);

// Ends an event before its frame ends: who waits receives TN_REMOVED. Only by the frame that made
// it. Returns TN_OK; TN_NOT_YOURS by another frame, TN_REMOVED when it had ended (programmer's
// errors).
TN_PUBLIC int tn_event_remove(struct tn_self *self, struct tn_event *event);

// ---- several at once -------------------------------------------------------------------------

// Awaitables out of other things. NULL: no memory. A timer completes `seconds` after its making,
// not after the wait; negative is 0. tn_never never completes. A frame of NULL or an event of NULL
// gives NULL, so that the parts can be written in place.
TN_PUBLIC struct tn_awaitable *tn_timer(struct tn_self *self, double seconds);
TN_PUBLIC struct tn_awaitable *tn_never(struct tn_self *self);
TN_PUBLIC struct tn_awaitable *tn_of_event(struct tn_event *event);
TN_PUBLIC struct tn_awaitable *tn_of_frame(struct tn_frame *frame);

// The frame is ready: it waits for something (and, if that is a frame or made of frames, when those
// are ready in turn), or has ended. The outcome is TN_OK, or the frame's when it failed or was
// removed before that.
TN_PUBLIC struct tn_awaitable *tn_of_ready(struct tn_frame *frame);

// The frame is about to go: delivered once, at every end, before anything of the frame is undone.
// At a removal, who waits for it may refuse before its next wait (tn_refuse in tenon/frame.h); a
// refused removal is followed by another delivery some day. Who waits for it after the last one
// receives TN_REMOVED when the frame has ended. A frame may wait for its own. NULL when there is no
// memory.
TN_PUBLIC struct tn_awaitable *tn_of_free(struct tn_frame *frame);

// The removal of a frame, as tn_remove does it, begun now: completes with TN_OK when it is gone,
// TN_REFUSED when a listener refused, TN_REMOVED when it had ended or was being removed already.
TN_PUBLIC struct tn_awaitable *tn_removal(struct tn_self *self, struct tn_frame *frame);

// tn_all(self, part, ...): completes when every part has; of nothing: at once. Parts may repeat and
// may be all or any themselves. They stay where they are in the tree. A part that is NULL gives
// NULL, and so does a lack of memory. tn_all_of takes them from an array of `count` `parts`, which
// it copies.
#define tn_all(self, ...)                                                                          \
    tn_all_of(self,                                                                                \
              sizeof((struct tn_awaitable *[]){__VA_ARGS__}) / sizeof(struct tn_awaitable *),      \
              (struct tn_awaitable *[]){__VA_ARGS__})
TN_PUBLIC struct tn_awaitable *tn_all_of(struct tn_self *self, size_t count,
                                         struct tn_awaitable *const *parts);

// tn_any(self, part, ...): completes with the first part that does; of several that already have,
// the first in argument order. The others run on. Any of nothing never completes: making one is a
// programmer's error, and waiting for it returns TN_EMPTY. A part that is NULL gives NULL, and so
// does a lack of memory. tn_any_of takes them from an array of `count` `parts`, which it copies.
#define tn_any(self, ...)                                                                          \
    tn_any_of(self,                                                                                \
              sizeof((struct tn_awaitable *[]){__VA_ARGS__}) / sizeof(struct tn_awaitable *),      \
              (struct tn_awaitable *[]){__VA_ARGS__})
TN_PUBLIC struct tn_awaitable *tn_any_of(struct tn_self *self, size_t count,
                                         struct tn_awaitable *const *parts);

// Waits for an awaitable. Returns for a frame its outcome (its result stays with its handle); for
// an event TN_OK at the next delivery; for all TN_OK or the first outcome in argument order that is
// not; for any the outcome of the winner; for NULL TN_NO_MEMORY. TN_CANCELLED or TN_TIMED_OUT when
// this frame has to end: nothing is lost by that, but an event may be delivered before the next
// wait. What has completed completes again at once, except events.
TN_PUBLIC int tn_wait(struct tn_self *self, struct tn_awaitable *awaitable);

// Ends a timer, an all, an any or anything else that the current frame has made with the functions
// of this section before the frame ends, and frees it: for loops that make one each time round. Who
// waits for it receives TN_REMOVED; what it is made of stays. Nothing happens for what is not made
// but found: the awaitables of frames and events. NULL: nothing.
TN_PUBLIC void tn_drop(struct tn_self *self, struct tn_awaitable *awaitable);

// Which part of an any came first, counted from 0; -1 while none has.
TN_PUBLIC int tn_winner(const struct tn_awaitable *any);

// What an awaitable carried when it completed: the value of a singleshot event, of the event that
// completed an any, or of part `index` of an all (a copy of the pointer). NULL: nothing, or it has
// not completed. The results of frames stay with their handles: tn_await, or tn_join in
// tenon/frame.h.
TN_PUBLIC void *tn_value(const struct tn_awaitable *awaitable);
TN_PUBLIC void *tn_value_of_part(const struct tn_awaitable *awaitable, size_t index);

#ifdef __cplusplus
}

inline const tn_event_options *tn_event_options_at(const tn_event_options &options) {
    return &options;
}
#endif

#endif
