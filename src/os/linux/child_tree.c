// child_tree.c - finding and killing a tree of processes where there is no cgroup: one look through
// /proc, as often as it takes until nothing is found.
//
// A process belongs to the tree when its session is that of the child or of another member, when a
// member is its parent, or when its environment has the child's mark. The program is the subreaper
// of its tree (child.c): while it lives, who loses its parent becomes its child. So it goes last,
// when there is nobody else. Invariant: what is killed is what was looked at: its start time is
// compared after its descriptor is open. Start reading at child_tree_kill.
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/linux/child.h"

// A process has no environment for a moment while another program takes its place: so often is it
// looked at again.
enum { ENVIRONMENT_BYTES = 1 << 17, LOOKS_MAX = 100 };

struct entry {
    int number;
    int parent;
    int session;
    char state;
    unsigned long long started;
    bool is_member;
};

struct table {
    struct entry *entries;
    size_t count;
    size_t room;
    char *environment; // of one process at a time
};

static ptrdiff_t read_file(int number, const char *name, char *text, size_t bytes) {
    char path[48];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", number, name);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return -1;
    }
    size_t got = 0;
    ssize_t count;
    while (got < bytes && (count = read(file, text + got, bytes - got)) > 0) {
        got += (size_t)count;
    }
    (void)close(file);
    return (ptrdiff_t)got;
}

// False when there is no such process any more.
static bool look_at(int number, struct entry *entry) {
    char text[1024];
    const ptrdiff_t bytes = read_file(number, "stat", text, sizeof text - 1);
    if (bytes <= 0) {
        return false;
    }
    text[bytes] = '\0';
    const char *after_name = strrchr(text, ')'); // a name may hold anything, brackets too
    *entry = (struct entry){.number = number};
    return after_name != NULL &&
           sscanf(after_name + 1,
                  " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                  &entry->state, &entry->parent, &entry->session, &entry->started) == 4;
}

static bool has_mark(struct table *table, const struct entry *entry, const char *mark) {
    const bool may_come = entry->session != 0 && entry->state != 'Z'; // the kernel's threads have 0
    ptrdiff_t bytes = 0;
    for (int i = 0; bytes == 0 && i < (may_come ? LOOKS_MAX : 1); i++) {
        if (i > 0) {
            (void)sched_yield();
        }
        bytes = read_file(entry->number, "environ", table->environment, ENVIRONMENT_BYTES);
    }
    return bytes > 0 && memmem(table->environment, (size_t)bytes, mark, strlen(mark)) != NULL;
}

static bool add(struct table *table, const struct entry *entry) {
    if (table->count == table->room) {
        const size_t room = table->room == 0 ? 256 : table->room * 2;
        struct entry *entries = os_allocate(room * sizeof *entries);
        if (entries == NULL) {
            return false;
        }
        if (table->count > 0) {
            memcpy(entries, table->entries, table->count * sizeof *entries);
        }
        os_free(table->entries);
        table->entries = entries;
        table->room = room;
    }
    table->entries[table->count++] = *entry;
    return true;
}

static void fill(struct table *table, const struct os_child *child) {
    DIR *processes = opendir("/proc");
    const struct dirent *found;
    while (processes != NULL && (found = readdir(processes)) != NULL) {
        const int number = atoi(found->d_name);
        struct entry entry;
        if (number <= 0 || !look_at(number, &entry)) {
            continue;
        }
        entry.is_member = number == child->number || entry.session == child->number ||
                          has_mark(table, &entry, child->mark);
        if (!add(table, &entry)) {
            break;
        }
    }
    if (processes != NULL) {
        (void)closedir(processes);
    }
}

static bool is_of_member(const struct table *table, const struct entry *entry) {
    for (size_t i = 0; i < table->count; i++) {
        const struct entry *other = &table->entries[i];
        if (other->is_member &&
            (entry->parent == other->number || entry->session == other->number)) {
            return true;
        }
    }
    return false;
}

static void close_under_descent(struct table *table) {
    bool has_grown = true;
    while (has_grown) {
        has_grown = false;
        for (size_t i = 0; i < table->count; i++) {
            struct entry *entry = &table->entries[i];
            if (!entry->is_member && is_of_member(table, entry)) {
                entry->is_member = true;
                has_grown = true;
            }
        }
    }
}

static void kill_entry(const struct entry *entry) {
    const int handle = (int)syscall(SYS_pidfd_open, entry->number, 0);
    struct entry now;
    if (handle >= 0 && look_at(entry->number, &now) && now.started == entry->started) {
        (void)syscall(SYS_pidfd_send_signal, handle, SIGKILL, NULL, 0);
    }
    if (handle >= 0) {
        (void)close(handle);
    }
}

bool child_tree_kill(const struct os_child *child) {
    struct table table = {.environment = os_allocate(ENVIRONMENT_BYTES)};
    size_t alive = 0;
    if (table.environment == NULL) {
        (void)kill(-child->number, SIGKILL); // the least: its process group
        return false;
    }
    fill(&table, child);
    close_under_descent(&table);
    const struct entry *program = NULL;
    for (size_t i = 0; i < table.count; i++) {
        const struct entry *entry = &table.entries[i];
        if (!entry->is_member || entry->state == 'Z' || entry->state == 'X') {
            continue;
        }
        alive++;
        if (entry->number == child->number) {
            program = entry;
        } else {
            kill_entry(entry);
        }
    }
    if (alive == 1 && program != NULL) {
        kill_entry(program);
    }
    os_free(table.entries);
    os_free(table.environment);
    return alive == 0;
}
