// child.c - the simulated system starts no programs. Invariant: there is never a child.
#include "os/child.h"

int os_child_start(struct os_child *child, const struct os_child_plan *plan) {
    (void)child;
    (void)plan;
    return OS_UNSUPPORTED;
}

int os_child_signal(const struct os_child *child, int number) {
    (void)child;
    (void)number;
    return OS_UNSUPPORTED;
}

bool os_child_has_ended(const struct os_child *child, struct os_child_end *end) {
    (void)child;
    *end = (struct os_child_end){-1, 0};
    return true;
}

bool os_child_kill(const struct os_child *child) {
    (void)child;
    return true;
}

void os_child_release(struct os_child *child) {
    (void)child;
}
