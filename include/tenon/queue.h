// tenon/queue.h - queues of work: what is put in is got out by one, and whether all of it is done
// can be waited for.
//
//     TN_QUEUE(int, jobs);                         // a type of queues, of items of type int
//
//     TN_PFRAME(void, worker, (tn_queue(jobs) *, todo)) {
//         for (int job; tn_get(jobs, todo, &job) == TN_OK;) {
//             work(job);
//             tn_task_done(todo);
//         }
//     }
//
//     tn_queue(jobs) todo = TN_QUEUE_OF(.max = 10);
//     tn_spawn(worker, &todo);
//     for (int i = 0; i < 100; i++) {
//         tn_put(jobs, &todo, i);                  // waits while ten are there
//     }
//     tn_queue_join(self, &todo);                  // until each has been done
//     tn_queue_close(&todo);                       // the workers end
//
// A queue is a channel (tenon/channel.h) that counts what is not done yet; all that is said there
// of memory, threads and waiting holds here.
#ifndef TENON_QUEUE_H
#define TENON_QUEUE_H

#include <tenon/channel.h>
#include <tenon/gather.h>

#ifdef __cplusplus
extern "C" {
#endif

// What every queue is, whatever its items. The first fields may be given, by TN_QUEUE_OF(.max = 9).
struct tn_queue {
    const char *name;    // in reports; NULL: none. Must live as long
    size_t max;          // how many items it may hold before a put waits; 0: as many as memory does
    enum tn_queue_order order; // which item is got first: the oldest, the newest, or the least
    // For TN_LEAST_FIRST: whether the item at `one` comes before the one at `other`. Must not wait.
    bool (*is_before)(const void *one, const void *other);
    // What follows is not for the program.
    struct tn_channel tn_channel;
    struct tn_latch tn_undone;
    uint32_t tn_begun;
    uint32_t tn_has_elements;
};

// TN_QUEUE(type, name); declares, at file scope, a type of queues for items of any copyable type.
#define TN_QUEUE(type, name)                                                                       \
    TN_QUEUE_TYPES_(type, name)                                                                    \
    TN_INLINE_ int name##_tn_put(struct tn_self *self, struct name##_tn_queue *tn_at,              \
                                 name##_tn_queued tn_value, bool tn_waits) {                       \
        return tn_queue_put(self, &tn_at->queue, &tn_value, sizeof tn_value, tn_waits);            \
    }                                                                                              \
    TN_INLINE_ int name##_tn_get(struct tn_self *self, struct name##_tn_queue *tn_at,              \
                                 name##_tn_queued *tn_value, bool tn_waits) {                      \
        return tn_queue_get(self, &tn_at->queue, tn_value, sizeof *tn_value, tn_waits);            \
    }                                                                                              \
    struct name##_tn_queue /* swallows the semicolon */

#define TN_QUEUE_TYPES_(type, name)                                                                \
    struct name##_tn_queue {                                                                       \
        struct tn_queue queue;                                                                     \
    };                                                                                             \
    typedef type name##_tn_queued;

// The type of such a queue, and what a variable of it may be initialised with: fields of struct
// tn_queue by name.
#define tn_queue(name) struct name##_tn_queue
#define TN_QUEUE_OF(...)                                                                           \
    {                                                                                              \
        { __VA_ARGS__ }                                                                            \
    }

// tn_put(name, queue, item): puts a copy of `item` in, and waits while the queue is full. Returns
// TN_OK; TN_CLOSED when the queue is closed; TN_NO_MEMORY; TN_CANCELLED or TN_TIMED_OUT when this
// frame has to end: in all of these the item was not put in. tn_try_put does not wait, and returns
// TN_WOULD_WAIT when the queue is full. Use `self`.
#define tn_put(name, queue, item) name##_tn_put(self, queue, item, true)
#define tn_try_put(name, queue, item) name##_tn_put(self, queue, item, false)

// tn_get(name, queue, &item): gets the next item out, and waits for one. Returns TN_OK and the
// item; TN_CLOSED when the queue is closed and empty; TN_CANCELLED or TN_TIMED_OUT when this frame
// has to end: then no item is lost. tn_try_get does not wait, and returns TN_WOULD_WAIT when there
// is none. Use `self`.
#define tn_get(name, queue, item) name##_tn_get(self, queue, item, true)
#define tn_try_get(name, queue, item) name##_tn_get(self, queue, item, false)

// tn_task_done(queue): an item that was got out has been dealt with. By anybody, from any thread.
// Returns TN_OK; TN_OUT_OF_RANGE when that was said of every item already (a programmer's error).
#define tn_task_done(of) tn_queue_task_done(&(of)->queue)
TN_PUBLIC int tn_queue_task_done(struct tn_queue *queue);

// tn_queue_join(self, queue): waits until every item that was put in has been dealt with. Returns
// TN_OK, TN_CANCELLED or TN_TIMED_OUT.
#define tn_queue_join(self, of) tn_queue_wait(self, &(of)->queue)
TN_PUBLIC TN_MUST_USE int tn_queue_wait(struct tn_self *self, struct tn_queue *queue);

// tn_queue_close(queue): nothing is put in any more; what is there can still be got. Returns TN_OK,
// or TN_CLOSED when it was closed already (a programmer's error).
#define tn_queue_close(of) tn_queue_end(&(of)->queue)
TN_PUBLIC int tn_queue_end(struct tn_queue *queue);

// tn_queue_free(queue): gives the memory of a queue back that nobody uses any more, with the items
// in it; after that it is a new one. Returns TN_OK, or TN_NOT_YOURS while somebody waits (a
// programmer's error).
#define tn_queue_free(of) tn_queue_reset(&(of)->queue)
TN_PUBLIC int tn_queue_reset(struct tn_queue *queue);

// tn_queue_count(queue): how many items are in it at this moment. Returns the number.
#define tn_queue_count(of) tn_queue_items(&(of)->queue)
TN_PUBLIC size_t tn_queue_items(struct tn_queue *queue);

// What tn_put and tn_get become, for items of `item_bytes` bytes; `waits` false: their try forms.
// They return what those do.
TN_PUBLIC int tn_queue_put(struct tn_self *self, struct tn_queue *queue, const void *item,
                           size_t item_bytes, bool waits);
TN_PUBLIC int tn_queue_get(struct tn_self *self, struct tn_queue *queue, void *item,
                           size_t item_bytes, bool waits);

#ifdef __cplusplus
}
#endif

#endif
