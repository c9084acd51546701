// tenon/frame.h - frames: functions that can wait, in one tree.
//
// A frame is created by the frame that is current (its parent), runs, waits, ends; what it created
// ends with it. By default a returning frame REMOVES the children that still run: await them, or
// call tn_children_wait first.
//
//     TN_PFRAME(long, fib, (int, n))                  // result, name, (type, parameter) ...
//     {
//         if (n < 2) return n;
//         tn_task(fib) left = tn_spawn(fib, n - 1);   // arguments are copied, typed, checked
//         long right = fib(self, n - 2);              // still a plain C function
//         return tn_await(fib, left) + right;         // a typed result
//     }
//
// `self` is the first parameter of every frame function: it says where the code runs. Pass it on to
// functions that wait; do not store it. Changing one word moves a function between levels:
//
//   TN_FRAME   runs on the thread of its parent, always the same one, interleaved with the other
//              Frames of that thread; Frames of one thread start in the order of creation
//   TN_PFRAME  runs on any thread of the process and may continue on another after each wait; the
//              level is a freedom of the scheduler, never an order
//   TN_DFRAME  a PFrame whose arguments and result could go to another process: tenon/dframe.h
//
// A function that has waited may be on another thread: do not keep addresses of thread-local
// variables (errno is one) across a wait in a PFrame.
#ifndef TENON_FRAME_H
#define TENON_FRAME_H

#include <tenon/failure.h>
#include <tenon/macros.h>
#include <tenon/task.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- declaring -------------------------------------------------------------------------------

// TN_FRAME(result, name, (type, parameter), ...) { body }
//
// Defines a frame function for use in this file: up to eight parameters of any copyable type, any
// result type or void. `name(self, arguments...)` stays callable as a plain function, which then
// runs as part of the caller's frame.
#define TN_FRAME(result, ...) TN_DEFINE_(static, TN_LEVEL_FRAME, result, __VA_ARGS__)
#define TN_PFRAME(result, ...) TN_DEFINE_(static, TN_LEVEL_PFRAME, result, __VA_ARGS__)

// TN_FRAME_DECLARE(result, name, (type, parameter), ...);
// TN_FRAME_DEFINE(result, name, (type, parameter), ...) { body }
//
// For a frame function that several files use: the declaring form, with a semicolon, in a header
// that its own file includes too, and the defining form, with the body, in one file.
#define TN_FRAME_DECLARE(result, ...) TN_DECLARE_(, TN_LEVEL_FRAME, result, __VA_ARGS__)
#define TN_PFRAME_DECLARE(result, ...) TN_DECLARE_(, TN_LEVEL_PFRAME, result, __VA_ARGS__)
#define TN_FRAME_DEFINE(result, ...) TN_BODY_(, result, __VA_ARGS__)
#define TN_PFRAME_DEFINE(result, ...) TN_BODY_(, result, __VA_ARGS__)

// ---- starting and awaiting -------------------------------------------------------------------

// The type of a handle to a spawned frame: what tn_spawn gives and tn_await takes. It belongs to
// the frame that spawned; other frames can wait for what tn_share makes of it.
#define tn_task(name) struct name##_tn_task

// tn_spawn(name, arguments...): creates a child frame of the current one and returns at once with
// its handle, a tn_task(name). A Frame starts when this thread is free for it, in order of
// creation; a PFrame as soon as a thread is free. Only inside a frame function (uses `self`). When
// there is no memory for the child, the current frame fails with TN_NO_MEMORY and awaiting the
// handle says TN_CANCELLED; so it does, and nothing runs, when the current frame is being removed
// (TN_TIMED_OUT when its time is up).
#define tn_spawn(...)                                                                              \
    TN_PASTE_(TN_FIRST_(__VA_ARGS__), _tn_spawn)(self, __LINE__ TN_REST_(__VA_ARGS__))

// The same with options: tn_spawn_with(TN_OPTIONS(.name = "dns", .seconds = 0.2), fetch, host).
struct tn_options {
    // In paths and reports; NULL: the function's name. Must live as long as the frame.
    const char *name;
    // TN_THREAD(k): runs on thread k of the run only, as a Frame bound to it. A k outside 0 to
    // tn_thread_count() - 1 is a programmer's error: awaiting the handle says TN_OUT_OF_RANGE.
    int thread;
    // It runs to its first wait, or to its end, before tn_spawn_with returns; the thread's other
    // frames do not run meanwhile, unless it is bound to another thread.
    bool is_immediate;
    // When its function returns, its children are waited for instead of removed.
    bool waits_for_children;
    // Its deadline, from now; not above 0: none of its own (tenon/scope.h).
    double seconds;
    // Bytes of its stack, as in struct tn_run_options; 0: the run's.
    size_t stack_bytes;
    // Of a DFrame: how often it may begin, if the process that runs it is lost (tenon/dframe.h).
    // 0 or 1: once.
    int begins_max;
    // As if its first act were tn_on_failure.
    tn_failure_handler *on_failure;
    void *on_failure_data;
};
#ifdef __cplusplus
#define TN_OPTIONS(...) (tn_options_at(tn_options{__VA_ARGS__}))
#else
#define TN_OPTIONS(...) (&(struct tn_options){__VA_ARGS__})
#endif
#define TN_THREAD(k) ((k) + 1)
#define tn_spawn_with(options, ...)                                                                \
    TN_PASTE_(TN_FIRST_(__VA_ARGS__), _tn_spawn_with)                                              \
    (self, __LINE__, options TN_REST_(__VA_ARGS__))

// Waits for the child and returns its result; again and again the same one. `task` is a variable of
// type tn_task(name). A child that failed, was removed or cancelled has no result: tn_await then
// returns zeros; its failure has gone up the tree already, and unless an ancestor absorbed it this
// frame is being removed too, so that all its further waits return TN_CANCELLED.
// A cancellation while waiting removes the child.
#define tn_await(name, task) name##_tn_await(self, &(task))

// The same, but the outcome is the caller's own business: TN_OK and *value, or the code of the
// child's failure, TN_REMOVED, TN_CANCELLED. `value` may be NULL.
#define tn_try_await(name, task, value) name##_tn_try_await(self, &(task), value)

// tn_await_all(self, &task, ...): waits for all of the given children, of any types. The results
// are then in the handles, where tn_await finds them at once. Returns TN_OK or the first outcome in
// argument order that is not. A cancellation while waiting removes the children. tn_await_each
// takes the addresses of `count` handles from an array.
#define tn_await_all(self, ...)                                                                    \
    tn_await_each(self, sizeof((void *[]){__VA_ARGS__}) / sizeof(void *), (void *[]){__VA_ARGS__})
TN_PUBLIC int tn_await_each(struct tn_self *self, size_t count, void *const *tasks);

// Lets go of a child whose result nobody wants: it runs on, and is freed when it ends.
#define tn_forget(task) tn_handle_forget(self, &(task).handle)
TN_PUBLIC void tn_handle_forget(struct tn_self *self, struct tn_handle *handle);

// Waits until every child of the current frame has ended, forgotten ones too. (The option
// waits_for_children does it when the function returns.) Returns TN_OK; TN_CANCELLED or
// TN_TIMED_OUT when this frame has to end: its children are removed then.
TN_PUBLIC int tn_children_wait(struct tn_self *self);

// Lets everything else that is ready on this thread run once. Returns TN_OK, or TN_CANCELLED or
// TN_TIMED_OUT when this frame has to end.
TN_PUBLIC int tn_yield(struct tn_self *self);

// ---- frames as objects -----------------------------------------------------------------------

// A frame that others may know: valid until its parent has ended.
struct tn_frame;

// The frame behind a handle, so that it can be given to other frames, waited for by many, combined
// with other awaitables (tenon/event.h) and removed. The handle stays usable. NULL when there is no
// memory, the handle's result has been taken, or the current frame is being removed.
#define tn_share(task) tn_handle_share(self, &(task).handle)
TN_PUBLIC struct tn_frame *tn_handle_share(struct tn_self *self, struct tn_handle *handle);

// The current frame. NULL when there is no memory.
TN_PUBLIC struct tn_frame *tn_this(struct tn_self *self);

// `self` of the frame that runs on the calling thread, for functions that did not get it. Outside
// of a run: one with which every function returns TN_NOT_RUNNING, NULL or nothing (a programmer's
// error).
TN_PUBLIC struct tn_self *tn_current(void);

// Waits for a frame that others may know and copies its result to *value, which is of the result
// type of the function `name` (NULL: not wanted). By any number of frames, any number of times.
// Returns the frame's outcome, or TN_CANCELLED or TN_TIMED_OUT when the current frame has to end,
// or TN_WRONG_TYPE when the frame is not one of `name` (a programmer's error). Uses `self`.
#define tn_join(name, frame, value) name##_tn_join(self, frame, value)

// Removes a frame and everything below it. In this order:
//   1. The `free` events of all of them are delivered, children before parents, in order of
//      creation; every listener, on any thread, runs to its next wait. If one of them refuses
//      (tn_refuse), that is the end: nothing has changed, and this returns false.
//   2. What has not started never runs. Each frame is cancelled at its next wait, or the one it is
//      in: first its children are removed, the newest first; then what it owns is disposed of
//      (events, primitives), the newest first; then its wait returns TN_CANCELLED and its function
//      unwinds; then its cleanup handlers run (tenon/cleanup.h).
//   3. It leaves the tree, those who wait for it are woken with TN_REMOVED, and the destructors of
//      its classes run.
// Waits until it is gone. True when this call removed it; false when it was refused, has ended or
// is being removed already. Removing the current frame itself, or one that it is in, returns true
// without waiting for the end: from then on its waits return TN_CANCELLED. From any frame. A
// cancellation while waiting loses nothing: the removal goes on.
TN_PUBLIC bool tn_remove(struct tn_self *self, struct tn_frame *frame);

// By a frame that was woken by the free event of `frame` (tn_of_free in tenon/event.h), before its
// next wait: the removal is off. Nothing happens when the frame has ended by itself, when one that
// it is in has failed, or when it is too late.
TN_PUBLIC void tn_refuse(struct tn_self *self, struct tn_frame *frame);

// True once the frame has ended, in whatever way, and for NULL. From any frame.
TN_PUBLIC bool tn_frame_has_ended(const struct tn_frame *frame);

// Writes the path of a frame, such as "/root/fetch/parse", and a closing zero into `buffer` of
// `bytes` bytes, cut at the front if it is too long. Returns the length written.
TN_PUBLIC size_t tn_frame_path(const struct tn_frame *frame, char *buffer, size_t bytes);

// ---- what the macros write -------------------------------------------------------------------

// What tn_spawn_with and tn_join become. They return the untyped handle, and the outcome.
TN_PUBLIC struct tn_handle tn_spawn_options(struct tn_self *self, const struct tn_type *type,
                                            unsigned line, const struct tn_options *options,
                                            const void *arguments);
TN_PUBLIC int tn_join_type(struct tn_self *self, const struct tn_type *type, struct tn_frame *frame,
                           void *value);

// What is done with a call that is not made yet: its function and its arguments, taken by whatever
// makes it some day (tn_submit, tn_map). `by` is for the taker alone.
struct tn_passed {
    void *object;
    int outcome;
    unsigned number;
};
typedef struct tn_passed tn_taker(struct tn_self *self, void *by, const struct tn_type *type,
                                  unsigned line, const void *arguments);

#define TN_REST_(...) TN_PASTE_(TN_REST_, TN_COUNT_(__VA_ARGS__))(__VA_ARGS__)
#define TN_REST_0(name)
#define TN_REST_1(name, ...) , __VA_ARGS__
#define TN_REST_2(name, ...) , __VA_ARGS__
#define TN_REST_3(name, ...) , __VA_ARGS__
#define TN_REST_4(name, ...) , __VA_ARGS__
#define TN_REST_5(name, ...) , __VA_ARGS__
#define TN_REST_6(name, ...) , __VA_ARGS__
#define TN_REST_7(name, ...) , __VA_ARGS__
#define TN_REST_8(name, ...) , __VA_ARGS__

#define TN_DEFINE_(linkage, level, result, ...)                                                    \
    TN_DECLARE_(linkage, level, result, __VA_ARGS__);                                              \
    TN_BODY_(linkage, result, __VA_ARGS__)

// The function's own head; the body follows in the user's file. The call in between reads the
// arguments from the task and leaves the result there.
#define TN_BODY_(linkage, result, ...)                                                             \
    TN_APPLY_(TN_INVOKE_, linkage, TN_IF_VOID_(result), TN_FIRST_(__VA_ARGS__), __VA_ARGS__)       \
    TN_APPLY_(TN_HEAD_, linkage, result, TN_FIRST_(__VA_ARGS__), __VA_ARGS__)

// An inlined recursion is what makes fork-join cheap: static functions ask for it. Aligned, because
// with clang it else depends on the place whether a call takes 3.5 or 4.5 ns.
#define TN_LINKAGE_static static TN_INLINE_RECURSION_ __attribute__((aligned(64), unused))
#define TN_LINKAGE_
#define TN_HEAD_(linkage, result, name, ...)                                                       \
    TN_LINKAGE_##linkage result name(struct tn_self *self __attribute__((unused))                  \
                                     TN_EACH_(TN_PAIR_PARAMETER_, __VA_ARGS__))

#define TN_INVOKE_(linkage, if_void, name, ...)                                                    \
    linkage void name##_tn_invoke(struct tn_self *self, void *payload) {                           \
        struct name##_tn_arguments tn_arguments;                                                   \
        __builtin_memcpy(&tn_arguments, payload, sizeof tn_arguments);                             \
        if_void(name(self TN_EACH_(TN_PAIR_ARGUMENT_, __VA_ARGS__));                               \
                , TN_INVOKE_STORE_(name, name(self TN_EACH_(TN_PAIR_ARGUMENT_, __VA_ARGS__))))     \
    }
#define TN_INVOKE_STORE_(name, call)                                                               \
    const name##_tn_result tn_value = call;                                                        \
    __builtin_memcpy(payload, &tn_value, sizeof tn_value);

#define TN_DECLARE_(linkage, level, result, ...)                                                   \
    TN_APPLY_(TN_DECLARE_NAMED_, linkage, level, result, TN_IF_VOID_(result),                      \
              TN_FIRST_(__VA_ARGS__), __VA_ARGS__)

#define TN_DECLARE_NAMED_(linkage, level, result, if_void, name, ...)                              \
    struct name##_tn_arguments {                                                                   \
        TN_NO_FIELD_(__VA_ARGS__) TN_EACH_(TN_PAIR_FIELD_, __VA_ARGS__)                            \
    };                                                                                             \
    typedef result name##_tn_result;                                                               \
    typedef if_void(char, result) name##_tn_value;                                                 \
    struct name##_tn_task {                                                                        \
        struct tn_handle handle;                                                                   \
        if_void(, result value;)                                                                   \
    };                                                                                             \
    TN_HEAD_(linkage, result, name, __VA_ARGS__);                                                  \
    linkage void name##_tn_invoke(struct tn_self *self, void *payload);                            \
    TN_DESCRIBE_##level##_(result, name, __VA_ARGS__) static const struct tn_type name##_tn_type   \
        __attribute__((unused)) = {                                                                \
            #name,                                                                                 \
            __BASE_FILE__,                                                                         \
            __LINE__,                                                                              \
            level,                                                                                 \
            TN_COUNT_(__VA_ARGS__) == 0 ? 0 : (unsigned)sizeof(struct name##_tn_arguments),        \
            if_void(0, (unsigned)sizeof(name##_tn_result)),                                        \
            if_void(0, (unsigned)offsetof(struct name##_tn_task, value)),                          \
            name##_tn_invoke,                                                                      \
            TN_TRAVEL_##level##_(name),                                                            \
    };                                                                                             \
    enum {                                                                                         \
        name##_tn_lazy = level != TN_LEVEL_FRAME &&                                                \
                         sizeof(struct name##_tn_arguments) <= TN_PAYLOAD_BYTES &&                 \
                         if_void(1, sizeof(name##_tn_result) <= TN_PAYLOAD_BYTES)                  \
    };                                                                                             \
    typedef TN_LAST_(TN_PAIR_TYPE_, __VA_ARGS__) name##_tn_last;                                   \
    enum {                                                                                         \
        name##_tn_last_offset =                                                                    \
            offsetof(struct name##_tn_arguments, TN_LAST_(TN_PAIR_NAME_, __VA_ARGS__))             \
    };                                                                                             \
    TN_INLINE_ struct tn_passed name##_tn_pass(                                                    \
        struct tn_self *self, unsigned tn_line, tn_taker *tn_taken_by,                             \
        void *tn_by TN_EACH_(TN_PAIR_PARAMETER_, __VA_ARGS__)) {                                   \
        const struct name##_tn_arguments tn_arguments = TN_VALUES_(__VA_ARGS__);                   \
        return tn_taken_by(self, tn_by, &name##_tn_type, tn_line, &tn_arguments);                  \
    }                                                                                              \
    TN_INLINE_ struct name##_tn_task name##_tn_spawn(                                              \
        struct tn_self *self, unsigned tn_line TN_EACH_(TN_PAIR_PARAMETER_, __VA_ARGS__)) {        \
        const struct name##_tn_arguments tn_arguments = TN_VALUES_(__VA_ARGS__);                   \
        struct name##_tn_task tn_made;                                                             \
        struct tn_task *tn_task;                                                                   \
        if_void((void)0, __builtin_memset(&tn_made.value, 0, sizeof tn_made.value));               \
        if (name##_tn_lazy) {                                                                      \
            tn_task =                                                                              \
                tn_task_push(self, &name##_tn_type, tn_line, &tn_arguments, sizeof tn_arguments);  \
            if (!tn_task_may_stay(self, tn_task)) {                                                \
                tn_task = tn_spawn_aside(self);                                                    \
            }                                                                                      \
        } else {                                                                                   \
            tn_task = tn_spawn_type(self, &name##_tn_type, tn_line, &tn_arguments);                \
        }                                                                                          \
        tn_made.handle.task = tn_task;                                                             \
        tn_made.handle.outcome = TN_CANCELLED;                                                     \
        return tn_made;                                                                            \
    }                                                                                              \
    TN_INLINE_ struct name##_tn_task name##_tn_spawn_with(                                         \
        struct tn_self *self, unsigned tn_line,                                                    \
        const struct tn_options *tn_options TN_EACH_(TN_PAIR_PARAMETER_, __VA_ARGS__)) {           \
        const struct name##_tn_arguments tn_arguments = TN_VALUES_(__VA_ARGS__);                   \
        struct name##_tn_task tn_made;                                                             \
        if_void(, __builtin_memset(&tn_made.value, 0, sizeof tn_made.value);) tn_made.handle =     \
            tn_spawn_options(self, &name##_tn_type, tn_line, tn_options, &tn_arguments);           \
        return tn_made;                                                                            \
    }                                                                                              \
    TN_INLINE_ int name##_tn_join(struct tn_self *self, struct tn_frame *tn_frame,                 \
                                  name##_tn_result *tn_value) {                                    \
        return tn_join_type(self, &name##_tn_type, tn_frame, tn_value);                            \
    }                                                                                              \
    TN_COLD_ static name##_tn_value name##_tn_finish(struct tn_self *self, struct tn_task *tn_at,  \
                                                     name##_tn_value tn_value) {                   \
        if (tn_at != NULL) {                                                                       \
            self->outcome = tn_await_slow(self, tn_at, if_void(NULL, &tn_value));                  \
        }                                                                                          \
        return tn_value;                                                                           \
    }                                                                                              \
    TN_INLINE_ int name##_tn_complete(struct tn_self *self, struct name##_tn_task *tn_task) {      \
        struct tn_task *const tn_at = tn_task->handle.task;                                        \
        int tn_outcome = tn_task->handle.outcome;                                                  \
        tn_task->handle.task = tn_task_none();                                                     \
        if (name##_tn_lazy) {                                                                      \
            name##_tn_value tn_value;                                                              \
            if (tn_task_enter(self, tn_at)) {                                                      \
                struct name##_tn_arguments tn_arguments;                                           \
                __builtin_memcpy(&tn_arguments, tn_at->payload, sizeof tn_arguments);              \
                if_void(, tn_value =) name(self TN_EACH_(TN_PAIR_ARGUMENT_, __VA_ARGS__));         \
                if_void(tn_value = 0, (void)0);                                                    \
                if (tn_task_leave(self, tn_at)) {                                                  \
                    if_void((void)0, tn_task->value = tn_value);                                   \
                    tn_task->handle.outcome = TN_OK;                                               \
                    return TN_OK;                                                                  \
                }                                                                                  \
            } else {                                                                               \
                tn_value = if_void(0, tn_task->value);                                             \
            }                                                                                      \
            tn_value = name##_tn_finish(self, tn_at, tn_value);                                    \
            if_void((void)tn_value, tn_task->value = tn_value);                                    \
            tn_outcome = tn_at == NULL ? tn_outcome : self->outcome;                               \
        } else if (tn_at != NULL) {                                                                \
            tn_outcome = tn_await_slow(self, tn_at, if_void(NULL, &tn_task->value));               \
        }                                                                                          \
        tn_task->handle.outcome = tn_outcome;                                                      \
        return tn_outcome;                                                                         \
    }                                                                                              \
    TN_INLINE_ result name##_tn_await(struct tn_self *self, struct name##_tn_task *tn_task) {      \
        (void)name##_tn_complete(self, tn_task);                                                   \
        if_void(, return tn_task->value;)                                                          \
    }                                                                                              \
    TN_INLINE_ int name##_tn_try_await(struct tn_self *self, struct name##_tn_task *tn_task,       \
                                       name##_tn_result *tn_value) {                               \
        const int tn_outcome = name##_tn_complete(self, tn_task);                                  \
        if_void((void)tn_value,                                                                    \
                if (tn_value != NULL && tn_outcome == TN_OK) { *tn_value = tn_task->value; });     \
        return tn_outcome;                                                                         \
    }                                                                                              \
    TN_INLINE_ int name##_tn_run(                                                                  \
        const struct tn_run_options *tn_options,                                                   \
        name##_tn_result *tn_answer TN_EACH_(TN_PAIR_PARAMETER_, __VA_ARGS__)) {                   \
        const struct name##_tn_arguments tn_arguments = TN_VALUES_(__VA_ARGS__);                   \
        return tn_run_type(&name##_tn_type, tn_options, &tn_arguments, tn_answer);                 \
    }                                                                                              \
    struct name##_tn_task /* swallows the semicolon after a declaration */

struct tn_run_options;
// What tn_run becomes, and returns what that does: see tenon/run.h.
TN_PUBLIC int tn_run_type(const struct tn_type *type, const struct tn_run_options *options,
                          const void *arguments, void *answer);

#ifdef __cplusplus
}

inline const tn_options *tn_options_at(const tn_options &options) {
    return &options;
}

// C++ has no address of a temporary array.
#undef tn_await_all
#define tn_await_all(self, ...) tn_await_all_of(self, __VA_ARGS__)
template <class... Tasks> inline int tn_await_all_of(struct tn_self *self, Tasks *...tasks) {
    void *each[] = {static_cast<void *>(tasks)...};
    return tn_await_each(self, sizeof...(tasks), each);
}
#endif

#endif
