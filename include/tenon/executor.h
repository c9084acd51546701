// tenon/executor.h - calls handed out now, results collected later.
//
//     struct tn_executor *kitchen = tn_executor_create(self, NULL);
//     struct tn_future rice = tn_submit(kitchen, prepare_rice);       // a call of a frame function
//     struct tn_future oil = tn_submit(kitchen, fry_spices, 120.0);
//     double temperature;
//     int code = tn_result(prepare_rice, rice, &temperature);         // waits for it
//     tn_executor_end(self, kitchen);                                 // waits for all of them
//
// What is submitted is an item: a call of a frame function with its arguments, which are copied and
// checked as by tn_spawn. Where it runs is the word of the function's declaration: items of a
// TN_FRAME on the thread that made the executor, taking turns where they wait; items of a TN_PFRAME
// on any thread, so on as many cores as the run has threads. Items of both kinds may be in one
// executor; each kind starts in the order of submission.
//
// A future says what became of an item. An item's failure is that item's only: it goes up to the
// executor and no further, whoever asks receives it as a code, and the other items run on. So it is
// with a failure of anything below the item that nobody absorbed: it ends the item.
//
// Items run below a frame of the executor, which is a child of the frame that made it. So they end
// with that frame at the latest; they do not end with the frame that submitted them, nor have its
// deadlines, but those that held where the executor was made. When that frame ends, items that run
// are removed and those that wait never run. tn_executor_end waits for them instead.
//
// An item costs no allocation once the executor has had as many at a time, unless its arguments or
// its result are larger than 48 bytes: items run one after the other in frames that stay.
//
// For what comes of one function called many times over: tenon/map.h.
#ifndef TENON_EXECUTOR_H
#define TENON_EXECUTOR_H

#include <tenon/event.h>
#include <tenon/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_executor;
struct tn_item;

// A copyable handle of an item. It may be given to other frames and be used until tn_take or
// tn_future_drop, or until the executor has gone. A use after tn_take or tn_future_drop is noticed
// (a programmer's error: TN_NOT_YOURS).
struct tn_future {
    struct tn_item *item; // NULL: there is none, and
    int outcome;          // this is why
    unsigned number;      // of the item that the memory is used for
};

// ---- executors -------------------------------------------------------------------------------

struct tn_executor_options {
    // In paths and reports; NULL: "executor". Must live as long as the executor.
    const char *name;
    // How many items of each kind may have begun and not ended; 0: no bound but memory. What
    // computes is bounded by the threads of the run anyway; this bounds what waits.
    int at_once;
    // Above 0: items are called on up to so many threads of the executor's own, started when they
    // are needed and ended when they have had nothing to do for a second. For calls that block for
    // long and that nothing can interrupt: they hold none of the run's threads. Such an item is no
    // frame: its `self` is good for nothing, whatever waits returns TN_NOT_RUNNING (a programmer's
    // error), it has no rooms, and it says what went wrong in its result. Once it has begun it runs
    // to its end, which who ends the executor waits for.
    int blocking_threads;
};

// Options by name, everything else default.
#ifdef __cplusplus
#define TN_EXECUTOR(...) (tn_executor_options_at(tn_executor_options{__VA_ARGS__}))
#else
#define TN_EXECUTOR(...) (&(struct tn_executor_options){__VA_ARGS__})
#endif

// Makes an executor that belongs to the current frame. `options` may be NULL. NULL: no memory, a
// number below 0 (a programmer's error), or the current frame is being removed; all of the
// functions below take that NULL and say TN_NO_MEMORY, so it need not be looked at.
TN_PUBLIC struct tn_executor *tn_executor_create(struct tn_self *self,
                                                 const struct tn_executor_options *options);

// Takes no further items and waits until all there are have ended: the end of a scope. Their
// futures stay. Returns TN_OK when all items so far came to TN_OK, else the outcome of the first
// that did not; TN_CANCELLED or TN_TIMED_OUT when the current frame has to end: the items are not
// waited for then. By any frame but the items themselves (a programmer's error: TN_NOT_YOURS).
TN_PUBLIC int tn_executor_end(struct tn_self *self, struct tn_executor *executor);

// Takes no further items and removes all there are: those that wait never run, those that run are
// cancelled at their next wait; their outcome is TN_REMOVED. Waits until they are gone, except when
// an item calls it. Their futures stay. Returns TN_OK; TN_CANCELLED or TN_TIMED_OUT when the
// current frame has to end: the removal goes on.
TN_PUBLIC int tn_executor_cancel(struct tn_self *self, struct tn_executor *executor);

// The same, and gives the memory of the executor and of all its futures back, which otherwise stays
// until the frame that made it ends. By that frame; nobody may use any of it any more.
TN_PUBLIC void tn_executor_drop(struct tn_self *self, struct tn_executor *executor);

// tn_submit(executor, name, arguments...): hands in a call of the frame function `name`. Returns
// its future at once. Uses `self`: by any frame of the run. A future without an item says why in
// its outcome, which tn_result returns: TN_NO_MEMORY; TN_CLOSED after tn_executor_end or
// tn_executor_cancel (a programmer's error); TN_REMOVED or TN_TIMED_OUT when the executor's frame
// has ended or run out of time.
#define tn_submit(executor, ...)                                                                   \
    tn_future_of_(TN_PASTE_(TN_FIRST_(__VA_ARGS__), _tn_pass)(                                     \
        self, __LINE__, tn_submit_type, tn_executor_of_(executor) TN_REST_(__VA_ARGS__)))

// ---- futures ---------------------------------------------------------------------------------

// tn_result(name, future, &value): waits until the item has ended and copies its result to `value`,
// which points to the result type of `name` (NULL: not wanted). By any frame, any number of times.
// Uses `self`. Returns TN_OK; the code that the item failed with; TN_REMOVED when it was removed;
// TN_TIMED_OUT when its deadline, or the current frame's, has passed; TN_CANCELLED when the current
// frame has to end; TN_WRONG_TYPE when the item is not a call of `name` (a programmer's error). A
// cancellation loses nothing: the item runs on. A result that is a view (tenon/result.h) is of
// memory that stays until the future is used up.
#define tn_result(name, future, value)                                                             \
    tn_result_type(self, &name##_tn_type, future, TN_RESULT_AT_(name, value), false)

// The same, and the future is used up: the item's memory serves the next one. For executors that
// many items go through. A wait that was cut short does not use it up. The elements of a view
// belong to the current frame from now on, as if it had awaited the call.
#define tn_take(name, future, value)                                                               \
    tn_result_type(self, &name##_tn_type, future, TN_RESULT_AT_(name, value), true)

// True once the item has ended, or there is none. From any frame.
TN_PUBLIC bool tn_future_is_done(struct tn_future future);

// Asks that an item end: one that has not begun never will; one that runs is cancelled at its next
// wait. Does not wait for that. Returns true when the item will come to TN_REMOVED because of it;
// false when it had ended, there is none, or it is in a call on a thread of the executor's own.
TN_PUBLIC bool tn_future_cancel(struct tn_self *self, struct tn_future future);

// How the item failed, with its path, message and place. NULL when it has not ended, or did not
// fail. Valid as long as the future.
TN_PUBLIC const struct tn_failure *tn_future_failure(struct tn_future future);

// The item as an awaitable, to be combined with others by tn_any and tn_all (tenon/event.h); its
// outcome is that of the item. NULL when there is no item. Valid as long as the future.
TN_PUBLIC struct tn_awaitable *tn_of_future(struct tn_future future);

// Nobody wants the item's result: it runs on, and its memory is used again when it has ended.
TN_PUBLIC void tn_future_drop(struct tn_self *self, struct tn_future future);

// ---- several at once -------------------------------------------------------------------------

// As they complete: waits until one of the executor's items has ended that this function has not
// given yet and that was not taken, and puts its future into *future. Returns false when there is
// none any more, or the current frame has to end. By one frame at a time:
//
//     struct tn_future next;
//     while (tn_next_completed(self, executor, &next)) { ... tn_take(fetch, next, &page) ... }
TN_PUBLIC bool tn_next_completed(struct tn_self *self, struct tn_executor *executor,
                                 struct tn_future *future);

enum tn_until {
    TN_UNTIL_ALL,     // every one has ended
    TN_UNTIL_FIRST,   // one has
    TN_UNTIL_FAILURE, // one has come to something else than TN_OK, or every one has ended
};

// Waits until that can be said of `count` futures, all of one executor (else a programmer's error:
// TN_NOT_YOURS); futures without an item count as ended. tn_future_is_done then tells which have.
// Returns TN_OK; TN_CANCELLED or TN_TIMED_OUT when the current frame has to end.
TN_PUBLIC int tn_await_futures(struct tn_self *self, size_t count, const struct tn_future *futures,
                               enum tn_until until);

// Waits for `count` futures, of any executors, and puts how each ended into `outcomes`: failures
// are values like others. (tn_result then gives the results at once.) Returns TN_OK, also when
// items failed; TN_CANCELLED or TN_TIMED_OUT when the current frame has to end: then the outcomes
// of those that were not waited for are that code.
TN_PUBLIC int tn_gather(struct tn_self *self, size_t count, const struct tn_future *futures,
                        int *outcomes);

// ---- what the macros call --------------------------------------------------------------------

// What tn_submit becomes; `executor` is one, `arguments` points to type->argument_bytes bytes.
// Returns what the future is made of.
TN_PUBLIC struct tn_passed tn_submit_type(struct tn_self *self, void *executor,
                                          const struct tn_type *type, unsigned line,
                                          const void *arguments);

// What tn_result and tn_take become, and returns what they do.
TN_PUBLIC int tn_result_type(struct tn_self *self, const struct tn_type *type,
                             struct tn_future future, void *value, bool is_taken);

#define TN_RESULT_AT_(name, value) (1 ? (value) : (name##_tn_result *)0)

TN_INLINE_ void *tn_executor_of_(struct tn_executor *executor) {
    return executor;
}

TN_INLINE_ struct tn_future tn_future_of_(struct tn_passed passed) {
    struct tn_future future;
    future.item = (struct tn_item *)passed.object;
    future.outcome = passed.outcome;
    future.number = passed.number;
    return future;
}

#ifdef __cplusplus
}

inline const tn_executor_options *tn_executor_options_at(const tn_executor_options &options) {
    return &options;
}
#endif

#endif
