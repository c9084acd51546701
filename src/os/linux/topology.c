// topology.c - how many CPUs this process may use.
//
// Invariant: os_usable_cpus() == max(1, min(CPUs in the affinity mask, quota of each cgroup above
// us)). The kernel enforces every ancestor's quota, so reading only the leaf is not enough.
// Start reading at topology_quota_cpus.
#include "os/linux/topology.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/os.h"

enum { PATH_BYTES = 4096, LINE_BYTES = 8192, CPUS_MAX = 1 << 16 };

// One mounted cgroup tree: files of the cgroup `path` lie in mount + (path without mount_root).
struct tree {
    bool is_unified; // Version 2.
    char mount_root[PATH_BYTES];
    char mount[PATH_BYTES];
    char path[PATH_BYTES];
};

static bool has_word(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)) != NULL; at += length) {
        bool starts = at == list || at[-1] == ',';
        bool ends = at[length] == '\0' || at[length] == ',' || at[length] == '\n';
        if (starts && ends) {
            return true;
        }
    }
    return false;
}

static FILE *open_under(const char *root, const char *directory, const char *name) {
    char full[3 * PATH_BYTES];
    int length = snprintf(full, sizeof full, "%s%s/%s", root, directory, name);
    return length > 0 && (size_t)length < sizeof full ? fopen(full, "re") : NULL;
}

// Finds our path in this version's hierarchy: a line is "number:controllers:path", and version 2
// is the one with neither.
static bool find_path(const char *root, struct tree *tree) {
    FILE *file = open_under(root, "/proc/self", "cgroup");
    if (file == NULL) {
        return false;
    }
    char line[LINE_BYTES];
    bool found = false;
    while (!found && fgets(line, sizeof line, file) != NULL) {
        char *controllers = strchr(line, ':');
        char *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        if (path == NULL) {
            continue;
        }
        *path++ = '\0';
        controllers++;
        path[strcspn(path, "\n")] = '\0';
        found = tree->is_unified ? *controllers == '\0' : has_word(controllers, "cpu");
        if (found) {
            snprintf(tree->path, sizeof tree->path, "%.*s", PATH_BYTES - 1, path);
        }
    }
    fclose(file);
    return found;
}

// A line of mountinfo: id parent device root mount options [optional...] - type source super.
static bool read_mount(char *line, struct tree *tree) {
    char *tail = strstr(line, " - ");
    if (tail == NULL) {
        return false;
    }
    *tail = '\0';
    char type[64];
    char options[1024];
    if (sscanf(tail + 3, "%63s %*s %1023s", type, options) != 2) {
        return false;
    }
    bool fits = tree->is_unified ? strcmp(type, "cgroup2") == 0
                                 : strcmp(type, "cgroup") == 0 && has_word(options, "cpu");
    return fits &&
           sscanf(line, "%*s %*s %*s %4095s %4095s", tree->mount_root, tree->mount) == 2;
}

static bool find_mount(const char *root, struct tree *tree) {
    FILE *file = open_under(root, "/proc/self", "mountinfo");
    if (file == NULL) {
        return false;
    }
    char line[LINE_BYTES];
    bool found = false;
    while (!found && fgets(line, sizeof line, file) != NULL) {
        found = read_mount(line, tree);
    }
    fclose(file);
    return found;
}

// Quota divided by period, rounded up; 0 when this directory sets no limit.
static int read_quota(const char *root, const char *directory, bool is_unified) {
    long long quota = -1;
    long long period = 0;
    FILE *file = open_under(root, directory, is_unified ? "cpu.max" : "cpu.cfs_quota_us");
    if (file == NULL) {
        return 0;
    }
    // Version 2 holds both, or "max PERIOD", which leaves quota at -1.
    int fields = fscanf(file, is_unified ? "%lld %lld" : "%lld", &quota, &period);
    fclose(file);
    if (!is_unified && fields == 1) {
        file = open_under(root, directory, "cpu.cfs_period_us");
        if (file == NULL) {
            return 0;
        }
        fields += fscanf(file, "%lld", &period) == 1 ? 1 : 0;
        fclose(file);
    }
    if (fields != 2 || quota <= 0 || period <= 0) {
        return 0;
    }
    long long cpus = quota / period + (quota % period != 0);
    return cpus > CPUS_MAX ? CPUS_MAX : (int)cpus;
}

static int smaller_limit(int one, int other) {
    return one == 0 || (other != 0 && other < one) ? other : one;
}

// From our cgroup up to the top of what is mounted.
static int quota_of_tree(const char *root, bool is_unified) {
    struct tree tree = {.is_unified = is_unified};
    if (!find_path(root, &tree) || !find_mount(root, &tree)) {
        return 0;
    }
    // Inside a container the mount may show only a part of the hierarchy: then our path begins
    // with the mount's root; if it does not, the mount itself is all we can see.
    const char *inside = "";
    size_t root_length = strcmp(tree.mount_root, "/") == 0 ? 0 : strlen(tree.mount_root);
    if (strncmp(tree.path, tree.mount_root, root_length) == 0) {
        inside = tree.path + root_length;
    }
    char directory[2 * PATH_BYTES];
    snprintf(directory, sizeof directory, "%s%s", tree.mount, inside);
    size_t top = strlen(tree.mount);
    int limit = 0;
    for (;;) {
        limit = smaller_limit(limit, read_quota(root, directory, is_unified));
        char *slash = strrchr(directory, '/');
        if (slash == NULL || (size_t)(slash - directory) < top) {
            return limit;
        }
        *slash = '\0';
    }
}

int topology_quota_cpus(const char *root) {
    return smaller_limit(quota_of_tree(root, true), quota_of_tree(root, false));
}

// The mask of the process may be wider than a fixed cpu_set_t: ask with growing ones.
static int count_affinity(void) {
    for (int cpus = CPU_SETSIZE; cpus <= CPUS_MAX; cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)cpus);
        if (set == NULL) {
            break;
        }
        size_t bytes = CPU_ALLOC_SIZE((size_t)cpus);
        int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (count > 0) {
            return count;
        }
    }
    return 1;
}

int os_usable_cpus(void) {
    int allowed = count_affinity();
    int quota = topology_quota_cpus("");
    return quota != 0 && quota < allowed ? quota : allowed;
}
