// topology_test.c - the CPU quota read from trees of files made for the purpose.
//
// Invariant: each test makes the whole tree it reads, under a fresh directory.
#include "os/linux/topology.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/test.h"

static char root[64];

static void make_root(void) {
    snprintf(root, sizeof root, "/tmp/tenon-topology-XXXXXX");
    EXPECT(mkdtemp(root) != NULL);
}

static void remove_root(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", root);
    EXPECT_EQ(system(command), 0);
}

// Writes a file of the tree, making its directories.
static void write_file(const char *path, const char *text) {
    char full[512];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *at = full + strlen(root) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        mkdir(full, 0755);
        *at = '/';
    }
    FILE *file = fopen(full, "w");
    EXPECT(file != NULL);
    fputs(text, file);
    fclose(file);
}

static const char unified_mount[] =
    "22 1 0:20 / /proc rw,nosuid - proc proc rw\n"
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

static void make_unified(const char *path) {
    char line[256];
    make_root();
    write_file("/proc/self/mountinfo", unified_mount);
    snprintf(line, sizeof line, "0::%s\n", path);
    write_file("/proc/self/cgroup", line);
}

TEST(a_quota_of_the_own_cgroup_is_rounded_up) {
    make_unified("/app");
    write_file("/sys/fs/cgroup/app/cpu.max", "250000 100000\n");
    EXPECT_EQ(topology_quota_cpus(root), 3);
    write_file("/sys/fs/cgroup/app/cpu.max", "200000 100000\n");
    EXPECT_EQ(topology_quota_cpus(root), 2);
    write_file("/sys/fs/cgroup/app/cpu.max", "10000 100000\n");
    EXPECT_EQ(topology_quota_cpus(root), 1);
    remove_root();
}

TEST(the_tightest_ancestor_decides) {
    make_unified("/outer/middle/inner");
    write_file("/sys/fs/cgroup/outer/cpu.max", "600000 100000\n");
    write_file("/sys/fs/cgroup/outer/middle/cpu.max", "150000 100000\n");
    write_file("/sys/fs/cgroup/outer/middle/inner/cpu.max", "800000 100000\n");
    EXPECT_EQ(topology_quota_cpus(root), 2);
    write_file("/sys/fs/cgroup/outer/cpu.max", "100000 100000\n");
    EXPECT_EQ(topology_quota_cpus(root), 1);
    remove_root();
}

TEST(max_is_no_limit) {
    make_unified("/app");
    write_file("/sys/fs/cgroup/app/cpu.max", "max 100000\n");
    EXPECT_EQ(topology_quota_cpus(root), 0);
    remove_root();
}

TEST(a_quota_on_the_mount_itself_counts) {
    // Inside a container with a namespace of its own our path is "/".
    make_unified("/");
    write_file("/sys/fs/cgroup/cpu.max", "400000 100000\n");
    EXPECT_EQ(topology_quota_cpus(root), 4);
    remove_root();
}

TEST(a_mount_that_shows_a_part_of_the_hierarchy_is_entered_there) {
    make_root();
    write_file("/proc/self/cgroup", "0::/machine/box/app\n");
    write_file("/proc/self/mountinfo",
               "30 23 0:26 /machine/box /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    write_file("/sys/fs/cgroup/app/cpu.max", "max 100000\n");
    write_file("/sys/fs/cgroup/cpu.max", "300000 100000\n");
    EXPECT_EQ(topology_quota_cpus(root), 3);
    remove_root();
}

TEST(version_one_with_a_tighter_ancestor_is_understood) {
    make_root();
    write_file("/proc/self/cgroup", "5:memory:/other\n4:cpu,cpuacct:/outer/inner\n"
                                    "1:name=systemd:/x\n");
    write_file("/proc/self/mountinfo",
               "31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
               "32 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n");
    write_file("/sys/fs/cgroup/cpu,cpuacct/outer/inner/cpu.cfs_quota_us", "-1\n");
    write_file("/sys/fs/cgroup/cpu,cpuacct/outer/inner/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(topology_quota_cpus(root), 0);
    write_file("/sys/fs/cgroup/cpu,cpuacct/outer/cpu.cfs_quota_us", "120000\n");
    write_file("/sys/fs/cgroup/cpu,cpuacct/outer/cpu.cfs_period_us", "50000\n");
    EXPECT_EQ(topology_quota_cpus(root), 3);
    remove_root();
}

TEST(a_controller_whose_name_only_begins_alike_is_not_taken) {
    make_root();
    write_file("/proc/self/cgroup", "4:cpuset:/app\n");
    write_file("/proc/self/mountinfo",
               "32 23 0:28 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n");
    write_file("/sys/fs/cgroup/cpuset/app/cpu.cfs_quota_us", "100000\n");
    write_file("/sys/fs/cgroup/cpuset/app/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(topology_quota_cpus(root), 0);
    remove_root();
}

TEST(missing_and_garbled_files_are_no_limit) {
    make_root();
    EXPECT_EQ(topology_quota_cpus(root), 0);
    write_file("/proc/self/cgroup", "rubbish\n0:\n::\n0::/app\n");
    write_file("/proc/self/mountinfo", "rubbish - \n\n");
    EXPECT_EQ(topology_quota_cpus(root), 0);
    write_file("/proc/self/mountinfo", unified_mount);
    write_file("/sys/fs/cgroup/app/cpu.max", "no numbers\n");
    EXPECT_EQ(topology_quota_cpus(root), 0);
    write_file("/sys/fs/cgroup/app/cpu.max", "100000 0\n");
    EXPECT_EQ(topology_quota_cpus(root), 0);
    remove_root();
}
