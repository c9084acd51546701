// file.c - descriptors on Linux: non-blocking, closed at exec, SIGPIPE ignored.
//
// Invariant: errno is read right after the call that set it. Start reading at os_pipe.
#include "os/file.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/check.h"
#include "os/fault.h"

static void ignore_sigpipe(void) {
    struct sigaction action;
    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
        action.sa_handler = SIG_IGN;
        (void)sigaction(SIGPIPE, &action, NULL);
    }
}

static void prepare(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, ignore_sigpipe);
}

int os_pipe(int ends[2]) {
    prepare();
    if (fault_call()) {
        return OS_TOO_MANY_FILES;
    }
    return pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0 ? OS_OK : -errno;
}

int os_adopt(int fd, int *former) {
    prepare();
    if (fault_call()) {
        return -EBADF;
    }
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0) {
        return -errno;
    }
    *former = flags;
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 ? OS_OK : -errno;
}

void os_restore(int fd, int former) {
    (void)fcntl(fd, F_SETFL, former);
}

ptrdiff_t os_read(int fd, void *into, size_t bytes) {
    ASSERT(bytes > 0);
    if (fault_call()) {
        return -EIO;
    }
    ssize_t count;
    do {
        count = read(fd, into, bytes);
    } while (count < 0 && errno == EINTR);
    return count >= 0 ? count : -errno;
}

ptrdiff_t os_write(int fd, const void *from, size_t bytes) {
    ASSERT(bytes > 0);
    if (fault_call()) {
        return -EIO;
    }
    ssize_t count;
    do {
        count = write(fd, from, bytes);
    } while (count < 0 && errno == EINTR);
    return count >= 0 ? count : -errno;
}

void os_close(int fd) {
    (void)close(fd); // the number is free in any case: an interrupted close must not be repeated
}
