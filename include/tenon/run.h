// tenon/run.h - running a program of frames.
//
//     long answer;
//     int code = tn_run(fib, &answer, 40);
//     int code = tn_run_with(TN_RUN(.num_threads = 4), fib, &answer, 40);
//
// A run is one tree of frames from its root down. It starts the threads, runs root on the calling
// thread's turn, and returns when every frame is gone and every thread has been joined.
//
// The environment can cap the levels of a run, for looking for a fault. Whatever the options say,
//
//     TENON_LEVEL=pframe   no DFrame leaves this process
//     TENON_LEVEL=frame    nor are there other threads: all frames share the calling one
//     TENON_LEVEL=serial   and there PFrames and DFrames start when they are spawned, and run to
//                          their first wait before their creator goes on: like plain calls, in
//                          order, so that one can follow them in a debugger
//     TENON_LEVEL=dframe   all levels, as without it
//
// That changes no result, only who computes it. TN_THREAD(k) is then the calling thread for each k
// that there would be.
#ifndef TENON_RUN_H
#define TENON_RUN_H

#include <tenon/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_run_options {
    // Threads that run frames, the calling one included; at most 1024. 1: no other thread is ever
    // started. 0: as many as TENON_THREADS in the environment says, or as this process may use
    // (affinity mask, CPU quota of its cgroup and of those above), and then one more that works
    // while the calling thread's Frames are all waiting.
    //
    // With an explicit number and a plain Frame as root, the calling thread stays free for its
    // Frames and takes no PFrame while it waits, unless it is the only thread; the oldest waiting
    // PFrame goes to the idle thread with the lowest number. When root is a PFrame, every thread
    // works.
    int num_threads;

    // Other processes that DFrames may run in (tenon/dframe.h), at most 256; they start with the
    // first DFrame, and end with the run. 0: as many as TENON_PROCESSES in the environment says, or
    // none. Below 0: none, whatever that says. A run that has some has one thread more, which runs
    // no frames: it sends and listens. Where none can be started, the report is told why, and all
    // runs here.
    int num_processes;

    // Threads of each of them that run frames; not above 0: 1.
    int threads_per_process;

    // Bytes of a frame's stack, rounded up to 16 K, 64 K, 256 K, 1 M or 8 M; 0: 64 K. Address
    // space, not memory: pages become resident when they are touched. Frames awaited in place run
    // on their parent's stack.
    size_t stack_bytes;

    // Bytes of root's own stack; 0: 8 M.
    size_t root_stack_bytes;

    // Root's deadline (tenon/scope.h), from the start; not above 0: none.
    double seconds;

    // Seconds that a frame may take from its cancellation to its end, not counted what it waits for
    // its children to end; 0: 1 s. A frame that takes longer is reported, and once more when ten
    // times that have passed: its path, where it stands, since when; and its cleanup handlers must
    // not wait any more.
    double grace_seconds;

    // Seconds of CPU time that a frame may use without a wait, while its thread can run nothing
    // else; below 0: any number; 0: what the environment says (TENON_HOG_SECONDS, a number), else
    // 0.02 in builds of the library with assertions, and any number in others. A frame that takes
    // more is reported while it goes on: its path, where it was spawned, for how long, the code it
    // is in and where that was called from; and again each time ten times as much has passed. A
    // PFrame is reported only while something waits that no other thread can run: to compute is
    // what PFrames are for. It is a signal on the thread itself that looks (SIGVTALRM, four times
    // in those seconds of CPU time), no thread is started for it; not looked at is a thread that
    // is blocked in a system call. With a `report` the sentence comes when the frame has left its
    // thread, and on standard error as well if that takes ten times as long.
    double hog_seconds;

    // What a circle of frames that wait for each other does to the run while others go on
    // (Deadlock, below). False: it is told, and nothing else, as one of those others may remove one
    // of them yet. True: the run fails with TN_DEADLOCK.
    bool fails_on_deadlock;

    // Seconds in which nothing moves until the run is suspect of a deadlock that is not certain,
    // because somebody outside may end it yet (Deadlock, below); below 0: never; 0: what the
    // environment says (TENON_SUSPECT_SECONDS, a number), else never.
    double suspect_seconds;

    // Receives each sentence that the run has to say about the program: a frame that overstays its
    // grace, one that keeps its thread for itself, a deadlock, a programmer's error. From any
    // thread of the run, one call at a time; must not wait. NULL: "tenon: SENTENCE" on standard
    // error.
    void (*report)(const char *sentence, void *data);
    void *report_data;
};

// Options by name, everything else default.
#ifdef __cplusplus
#define TN_RUN(...) (tn_run_options_at(tn_run_options{__VA_ARGS__}))
#else
#define TN_RUN(...) (&(struct tn_run_options){__VA_ARGS__})
#endif

// Options from the command line of a program that has no other arguments, for whoever starts it to
// decide:
//
//     --threads N, --threads=N        num_threads, 1 to 1024
//     --processes N, --processes=N    num_processes, 0 (none) to 256
//
//     int main(int argc, char **argv) {
//         int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), root, NULL);
//         return code < 0 ? tn_complain(code) : 0;
//     }
//
// tn_run_arguments does it to options that hold something already, which stays where the command
// line says nothing, and returns `options`. `count` and `arguments` are those of main: the first is
// the program's name. An argument that is none of these, or has no such number, is told on standard
// error, and every run refuses `options` then: TN_OUT_OF_RANGE, for which tn_complain returns 2.
// From any thread.
#ifdef __cplusplus
#define TN_RUN_ARGUMENTS(count, arguments)                                                         \
    (tn_run_arguments_at(tn_run_options{}, (count), (arguments)))
#else
#define TN_RUN_ARGUMENTS(count, arguments)                                                         \
    (tn_run_arguments(&(struct tn_run_options){0}, (count), (arguments)))
#endif
TN_PUBLIC const struct tn_run_options *tn_run_arguments(struct tn_run_options *options, int count,
                                                        char *const *arguments);

// tn_run(name, answer, arguments...): runs the frame function `name` as root. `answer` points to a
// variable of its result type, which is set when the run returns TN_OK; NULL where the result is
// void or not wanted.
//
// Returns TN_OK; the code of the failure that nobody absorbed (tn_run_failures in tenon/failure.h
// has all of them); TN_CANCELLED when root was removed; TN_TIMED_OUT when its deadline passed;
// TN_DEADLOCK (below); TN_RUNNING when the calling thread is inside a run already; TN_OUT_OF_RANGE
// for bad options, or, after a sentence on standard error, when TENON_LEVEL, TENON_THREADS or
// another variable of the environment (docs/environment.md) says what it cannot; TN_NO_MEMORY or
// TN_NO_THREAD when the machine has not enough of either. Two threads may each have a run of their
// own; one thread may run again and again.
//
// Deadlock: when nothing has moved for 0.1 s, every frame waits for another (to unlock, to send, to
// end), no timer waits, nothing in the world is waited for, and the process has no thread that is
// not the run's, then nobody is left who could go on. The report is told what each frame waits for
// and who holds that, and the run fails with TN_DEADLOCK: the tree is removed in good order.
//
// When a thread of the program's own could still help, or what is waited for in the world, or an
// event, that is not known: a server that waits for requests looks the same. With suspect_seconds
// the report is told, after a rest of that length and once in each, what every frame waits for and
// who holds it, if one waits to be let on by another; nothing fails. While others go on it is told
// who has waited for a lock for that long whose holder waits for something that only a frame can
// bring about. So of a program that hangs: TENON_SUSPECT_SECONDS=1 ./program
//
// While others go on, frames that wait for each other in a circle are found as well: each for a
// mutex, a lock for readers and a writer, or a tn_once that the next one holds, or for the next
// one's end, or that of its children. They are looked for when somebody has waited for 0.15 s; the
// report is told, once, which frame waits where and for what, and who holds it. With
// fails_on_deadlock the run fails. Where a deadline ends one of the waits it is called suspect
// instead, and nothing fails. What a thread in no run holds or waits for is not known.
#define tn_run(name, ...) name##_tn_run(NULL, __VA_ARGS__)
#define tn_run_with(options, name, ...) name##_tn_run((options), __VA_ARGS__)

// The index of the current thread in its run: 0 for the thread that called tn_run, up to the number
// of threads less one; -1 outside of a run. In a PFrame it may change at every wait.
TN_PUBLIC int tn_thread_index(void);

// How many threads the current run has; 0 outside of a run.
TN_PUBLIC int tn_thread_count(void);

#ifdef __cplusplus
}

inline const tn_run_options *tn_run_options_at(const tn_run_options &options) {
    return &options;
}

inline const tn_run_options *tn_run_arguments_at(tn_run_options &&options, int count,
                                                 char *const *arguments) {
    return tn_run_arguments(&options, count, arguments);
}
#endif

#endif
