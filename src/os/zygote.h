// zygote.h - the contract with the system, fifth part: more processes of this program.
//
// A process with threads cannot be copied: their locks would be copied held. So this program is
// started once more, as its *zygote*, which is caught before main (os_zygote_caught), has one
// thread, and nothing of what the program has grown to since. Copies of that are cheap, and never
// know the difference between each other.
//
//        owner ----os_zygote_start----> zygote ----os_zygote_fork----> process, process, ...
//
// A process ends with the zygote (the system kills it), and the zygote hears when the owner ends.
// os/sim has no other processes.
//
// Invariant: neither the zygote nor a process ever runs main.
// Start reading at os_zygote_start.
#ifndef TENON_OS_ZYGOTE_H
#define TENON_OS_ZYGOTE_H

#include "os/child.h"

// Starts this program as a zygote that has the other end of a post (os/share.h) as its input; takes
// about a millisecond. It belongs to the same session and process group; signals whose handlers are
// the program's do what the system does by default. It is the file this program was started from
// also when that has been replaced since, as long as there is a /proc; without it, the file with
// the name that was started, if it is this program still. Fails as os_child_start. Let go of it by
// os_child_release when os_child_has_ended says so.
OS_MUST_USE int os_zygote_start(struct os_child *zygote, int post);

// Who was caught.
struct os_zygote {
    int post;  // this end
    int owner; // a descriptor that is ready to read when the owner has ended
};

// True when this process was started by os_zygote_start, once: its input is then empty, the
// environment says nothing of it any more, and it ends for good by os_process_exit. When a terminal
// or the system ends a whole group of processes (SIGINT, SIGQUIT, SIGHUP, SIGTERM), it and its
// copies do nothing by themselves: that is for the owner to decide. If the owner has ended already,
// it does not return. By a process of one thread.
bool os_zygote_caught(struct os_zygote *zygote);

// In the zygote: a copy of it. 1 in the copy, which is killed when the zygote ends. 0 in the
// zygote: *process, to be reaped by os_process_reap. Or a negative code: OS_AGAIN, OS_NO_MEMORY,
// OS_UNSUPPORTED.
OS_MUST_USE int os_zygote_fork(struct os_child *process);

// True once it has ended: *end, and its number may become another's.
bool os_process_reap(struct os_child *process, struct os_child_end *end);

// Of the process of this handle, os_child.handle, wherever it has been sent to: kills it; true once
// nothing of it runs any more.
void os_process_kill(int handle);
bool os_process_has_ended(int handle);

// Ends this process: what was written to streams is flushed, nothing else of the program runs.
_Noreturn void os_process_exit(int code);

// The number of this process.
int os_process_number(void);

// How many processes the system has killed for lack of memory, in the cgroup of this process where
// that tells, else in all; 0 where neither does. Takes some ten microseconds.
uint64_t os_memory_kills(void);

#endif
