// os.h - the contract with the system: all that Tenon asks of an operating system.
//
// Two implementations stand behind these names and are swapped when the library is linked:
// os/linux (the real one) and os/sim (virtual time, threads as contexts, every choice from one
// seed). src/os/os_test.c holds both to this text. In checking builds the n-th call fails on
// demand: os/fault.h.
//
// Invariant: errno never leaves this layer. What can fail returns 0 or a negative OS_ code; what
// returns a pointer returns NULL for lack of memory; what returns void cannot fail.
// Every function may be called from any thread, on any stack, unless it says otherwise.
// Start reading at the part you need: time, threads, waiting, memory, the machine, the process.
// Descriptors and signals are in os/file.h, other programs in os/child.h.
#ifndef TENON_OS_OS_H
#define TENON_OS_OS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Codes are negative errno values, so that they print with any table of them. Functions may return
// others of the kind than those named here; only these are told apart.
enum os_code {
    OS_OK = 0,
    OS_TIMED_OUT = -ETIMEDOUT,
    OS_NO_MEMORY = -ENOMEM,
    OS_AGAIN = -EAGAIN,
    OS_INVALID = -EINVAL,
    OS_DENIED = -EPERM,
    OS_UNSUPPORTED = -ENOSYS,
    OS_NOT_FOUND = -ENOENT,
};

#define OS_MUST_USE __attribute__((warn_unused_result))

// ---- time ------------------------------------------------------------------------------------

// A deadline that never comes.
#define OS_NEVER UINT64_MAX

// Nanoseconds of a clock that never goes back and does not count from any date. All deadlines are
// points of this clock. About 20 ns. In os/sim it is virtual.
uint64_t os_now_ns(void);

// A counter that is read in less than half of that time, for how long short things take; and so
// many of its ticks in nanoseconds, within some percent. The first call of os_ticks_to_ns in a
// process measures that, for 20 us. On another processor it may be a little behind. Where there is
// none it is the clock, as in os/sim.
uint64_t os_ticks(void);
uint64_t os_ticks_to_ns(uint64_t ticks);

// Blocks the calling OS thread for `duration_ns` or a little longer.
void os_thread_sleep(uint64_t duration_ns);

// CPU time used so far by the calling thread, and by the whole process.
uint64_t os_thread_cpu_ns(void);
uint64_t os_process_cpu_ns(void);

// ---- threads ---------------------------------------------------------------------------------

// A thread in the caller's memory, which must stay in place until os_thread_join returned. The
// fields belong to the implementation.
struct os_thread {
    uintptr_t handle;
    void (*entry)(void *argument);
    void *argument;
    const char *name;
};

// Starts a thread that calls entry(argument) and ends when that returns. `name` is shown by
// debuggers, cut to 15 bytes, and must live as long as the thread. The new thread blocks the
// signals that are sent to a process as a whole (they stay with the threads of the program) and
// keeps open those a fault raises. What the caller wrote before is visible to the thread, and what
// the thread wrote is visible after join. Fails with OS_AGAIN or OS_NO_MEMORY.
OS_MUST_USE int os_thread_start(struct os_thread *thread, void (*entry)(void *argument),
                                void *argument, const char *name);

// Waits for the thread's end. Exactly once per started thread, never by the thread itself.
void os_thread_join(struct os_thread *thread);

// One pointer per thread, NULL at first. A call, never inlined and never remembered by the
// compiler: after a stack switch the code may run on another thread, where it must be read anew.
// 1 to 2 ns.
void *os_thread_local(void);
void os_thread_local_set(void *value);

// Something that a thread keeps until it ends: then drop(keepsake) is called. Setting another, or
// NULL, does not drop the former. A thread that ends together with the process drops nothing. By
// code that runs on the thread's own stack.
struct os_keepsake {
    void (*drop)(struct os_keepsake *keepsake);
};

struct os_keepsake *os_thread_kept(void);
void os_thread_keep(struct os_keepsake *keepsake);

// A number that no other living thread of the process has. Never 0.
uint64_t os_thread_id(void);

// How many threads the process has, all that the system knows of; 0: it does not tell. Takes
// microseconds.
int os_thread_count(void);

// Lets another thread run, if the system has one ready.
void os_thread_yield(void);

// What gets a thread out of blocking system calls: a signal (SIGURG, without SA_RESTART), sent to
// it again and again at growing intervals, 1 ms at first, 100 ms at last. A handler that the
// program had installed is called for signals that are not ours. The fields belong to the
// implementation.
struct os_interrupt {
    uintptr_t timer;
    uint64_t interval_ns;
    bool was_blocked;
};

// For the calling thread: signals from start_ns on (OS_NEVER: when raised). OS_AGAIN when the
// system has no more timers; OS_UNSUPPORTED in os/sim.
OS_MUST_USE int os_interrupt_init(struct os_interrupt *interrupt, uint64_t start_ns);

// The signals begin now. From any thread, between init and deinit.
void os_interrupt_raise(struct os_interrupt *interrupt);

// No signal comes any more. By the thread that called init.
void os_interrupt_deinit(struct os_interrupt *interrupt);

// What looks after a thread that computes: `look` is called again and again, each time the thread
// has used another interval of CPU time (in os/sim: of virtual time; Linux adds up to 4 ms). On the
// thread itself, in the midst of whatever it does, from a signal handler (SIGVTALRM, on the
// thread's signal stack): so it may use atomics, the functions of this header that say so, and
// nothing that locks or allocates. A thread that waits uses no CPU time and is left alone; a system
// call that is about to wait is restarted, where the system can. A handler that the program had
// installed is called for signals that are not ours. The fields belong to the implementation.
struct os_watch {
    uintptr_t timer;
    uint64_t interval_ns;
    // `registers`: where the thread was, for os_backtrace.
    void (*look)(struct os_watch *watch, const void *registers);
    bool was_blocked;
};

// Begins to look after the calling thread; one at a time. OS_AGAIN or OS_UNSUPPORTED when the
// system has no timer for that.
OS_MUST_USE int os_watch_init(struct os_watch *watch, uint64_t interval_ns,
                              void (*look)(struct os_watch *watch, const void *registers));

// Nobody looks any more. By the thread that called init.
void os_watch_deinit(struct os_watch *watch);

// Inside of `look`: the addresses of the code that runs, innermost first, then those that it was
// called from; how many, at most `max`. 0 where the system cannot tell.
size_t os_backtrace(const void *registers, void **addresses, size_t max);

// Writes where an address lies, as in "spin+0x1d (program+0x1234)", cut to `bytes`, closing zero
// included: a function that the program exports, its file, the offset that addr2line wants.
void os_describe_address(const void *address, char *text, size_t bytes);

// ---- waiting ---------------------------------------------------------------------------------

// Waits while *word == expected until somebody calls os_wake_word on it or the deadline passes.
// Returns 0 when woken, when the word differed already, or for no reason at all (so callers look
// again in a loop); OS_TIMED_OUT when the deadline passed. Looking at the word and going to sleep
// are one step against os_wake_word: a wake after a change of the word is never lost. Orders
// nothing by itself: use orderings on the word.
int os_wait_word(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns);

// Each other thread of the process passes a full memory barrier before this returns, wherever it is
// in its program. So one side of a protocol that needs a barrier on both can do without, if it is
// the frequent one (turn.h). 0.3 us; several when other threads run. Where the system has no call
// for it, a millisecond: no processor holds a store back for so long.
void os_barrier_all(void);

// Wakes up to `count` threads that wait on `word` (INT_MAX: all). The memory of the word may be
// gone already: the address is only compared.
void os_wake_word(_Atomic uint32_t *word, int count);

// A lock between threads, for slow paths only: one word, spins for a moment and then sleeps. Not
// recursive, not fair. A frame must not suspend while it holds one.
struct os_lock {
    _Atomic uint32_t word;
};

#define OS_LOCK_INIT                                                                               \
    { 0 }

static inline void os_lock_init(struct os_lock *lock) {
    *lock = (struct os_lock)OS_LOCK_INIT;
}

void os_lock_acquire(struct os_lock *lock);
OS_MUST_USE bool os_lock_try(struct os_lock *lock); // True when the lock is now the caller's.
void os_lock_release(struct os_lock *lock);

// ---- memory ----------------------------------------------------------------------------------

// Heap memory, not zeroed; NULL when there is none. bytes must not be 0. alignment is a power of
// two. os_free takes what either gave, or NULL.
OS_MUST_USE void *os_allocate(size_t bytes);
OS_MUST_USE void *os_allocate_aligned(size_t bytes, size_t alignment);
void os_free(void *memory);

// Bytes of a page; a power of two; the same for the whole run.
size_t os_page_bytes(void);

// Reserves zeroed memory for stacks, a whole number of pages, which becomes resident page by page
// as it is touched and never as huge pages. NULL when the address space or a limit is exhausted.
// os_unmap gives back the whole of one os_map, guards included.
OS_MUST_USE void *os_map(size_t bytes);
void os_unmap(void *at, size_t bytes);

// Makes whole pages inside a mapping fault on every access, for good (until os_unmap). Guards cost
// no mapping each where the kernel knows guard markers; otherwise each costs two, and OS_NO_MEMORY
// means that the limit on them (vm.max_map_count) is reached: then also malloc is about to fail.
OS_MUST_USE int os_guard(void *at, size_t bytes);

// The same in `count` places, `stride` bytes apart, with one call for many where the system can.
OS_MUST_USE int os_guard_each(void *at, size_t bytes, size_t stride, size_t count);

// Makes whole pages resident in such places, ahead of their use and cheaper than a fault for each.
// Nothing happens where the system cannot.
void os_touch_each(void *at, size_t bytes, size_t stride, size_t count);

// True when guards are markers, proved by one real fault at the first call; false when os_guard
// falls back to protecting pages. TENON_GUARD=mprotect forces the latter.
bool os_guard_is_verified(void);

// Gives the pages of a range back to the system; what they held is lost and they read as zero the
// next time, except in locked memory (mlockall), where they keep what they held. Guards stay.
void os_discard(void *at, size_t bytes);

// How many bytes from `at` upward, in whole pages, were never touched since the memory was mapped
// or discarded; at most `bytes`. Takes microseconds. 0 where the system does not tell.
size_t os_untouched_bytes(const void *at, size_t bytes);

// ---- the machine and the process -------------------------------------------------------------

// How many CPUs this process may really use, at least 1: the smaller of its affinity mask and the
// CPU quota of its cgroup and of every cgroup above, rounded up.
int os_usable_cpus(void);

// Fills memory with unpredictable bytes (in os/sim: predictable from the seed). Cannot fail.
void os_random(void *memory, size_t bytes);

// The value of an environment variable or NULL. Valid until the program changes its environment.
const char *os_environment(const char *name);

// Writes all of `text` to standard error with no buffer and no allocation; callable in a signal
// handler. Errors are ignored: there is nowhere to report them.
void os_write_error(const char *text);

#endif
