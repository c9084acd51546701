// topology.h - the CPU quota of this process's cgroups. Private to os/linux, for its test.
//
// Invariant: a limit that cannot be read is no limit: a container may show any half of these
// files. Start reading at topology_quota_cpus.
#ifndef TENON_OS_LINUX_TOPOLOGY_H
#define TENON_OS_LINUX_TOPOLOGY_H

// The smallest CPU quota, rounded up to whole CPUs, of the cgroup of this process and of all above
// it, version 2 and version 1; 0 when there is none. `root` is put before every path that is read
// ("" for the real system), so that a test can show a tree of its own.
int topology_quota_cpus(const char *root);

#endif
