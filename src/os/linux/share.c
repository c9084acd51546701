// share.c - memory, bells and posts between processes on Linux: sealed memfds, eventfds, and
// sequenced sockets that carry descriptors. See os/share.h. Start reading at os_share_make.
#include "os/share.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/file.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

// ---- memory ----------------------------------------------------------------------------------

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW };

static int map(struct os_share *share, int protection) {
    share->at = mmap(NULL, share->bytes, protection, MAP_SHARED | MAP_NORESERVE, share->handle, 0);
    if (share->at == MAP_FAILED) {
        return OS_NO_MEMORY;
    }
    (void)madvise(share->at, share->bytes, MADV_DONTFORK);
    return OS_OK;
}

// Kernels before 6.3 do not know the first kind; newer ones want it.
static int make_handle(void) {
    const int handle = memfd_create("tenon", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    return handle >= 0 || errno != EINVAL ? handle
                                          : memfd_create("tenon", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

// To exceed that limit raises a signal.
static bool is_within_limit(size_t bytes) {
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) != 0 || bytes <= limit.rlim_cur;
}

int os_share_make(struct os_share *share, size_t bytes) {
    if (fault_call() || !is_within_limit(bytes)) {
        return OS_NO_MEMORY;
    }
    *share = (struct os_share){.bytes = bytes, .handle = make_handle()};
    if (share->handle < 0) {
        return -errno;
    }
    int code = OS_OK;
    if (ftruncate(share->handle, (off_t)bytes) != 0 ||
        fcntl(share->handle, F_ADD_SEALS, SEALS | F_SEAL_SEAL) != 0) {
        code = -errno;
    }
    if (code == OS_OK) {
        code = map(share, PROT_READ | PROT_WRITE);
    }
    if (code != OS_OK) {
        (void)close(share->handle);
    }
    return code;
}

static int take(struct os_share *share, int handle, size_t bytes, int protection) {
    *share = (struct os_share){.bytes = bytes, .handle = handle};
    const int seals = fcntl(handle, F_GET_SEALS);
    struct stat stat;
    int code = OS_INVALID;
    if (seals >= 0 && (seals & SEALS) == SEALS && fstat(handle, &stat) == 0 &&
        (uint64_t)stat.st_size == bytes) {
        code = fault_call() ? OS_NO_MEMORY : map(share, protection);
    }
    if (code != OS_OK) {
        (void)close(handle);
    }
    return code;
}

int os_share_take(struct os_share *share, int handle, size_t bytes) {
    return take(share, handle, bytes, PROT_READ | PROT_WRITE);
}

int os_share_take_to_read(struct os_share *share, int handle, size_t bytes) {
    return take(share, handle, bytes, PROT_READ);
}

// What was opened to be read can't be made writable by who maps it.
int os_share_reader(const struct os_share *share, int *handle) {
    char path[40];
    if (fault_call()) {
        return OS_TOO_MANY_FILES;
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", share->handle);
    *handle = open(path, O_RDONLY | O_CLOEXEC);
    if (*handle < 0) {
        *handle = fcntl(share->handle, F_DUPFD_CLOEXEC, 0);
    }
    return *handle >= 0 ? OS_OK : -errno;
}

void os_share_close(struct os_share *share) {
    if (share->handle >= 0) {
        (void)close(share->handle);
        share->handle = -1;
    }
}

void os_share_drop(struct os_share *share) {
    (void)munmap(share->at, share->bytes);
    os_share_close(share);
}

void os_share_discard(void *at, size_t bytes) {
    (void)madvise(at, bytes, MADV_REMOVE);
}

// ---- bells -----------------------------------------------------------------------------------

int os_bell_make(int *bell) {
    if (fault_call()) {
        return OS_TOO_MANY_FILES;
    }
    *bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return *bell >= 0 ? OS_OK : -errno;
}

// Nobody reads it: each ring is an event of its own for who waits for changes.
void os_bell_ring(int bell) {
    const uint64_t one = 1;
    (void)!write(bell, &one, sizeof one);
}

// ---- the post --------------------------------------------------------------------------------

// With room for one descriptor more than a parcel has, so that too many are noticed.
enum { HANDLES_ROOM = OS_PARCEL_HANDLES + 1 };
union control {
    struct cmsghdr header;
    unsigned char bytes[CMSG_SPACE(HANDLES_ROOM * sizeof(int))];
};

int os_post_pair(int ends[2]) {
    if (fault_call()) {
        return OS_TOO_MANY_FILES;
    }
    const int type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
    return socketpair(AF_UNIX, type, 0, ends) == 0 ? OS_OK : -errno;
}

int os_post_send(int post, const struct os_parcel *parcel) {
    struct iovec vector = {(void *)(uintptr_t)parcel->words, sizeof parcel->words};
    union control control;
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (parcel->handle_count > 0) {
        const size_t bytes = parcel->handle_count * sizeof(int);
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(bytes);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(bytes);
        memcpy(CMSG_DATA(header), parcel->handles, bytes);
    }
    ssize_t sent;
    do {
        sent = sendmsg(post, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0 ? OS_OK : errno == ECONNRESET ? OS_BROKEN : -errno;
}

// What came along; how many. The system has closed those that there was no room for.
static unsigned take_handles(struct msghdr *message, int handles[HANDLES_ROOM]) {
    size_t bytes = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS && bytes == 0) {
            bytes = header->cmsg_len - CMSG_LEN(0);
            bytes = bytes <= HANDLES_ROOM * sizeof(int) ? bytes : HANDLES_ROOM * sizeof(int);
            memcpy(handles, CMSG_DATA(header), bytes);
        }
    }
    return (unsigned)(bytes / sizeof(int));
}

int os_post_receive(int post, struct os_parcel *parcel) {
    struct iovec vector = {parcel->words, sizeof parcel->words};
    union control control;
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_LEN(HANDLES_ROOM * sizeof(int))};
    ssize_t got;
    do {
        got = recvmsg(post, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    parcel->handle_count = 0;
    if (got <= 0) {
        return got == 0 || errno == ECONNRESET ? OS_BROKEN : -errno;
    }
    int handles[HANDLES_ROOM];
    const unsigned count = take_handles(&message, handles);
    if (got != sizeof parcel->words || count > OS_PARCEL_HANDLES ||
        (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        for (unsigned i = 0; i < count; i++) {
            (void)close(handles[i]);
        }
        return OS_INVALID;
    }
    memcpy(parcel->handles, handles, count * sizeof(int));
    parcel->handle_count = count;
    return OS_OK;
}
