// tenon/process_queue.h - queues that frames in several processes put into and get from.
//
//     TN_PROCESS_QUEUE(int, jobs);                 // a type of queues, of items that travel
//
//     TN_DFRAME(void, worker, (struct tn_port, todo)) {
//         for (int job; tn_port_get(jobs, todo, &job) == TN_OK;) {
//             work(job);
//             tn_port_task_done(self, todo);
//         }
//     }
//
//     tn_queue(jobs) todo = TN_QUEUE_OF(.max = 10);
//     tn_task(worker) task = tn_spawn(worker, tn_queue_port(jobs, &todo));
//     for (int i = 0; i < 100; i++) {
//         tn_put(jobs, &todo, i);
//     }
//     tn_queue_join(self, &todo);                  // until each has been done
//     tn_queue_close(&todo);                       // the worker ends
//
// The queue itself is one of tenon/queue.h and stays where it is, in the process of the frame that
// has it; there it is used as any other. Its port is a number that travels (tenon/port.h). What is
// done at the port by a frame of that process is done at the queue at once; by a DFrame in another
// process, or a frame below it, it is asked for there, and the frame is suspended until the answer
// comes: some microseconds, or as long as there is no room or no item. The program is the same with
// and without other processes. What all of them want of one queue they get in order of coming.
//
// A pipe is two queues, one for each way; one process may have the ports of both.
//
// Items may be text, bytes or arrays of at most 32 KiB:
//
//     TN_PROCESS_QUEUE(tn_text, lines);
//
//     for (tn_text line; tn_port_get(lines, from, &line) == TN_OK;) {
//         print(line);
//         tn_room_free(self, line.data);           // or at the end of this frame, by itself
//     }
//
// A put, here or at the port, copies the elements: they are the caller's again when it returns.
// Those of an item that was got are in a room of the frame that has got it (tenon/result.h), as if
// it had awaited them. Items that are in the queue when it is freed go with it. A thread in no run
// may put and get them too; what it gets stays until it calls tn_room_free.
//
// No item is lost and none comes twice as long as the processes live. A frame that is told to end
// while it waits takes what it asked for back; if it has been given an item by then, it gets that,
// with TN_OK. With a process that ends, what its frames had been given is lost, also what was on
// its way to them; of what they had put, all that was answered with TN_OK is there. Nothing at the
// queue waits for them any more. Items that they had got and not reported done stay undone: whoever
// hears that the DFrame was lost puts them in again, or reports them done.
#ifndef TENON_PROCESS_QUEUE_H
#define TENON_PROCESS_QUEUE_H

#include <tenon/port.h>
#include <tenon/queue.h>
#include <tenon/result.h>

#ifdef __cplusplus
extern "C" {
#endif

// TN_PROCESS_QUEUE(type, name); declares, at file scope, what TN_QUEUE(type, name) does, and ports
// of such queues. The items are of types that travel (tenon/data.h): scalars, structures declared
// by TN_DATA (written struct NAME), text, bytes and arrays.
#define TN_PROCESS_QUEUE(type, name)                                                               \
    TN_ITEM_TRAVELS_(type)                                                                         \
    TN_QUEUE_TYPES_(type, name)                                                                    \
    static const struct tn_data_field name##_tn_carried_fields[] __attribute__((unused)) = {       \
        {"item", (unsigned short)(TN_DATA_CODE_(type) / 256),                                      \
         (unsigned short)(TN_DATA_CODE_(type) % 256), 0, TN_DATA_TYPE_OF_(type)},                  \
        {0, 0, 0, 0, 0}};                                                                          \
    static const struct tn_data_type name##_tn_carried                                             \
        __attribute__((unused)) = {#name, 1, (unsigned)sizeof(type), name##_tn_carried_fields};    \
    TN_INLINE_ int name##_tn_put(struct tn_self *self, struct name##_tn_queue *tn_at,              \
                                 name##_tn_queued tn_value, bool tn_waits) {                       \
        return tn_item_put(self, &tn_at->queue, &name##_tn_carried, &tn_value, tn_waits);          \
    }                                                                                              \
    TN_INLINE_ int name##_tn_get(struct tn_self *self, struct name##_tn_queue *tn_at,              \
                                 name##_tn_queued *tn_value, bool tn_waits) {                      \
        return tn_item_get(self, &tn_at->queue, &name##_tn_carried, tn_value, tn_waits);           \
    }                                                                                              \
    TN_INLINE_ struct tn_port name##_tn_port(struct tn_self *self,                                 \
                                             struct name##_tn_queue *tn_of) {                      \
        return tn_port_of_queue(self, &tn_of->queue, &name##_tn_carried);                          \
    }                                                                                              \
    TN_INLINE_ int name##_tn_port_put(struct tn_self *self, struct tn_port tn_at,                  \
                                      name##_tn_queued tn_value, bool tn_waits) {                  \
        return tn_port_wish(self, tn_at, tn_waits ? TN_WISH_PUT : TN_WISH_TRY_PUT,                 \
                            &name##_tn_carried, &tn_value);                                        \
    }                                                                                              \
    TN_INLINE_ int name##_tn_port_get(struct tn_self *self, struct tn_port tn_at,                  \
                                      name##_tn_queued *tn_value, bool tn_waits) {                 \
        return tn_port_wish(self, tn_at, tn_waits ? TN_WISH_GET : TN_WISH_TRY_GET,                 \
                            &name##_tn_carried, tn_value);                                         \
    }                                                                                              \
    struct name##_tn_queue /* swallows the semicolon */

// Text, bytes and arrays in a process queue are not longer than that, each; so a frame that asks
// for one has the memory for it before it is given one.
enum { TN_ITEM_BYTES_MAX = 32768 };

// tn_queue_port(name, queue): a port of a queue. It belongs to the current frame: when that has
// ended, or is told to end, whoever waits at the port gets TN_REMOVED. The queue must outlive that
// frame; it does if it is among its variables. A queue may have several ports. Returns the port;
// without memory, one that names nothing. Uses `self`.
#define tn_queue_port(name, queue) name##_tn_port(self, queue)

// tn_port_put(name, port, item) and tn_port_get(name, port, &item): put a copy of `item` in, and
// get the next item out, waiting as tn_put and tn_get of tenon/queue.h do; tn_port_try_put and
// tn_port_try_get never wait for room or an item, but for the answer. From a frame of the run whose
// frame has the queue, or of a DFrame that it has sent to another process. Return what those do;
// also TN_REMOVED when the port names no queue (any more), or the process that has it is gone;
// TN_WRONG_TYPE when the queue's items are of another type than those of `name`; TN_TOO_LONG when
// an item is longer than the way to the other process allows, or its elements have more than
// TN_ITEM_BYTES_MAX bytes (so does tn_put of such a queue); TN_TOO_MANY when 65536 frames of a
// DFrame wait there already; TN_NO_MEMORY, also of a get, when there was none to ask with. In all
// but TN_OK nothing was put in or got out. Use `self`.
#define tn_port_put(name, port, item) name##_tn_port_put(self, port, item, true)
#define tn_port_try_put(name, port, item) name##_tn_port_put(self, port, item, false)
#define tn_port_get(name, port, item) name##_tn_port_get(self, port, item, true)
#define tn_port_try_get(name, port, item) name##_tn_port_get(self, port, item, false)

// An item that was got out has been dealt with. From frames as above. Returns TN_OK;
// TN_OUT_OF_RANGE when that was said of every item already (a programmer's error); TN_REMOVED,
// TN_TOO_MANY, TN_NO_MEMORY as above; TN_CANCELLED or TN_TIMED_OUT: this frame has to end, and it
// was not said.
TN_PUBLIC int tn_port_task_done(struct tn_self *self, struct tn_port port);

// Waits until every item that was put in has been dealt with. From frames as above. Returns TN_OK,
// TN_CANCELLED, TN_TIMED_OUT; TN_REMOVED, TN_TOO_MANY, TN_NO_MEMORY as above.
TN_PUBLIC TN_MUST_USE int tn_port_join(struct tn_self *self, struct tn_port port);

// Closes the queue: nothing is put in any more, what is there can still be got. From frames as
// above. Returns TN_OK; TN_CLOSED when it was closed already (a programmer's error where it is
// known: at the queue); TN_REMOVED, TN_TOO_MANY, TN_NO_MEMORY, TN_CANCELLED, TN_TIMED_OUT as above.
TN_PUBLIC int tn_port_close(struct tn_self *self, struct tn_port port);

// ---- what the macros become ------------------------------------------------------------------

enum tn_wish {
    TN_WISH_PUT = 1,
    TN_WISH_TRY_PUT,
    TN_WISH_GET,
    TN_WISH_TRY_GET,
    TN_WISH_DONE,
    TN_WISH_JOIN,
    TN_WISH_CLOSE,
};

#define TN_ITEM_TRAVELS_(type)                                                                     \
    TN_IS_NO_POINTER_(type)                                                                        \
    TN_STATIC_ASSERT_(TN_IS_POINTER_(type) || TN_DATA_CODE_(type) != 0,                            \
                      "the items of a process queue are scalars, structures declared by TN_DATA "  \
                      "(written struct NAME), or of a type of tenon/data.h");

// tn_put and tn_get of such a queue, where the items have elements. They return what those do.
TN_PUBLIC int tn_queue_put_elements(struct tn_self *self, struct tn_queue *queue,
                                    const struct tn_data_type *type, const void *view, bool waits);
TN_PUBLIC int tn_queue_get_elements(struct tn_self *self, struct tn_queue *queue, void *view,
                                    bool waits);

// For items of any type: which of the two it is, compilers know where they are called. They return
// what those do.
TN_INLINE_ int tn_item_put(struct tn_self *self, struct tn_queue *queue,
                           const struct tn_data_type *type, const void *item, bool waits) {
    return type->fields->kind < TN_DATA_TEXT
               ? tn_queue_put(self, queue, item, type->bytes, waits)
               : tn_queue_put_elements(self, queue, type, item, waits);
}
TN_INLINE_ int tn_item_get(struct tn_self *self, struct tn_queue *queue,
                           const struct tn_data_type *type, void *item, bool waits) {
    return type->fields->kind < TN_DATA_TEXT ? tn_queue_get(self, queue, item, type->bytes, waits)
                                             : tn_queue_get_elements(self, queue, item, waits);
}

// A port of a queue, whose items are described by `type`. Returns what tn_queue_port does.
TN_PUBLIC struct tn_port tn_port_of_queue(struct tn_self *self, struct tn_queue *queue,
                                          const struct tn_data_type *type);

// Each of the above: `item` is put in, or written; NULL, and `type` too, where there is none.
// Returns what that does.
TN_PUBLIC int tn_port_wish(struct tn_self *self, struct tn_port port, enum tn_wish wish,
                           const struct tn_data_type *type, void *item);

#ifdef __cplusplus
}
#endif

#endif
