// share.c - in the simulated system there is one process, which shares nothing. Invariant: nothing
// is ever made here. Start reading anywhere.
#include "os/share.h"

int os_share_make(struct os_share *share, size_t bytes) {
    (void)share;
    (void)bytes;
    return OS_UNSUPPORTED;
}

int os_share_take(struct os_share *share, int handle, size_t bytes) {
    (void)share;
    (void)handle;
    (void)bytes;
    return OS_UNSUPPORTED;
}

int os_share_take_to_read(struct os_share *share, int handle, size_t bytes) {
    return os_share_take(share, handle, bytes);
}

int os_share_reader(const struct os_share *share, int *handle) {
    (void)share;
    *handle = -1;
    return OS_UNSUPPORTED;
}

void os_share_close(struct os_share *share) {
    (void)share;
}

void os_share_drop(struct os_share *share) {
    (void)share;
}

void os_share_discard(void *at, size_t bytes) {
    (void)at;
    (void)bytes;
}

int os_bell_make(int *bell) {
    *bell = -1;
    return OS_UNSUPPORTED;
}

void os_bell_ring(int bell) {
    (void)bell;
}

int os_post_pair(int ends[2]) {
    ends[0] = ends[1] = -1;
    return OS_UNSUPPORTED;
}

int os_post_send(int post, const struct os_parcel *parcel) {
    (void)post;
    (void)parcel;
    return OS_UNSUPPORTED;
}

int os_post_receive(int post, struct os_parcel *parcel) {
    (void)post;
    (void)parcel;
    return OS_UNSUPPORTED;
}
