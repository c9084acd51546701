// zygote.c - the simulated system has one process and knows of no images. Invariant: nobody is ever
// caught, nothing is ever made. Start reading anywhere.
#include <stdlib.h>

#include "os/image.h"
#include "os/zygote.h"

int os_zygote_start(struct os_child *zygote, int post) {
    (void)zygote;
    (void)post;
    return OS_UNSUPPORTED;
}

bool os_zygote_caught(struct os_zygote *zygote) {
    (void)zygote;
    return false;
}

int os_zygote_fork(struct os_child *process) {
    (void)process;
    return OS_UNSUPPORTED;
}

bool os_process_reap(struct os_child *process, struct os_child_end *end) {
    return os_child_has_ended(process, end);
}

void os_process_kill(int handle) {
    (void)handle;
}

bool os_process_has_ended(int handle) {
    (void)handle;
    return true;
}

void os_process_exit(int code) {
    exit(code);
}

int os_process_number(void) {
    return 1;
}

uint64_t os_memory_kills(void) {
    return 0;
}

bool os_image_find(const void *address, struct os_image *image) {
    (void)address;
    (void)image;
    return false;
}

uint64_t os_image_identity(const struct os_image *image) {
    (void)image;
    return 0;
}
