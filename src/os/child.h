// child.h - the contract with the system, third part: other programs, started and ended whole.
//
// A child is the program that was started together with everything that this starts: its tree. It
// has a session of its own. Where this process may make a cgroup, the tree lives in one and nothing
// leaves it; elsewhere it is found again by its session, by who is whose parent, and by a mark in
// the environment that programs hand on; and while the program itself lives it is the parent of all
// whose own has gone. (What has left its session and cleaned its environment, and outlives who
// started it and the program as well, is not found.) os/sim has no children.
//
// Invariant: nothing but calls that are safe after a fork runs between the start and the new
// program, on memory of this process, whose calling thread waits meanwhile (vfork). The number of
// a child stays its own until os_child_release.
// Start reading at os_child_start.
#ifndef TENON_OS_CHILD_H
#define TENON_OS_CHILD_H

#include "os/os.h"

enum os_child_standard { OS_INHERIT = -1, OS_NOTHING = -2 };

struct os_child_plan {
    const char *const *arguments;   // up to a NULL; the first is the program, looked for in PATH
                                    // unless it has a slash in it
    const char *const *environment; // "NAME=value" up to a NULL; NULL: that of this process
    const char *folder;             // where it starts; NULL: here
    int standard[3];     // input, output, errors: a descriptor, or enum os_child_standard
    const char *program; // the file that is executed; NULL: the first of the arguments
    bool is_part; // of this program: it stays in the session, has no tree of its own that could be
                  // killed with it, does not end with the thread that started it, and begins with
                  // SIGINT, SIGQUIT, SIGHUP and SIGTERM blocked
};

struct os_child {
    int number;           // of the process
    int handle;           // a descriptor that is ready to read when the program has ended
    int cgroup;           // the folder of its cgroup; -1: it has none
    char mark[20];        // in the environment of its tree
    char cgroup_name[40]; // in the cgroup of this process
};

struct os_child_end {
    int code;   // what it returned; -1: a signal ended it
    int signal; // 0: none
};

// Starts a program; takes about a millisecond. It sees its three standard descriptors and no other,
// blocks no signal, and is killed if this process dies. Fails with OS_NOT_FOUND, -EACCES, OS_AGAIN
// when the system allows no more processes, OS_NO_MEMORY, -EMFILE, -E2BIG, -ENOEXEC, and others; in
// os/sim with OS_UNSUPPORTED. Then nothing was started.
OS_MUST_USE int os_child_start(struct os_child *child, const struct os_child_plan *plan);

// Sends a signal to the program itself. OS_OK, or -ESRCH when it has ended.
int os_child_signal(const struct os_child *child, int number);

// True once the program has ended, whatever else of its tree lives on: *end.
bool os_child_has_ended(const struct os_child *child, struct os_child_end *end);

// Kills all of the tree that can be found (of a part of this program, only the process). True when
// nothing of it is alive any more. Until then call it again: what is killed takes a moment to go.
bool os_child_kill(const struct os_child *child);

// Lets go of a child whose tree is gone: its number may stand for another process from now on.
void os_child_release(struct os_child *child);

#endif
