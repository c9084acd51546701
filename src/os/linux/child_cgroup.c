// child_cgroup.c - a cgroup for each child, where this process may make one: nothing leaves it, and
// one write kills everything in it (cgroup.kill, Linux 5.14).
//
// Invariant: child->cgroup is open exactly while the folder exists for this child.
// Start reading at child_cgroup_make.
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/linux/child.h"

static int own_folder = -1; // of this process's own cgroup in the unified hierarchy; -1: none

// Below one of the places where that hierarchy is mounted. Once: what it needs lies in static
// memory, because stacks of frames are small.
static void open_own(void) {
    static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    static char line[PATH_MAX];
    static char path[PATH_MAX + 40];
    const char *wanted = os_environment("TENON_CGROUP");
    FILE *file =
        wanted != NULL && strcmp(wanted, "off") == 0 ? NULL : fopen("/proc/self/cgroup", "re");
    while (file != NULL && own_folder < 0 && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        for (int i = 0; i < 2 && own_folder < 0 && strncmp(line, "0::", 3) == 0; i++) {
            (void)snprintf(path, sizeof path, "%s%s", mounts[i], line + 3);
            const int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
            if (folder >= 0 && faccessat(folder, "cgroup.procs", F_OK, 0) == 0) {
                own_folder = folder;
            } else if (folder >= 0) {
                (void)close(folder);
            }
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

static int own(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, open_own);
    return own_folder;
}

void child_cgroup_make(struct os_child *child) {
    static _Atomic unsigned made;
    child->cgroup = -1;
    if (own() < 0) {
        return;
    }
    (void)snprintf(child->cgroup_name, sizeof child->cgroup_name, "tenon-%d-%u", (int)getpid(),
                   atomic_fetch_add_explicit(&made, 1, memory_order_relaxed));
    if (mkdirat(own(), child->cgroup_name, 0755) == 0) {
        child->cgroup = openat(own(), child->cgroup_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (child->cgroup < 0 || faccessat(child->cgroup, "cgroup.kill", W_OK, 0) != 0) {
            child_cgroup_remove(child);
        }
    }
}

void child_cgroup_remove(struct os_child *child) {
    if (child->cgroup < 0) {
        return;
    }
    (void)close(child->cgroup);
    child->cgroup = -1;
    (void)unlinkat(own(), child->cgroup_name, AT_REMOVEDIR);
}

static bool is_empty(const struct os_child *child) {
    char text[256];
    const int events = openat(child->cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC);
    const ssize_t bytes = events < 0 ? -1 : read(events, text, sizeof text - 1);
    if (events >= 0) {
        (void)close(events);
    }
    if (bytes < 0) {
        return true;
    }
    text[bytes] = '\0';
    return strstr(text, "populated 0") != NULL;
}

bool child_cgroup_kill(const struct os_child *child) {
    if (is_empty(child)) {
        return true;
    }
    const int order = openat(child->cgroup, "cgroup.kill", O_WRONLY | O_CLOEXEC);
    if (order >= 0) {
        (void)!write(order, "1", 1);
        (void)close(order);
    }
    return is_empty(child);
}
