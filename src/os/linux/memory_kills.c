// memory_kills.c - how many processes have been killed for lack of memory, as the kernel counts
// them: in the cgroup of this process (version 2: memory.events, version 1: memory.oom_control), or
// where it has none that tells, everywhere (/proc/vmstat).
//
// Invariant: what cannot be read counts as 0. Start reading at os_memory_kills.
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "os/zygote.h"

// The number behind "oom_kill " at the beginning of a line; false: there is no such line.
static bool read_count(const char *path, unsigned long long *count) {
    FILE *file = fopen(path, "re");
    char line[256];
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        found = sscanf(line, "oom_kill %llu", count) == 1;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}

static bool read_own(const char *mount, const char *path, const char *name,
                     unsigned long long *count) {
    char full[PATH_MAX + 64];
    const int length = snprintf(full, sizeof full, "%s%s/%s", mount, path, name);
    // In a container the path may be that of the host, and what is mounted is its end.
    return (length > 0 && (size_t)length < sizeof full && read_count(full, count)) ||
           (snprintf(full, sizeof full, "%s/%s", mount, name) > 0 && read_count(full, count));
}

uint64_t os_memory_kills(void) {
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[PATH_MAX];
    unsigned long long count = 0;
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        const char *controllers = strchr(line, ':');
        const char *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        if (path != NULL && strncmp(controllers, "::", 2) == 0) {
            found = read_own("/sys/fs/cgroup", path + 1, "memory.events", &count);
        } else if (path != NULL && strncmp(controllers, ":memory:", 8) == 0) {
            found = read_own("/sys/fs/cgroup/memory", path + 1, "memory.oom_control", &count);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    if (!found) {
        (void)read_count("/proc/vmstat", &count);
    }
    return count;
}
