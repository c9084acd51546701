// tenon/task.h - the fast path: what must be inline so that a PFrame costs about a function call.
//
// A spawn writes a task, one cache line, on the task stack of the running stack; nothing else
// exists yet: no frame, no stack, no link. The await of the newest task that nobody stole calls the
// function directly, so that the compiler can inline it. Everything else is a call of a function
// below that ends in _slow. Users need tenon/frame.h; this file is part of the ABI (TN_ABI).
//
// The two comparisons hide all of the rest: a thief that finds nothing to steal sets `limit` to
// NULL and `bound` to the end of the address space, and so sends the next spawn or await down the
// slow path, where the owner shows it some tasks.
//
// What looks odd here is measured: docs/internals/fork-join.md goes through the machine code and
// says what each instruction is for, and what the compilers make of other ways to write it.
//
// After: Lace (T. van Dijk, J. van de Pol, MuCoCoS 2014) and Wool (K.-F. Faxen, 2008) for tasks in
// place on a split stack. docs/decisions/0002-task-stack.md says what is different here.
#ifndef TENON_TASK_H
#define TENON_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tenon/status.h>

#ifdef __cplusplus
extern "C" {
#endif

// Grows with every change of the structures in this file, and of those that programs make room for.
#define TN_ABI 7

enum tn_level {
    TN_LEVEL_FRAME = 1,  // runs on its parent's thread
    TN_LEVEL_PFRAME = 2, // runs on any thread of its process
    TN_LEVEL_DFRAME = 3, // may run in another process
};

struct tn_self;
struct tn_travel;

// What is known about a frame function at compile time. One constant for each function, written by
// the declaring macro.
struct tn_type {
    const char *name;
    const char *file; // of the declaration; spawn sites are lines of this file
    unsigned line;
    enum tn_level level;
    unsigned argument_bytes;
    unsigned result_bytes; // 0 for void
    unsigned value_offset; // of the result in a task handle
    // Takes the arguments out of `payload`, calls the function, puts the result into `payload`.
    void (*invoke)(struct tn_self *self, void *payload);
    // Of a DFrame: what its arguments and its result look like (tenon/dframe.h); of others NULL.
    const struct tn_travel *travel;
};

// The most that the arguments of a task may need, or its result, to live in the task itself.
#define TN_PAYLOAD_BYTES 48

// A task: what is to be run, with its arguments, and later its result. Exactly one cache line.
struct tn_task {
    const struct tn_type *type;
    union {
        uint64_t info;    // state in bits 0 to 7 (0: not started), spawn line in 8 to 31: tasks.h
        bool is_in_place; // its first byte, for tn_task_enter alone
    };
    uint64_t payload[TN_PAYLOAD_BYTES / sizeof(uint64_t)];
} __attribute__((aligned(64)));

// Where a frame function runs: its stack. In scope as `self` in every frame function; valid only
// while that function runs, so never store it (tn_this gives a handle that may be stored).
struct tn_self {
    struct tn_task *top;     // next free task; written by the stack's owner only
    struct tn_task *limit;   // a spawn at or above takes the slow path; thieves may write NULL
    struct tn_task *bound;   // an await below takes the slow path; thieves may write the maximum
    int outcome;             // of the await that took the slow path last
    uint32_t thread;         // the number of the thread that runs it: src/sync/turn.h
    struct tn_task *spawned; // what tn_spawn_slow has returned last, where tn_spawn_aside is used
};

// Instead of such a number: a thread that is in no run; and, of an object, that several use it.
#define TN_NO_THREAD_ (UINT32_MAX - 2)
#define TN_SHARED_ UINT32_MAX

// The untyped part of a task handle.
struct tn_handle {
    struct tn_task *task; // NULL when the result has been taken into the handle
    int outcome;          // when `task` is NULL: TN_OK or why there is no result
};

#if defined(__clang__) && defined(__x86_64__)
#define TN_BY_CLANG_ // which makes shorter code of other ways to say the same
#endif

#define TN_INLINE_ static inline __attribute__((always_inline, unused))
// Calls of these are what compilers take for unlikely, without a hint at each condition.
#define TN_COLD_ __attribute__((cold, noinline, unused))

// Slow half of a spawn: makes the newest task of the stack, just pushed, stealable, or gives it a
// frame and takes it off. Returns where the child's task is now; NULL when there is no memory: the
// run fails.
TN_PUBLIC TN_COLD_ struct tn_task *tn_spawn_slow(struct tn_self *self);

// For clang, a call that keeps all registers; or else it puts parameters into such as must be saved
// before a function's first line, and half of the calls of a recursion are leaves. (gcc saves them
// where that is needed.) A result would be in a register: it is in `self`.
#ifdef TN_BY_CLANG_
TN_COLD_ static __attribute__((preserve_most)) void tn_spawn_kept(struct tn_self *self) {
    self->spawned = tn_spawn_slow(self);
}
#endif

// What the inline half calls for tn_spawn_slow, and returns what that does.
TN_INLINE_ struct tn_task *tn_spawn_aside(struct tn_self *self) {
#ifdef TN_BY_CLANG_
    tn_spawn_kept(self);
    return self->spawned;
#else
    return tn_spawn_slow(self);
#endif
}

// Spawns a child that has a frame from the beginning: a plain Frame, or one whose arguments or
// result do not fit a task. `arguments` points to type->argument_bytes bytes. Returns the same.
TN_PUBLIC struct tn_task *tn_spawn_type(struct tn_self *self, const struct tn_type *type,
                                        unsigned line, const void *arguments);

// Slow half of an await: runs the task here, or waits for it; or, when it has just been called here
// and has left something behind, children or a frame of its own, ends it. Stores
// type->result_bytes at `result` (zeros unless the outcome is TN_OK; nothing if it is TN_CANCELLED;
// the result of a call that was made stays) and returns the outcome. The task is gone afterwards.
TN_PUBLIC int tn_await_slow(struct tn_self *self, struct tn_task *task, void *result);

// The words that thieves read or write beside the owner: ordinary moves that the compiler neither
// drops nor doubles. The orderings that make stealing right are in the slow halves. Volatile, not
// atomic, because gcc's inliner takes an atomic for a call and then inlines less of a recursion.
// (ThreadSanitizer wants to see atomics; gcc and clang tell in two ways that it is used. Tenon's
// model tests define the two themselves.)
#ifdef __SANITIZE_THREAD__
#define TN_SANITIZES_THREADS 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TN_SANITIZES_THREADS 1
#endif
#endif
#ifndef TN_LOAD_
#ifdef TN_SANITIZES_THREADS
#define TN_LOAD_(at) __atomic_load_n(&(at), __ATOMIC_RELAXED)
#define TN_STORE_(at, value) __atomic_store_n(&(at), (value), __ATOMIC_RELAXED)
#else
#define TN_LOAD_(at) (*(volatile __typeof__(at) *)&(at))
#define TN_STORE_(at, value) ((void)(*(volatile __typeof__(at) *)&(at) = (value)))
#ifdef TN_BY_CLANG_
// To look at a word that is only compared, after TN_RENEW_: that says, without an instruction, that
// the word may have changed. clang needs two instructions to compare with a volatile word.
#define TN_RENEW_(at) __asm__ volatile("" : "=m"(at))
#define TN_LOOK_(at) (at)
#endif
#endif
// Changes the state of a task that is new and that nobody else can see, and leaves the spawn line.
// A bool, because a store through a character type may change anything, as far as gcc knows, and
// all of `self` would be loaded again.
#define TN_MARK_IN_PLACE_(task) TN_STORE_((task)->is_in_place, true)
// acquire, release: as in tn_mutex_enter_, pairs with tn_mutex_leave_.
#define TN_LOAD_ACQUIRE_(at) __atomic_load_n(&(at), __ATOMIC_ACQUIRE)
#define TN_STORE_RELEASE_(at, value) __atomic_store_n(&(at), (value), __ATOMIC_RELEASE)
// acquire: pairs with tn_mutex_unlock.
#define TN_CHANGE_ACQUIRE_(at, expected, value)                                                    \
    __atomic_compare_exchange_n(&(at), &(expected), (value), false, __ATOMIC_ACQUIRE,              \
                                __ATOMIC_RELAXED)
// release: pairs with tn_mutex_try.
#define TN_CHANGE_RELEASE_(at, expected, value)                                                    \
    __atomic_compare_exchange_n(&(at), &(expected), (value), false, __ATOMIC_RELEASE,              \
                                __ATOMIC_RELAXED)
#endif
#ifndef TN_LOOK_
#define TN_RENEW_(at) ((void)0)
#define TN_LOOK_(at) TN_LOAD_(at)
#endif

// The conditions of tn_task_enter and tn_task_leave; what has been entered lies below `top`. For
// clang they differ, or it would keep `task + 1` in one more register across the call.
#ifdef TN_BY_CLANG_
#define TN_MAY_CALL_(self, task) ((task) >= TN_LOOK_((self)->bound) && (task) + 1 == (self)->top)
#define TN_MAY_LEAVE_(self, task) ((char *)(self)->top < (char *)(task) + (sizeof *(task) + 1))
#else
#define TN_MAY_CALL_(self, task) ((task) == (self)->top - 1 && (task) >= TN_LOOK_((self)->bound))
#define TN_MAY_LEAVE_(self, task) ((task) == (self)->top - 1)
#endif

// How a static frame function asks that its recursion be inlined. Not with AddressSanitizer, which
// gives the variables of each inlined level room of their own.
#ifdef __SANITIZE_ADDRESS__
#define TN_INLINE_RECURSION_
#else
#define TN_INLINE_RECURSION_ inline
#endif

// No instruction: clang forgets what it knows about `pointer`, gcc does not.
#ifdef __clang__
#define TN_HIDE_(pointer) __asm__("" : "+r"(pointer))
#else
#define TN_HIDE_(pointer) ((void)0)
#endif

// Returns what a handle holds when its task is gone: NULL, but compilers shall not know, or they
// warn about the code for a task where a handle is awaited twice.
TN_INLINE_ struct tn_task *tn_task_none(void) {
    struct tn_task *none = NULL;
    __asm__("" : "+r"(none));
    return none;
}

// Puts a task on the stack and returns it; there is always room for one more. The caller goes on
// with tn_spawn_aside unless tn_task_may_stay.
TN_INLINE_ struct tn_task *tn_task_push(struct tn_self *self, const struct tn_type *type,
                                        unsigned line, const void *arguments, size_t bytes) {
    struct tn_task *task = self->top;
    __builtin_memcpy(task->payload, arguments, bytes);
    TN_STORE_(task->info, (uint64_t)line << 8);
    task->type = type;
    struct tn_task *above = task + 1;
    TN_RENEW_(self->limit); // before `top` is written, or clang would not know that any more
    self->top = above;
    // `top` is this plus one; clang would keep both in registers across the calls that follow.
    TN_HIDE_(task);
    return task;
}

// Returns true when nothing calls for the slow path with the task that was pushed last.
TN_INLINE_ bool tn_task_may_stay(struct tn_self *self, struct tn_task *task) {
    return task < TN_LOOK_(self->limit);
}

// Returns true when `task` is the newest one of this stack and no thief can see it: then it may be
// called. The state says from now on that it runs in place, so that its children can tell their
// parent.
TN_INLINE_ bool tn_task_enter(struct tn_self *self, struct tn_task *task) {
    TN_RENEW_(self->bound);
    if (TN_MAY_CALL_(self, task)) {
        TN_MARK_IN_PLACE_(task);
        return true;
    }
    return false;
}

// After the call: takes the task off the stack. Returns false when the frame left children behind,
// or became more than a task: only then is anything above it, and tn_await_slow has to end it.
TN_INLINE_ bool tn_task_leave(struct tn_self *self, struct tn_task *task) {
    if (TN_MAY_LEAVE_(self, task)) {
        self->top = task;
        return true;
    }
    return false;
}

#ifdef __cplusplus
}
#endif

#endif
