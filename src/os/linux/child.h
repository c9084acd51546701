// child.h - the parts of starting and killing children. Private to src/os/linux.
#ifndef TENON_OS_LINUX_CHILD_H
#define TENON_OS_LINUX_CHILD_H

#include <signal.h>

#include "os/child.h"

// The signals with which a terminal or the system ends a whole group of processes.
void child_add_group_signals(sigset_t *set);

// A cgroup for the child, made in that of this process: child->cgroup and its name. -1: not
// allowed, or TENON_CGROUP=off.
void child_cgroup_make(struct os_child *child);

// Removes it once it is empty.
void child_cgroup_remove(struct os_child *child);

// Kills everything in it. True when it is empty.
bool child_cgroup_kill(const struct os_child *child);

// Kills everything that belongs to the child's tree by its session, its parent or its mark. True
// when nothing alive was found, apart from processes that have ended.
bool child_tree_kill(const struct os_child *child);

#endif
