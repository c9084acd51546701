// pages.c - memory for stacks: mappings, guards, giving pages back. Shared by os/linux and os/sim,
// because a simulated thread needs real memory and real faults.
//
// Invariant: guard markers are used only after one of them was seen to work, since an emulator may
// accept the request and do nothing. Start reading at os_guard.
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/check.h"
#include "os/fault.h"
#include "os/os.h"

// MADV_GUARD_INSTALL of Linux 6.13, by number: the headers of most systems are older.
#define GUARD_INSTALL 102
// MADV_POPULATE_WRITE of Linux 5.14.
#define POPULATE_WRITE 23
// PIDFD_SELF of Linux 6.14: this process, where others want a descriptor of it.
#define SELF (-10000)

enum { UNKNOWN = 0, MARKERS = 1, PROTECTION = 2 };

static _Atomic uint32_t guard_kind;

size_t os_page_bytes(void) {
    static _Atomic size_t page_bytes;
    size_t bytes = atomic_load_relaxed(&page_bytes);
    if (UNLIKELY(bytes == 0)) {
        bytes = (size_t)sysconf(_SC_PAGESIZE);
        atomic_store_relaxed(&page_bytes, bytes);
    }
    return bytes;
}

static bool is_whole_pages(const void *at, size_t bytes) {
    return bytes != 0 && (((uintptr_t)at | bytes) & (os_page_bytes() - 1)) == 0;
}

void *os_map(size_t bytes) {
    REQUIRE(is_whole_pages(NULL, bytes), "os_map wants a whole number of pages");
    if (fault_allocation()) {
        return NULL;
    }
    // MAP_STACK keeps huge pages out: one touched stack would otherwise cost 2 MB.
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

void os_unmap(void *at, size_t bytes) {
    REQUIRE(is_whole_pages(at, bytes), "os_unmap wants whole pages");
    int failed = munmap(at, bytes);
    REQUIRE(failed == 0, "os_unmap was given what is no mapping");
}

// True when the kernel itself cannot read the page: then user code cannot either, and no signal
// handler was needed to find out.
static bool is_page_unreadable(const void *page) {
    int ends[2];
    if (pipe(ends) != 0) {
        return false;
    }
    ssize_t written = write(ends[1], page, 1);
    bool unreadable = written == -1 && errno == EFAULT;
    close(ends[0]);
    close(ends[1]);
    return unreadable;
}

static uint32_t find_guard_kind(void) {
    const char *forced = os_environment("TENON_GUARD");
    if (forced != NULL && strcmp(forced, "mprotect") == 0) {
        return PROTECTION;
    }
    size_t bytes = os_page_bytes();
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    void *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (page == MAP_FAILED) {
        return PROTECTION;
    }
    bool works = madvise(page, bytes, GUARD_INSTALL) == 0 && is_page_unreadable(page);
    munmap(page, bytes);
    return works ? MARKERS : PROTECTION;
}

bool os_guard_is_verified(void) {
    uint32_t kind = atomic_load_relaxed(&guard_kind);
    if (UNLIKELY(kind == UNKNOWN)) {
        // Two threads may both find out; they find the same.
        kind = find_guard_kind();
        atomic_store_relaxed(&guard_kind, kind);
    }
    return kind == MARKERS;
}

int os_guard(void *at, size_t bytes) {
    REQUIRE(is_whole_pages(at, bytes), "os_guard wants whole pages");
    if (fault_call()) {
        return OS_NO_MEMORY;
    }
    if (os_guard_is_verified() && madvise(at, bytes, GUARD_INSTALL) == 0) {
        return OS_OK;
    }
    // Markers are refused in locked memory (mlockall): there protection still works.
    return mprotect(at, bytes, PROT_NONE) == 0 ? OS_OK : -errno;
}

// One call of the system for many places of `process`. False: it knows none, or could not do all
// of them.
static bool advise_each_of(int process, char *at, size_t bytes, size_t stride, size_t count,
                           int advice) {
    enum { PLACES_MAX = 64 };
    struct iovec places[PLACES_MAX];
    bool is_done = true;
    while (count > 0 && is_done) {
        const size_t batch = count < PLACES_MAX ? count : PLACES_MAX;
        for (size_t i = 0; i < batch; i++) {
            places[i] = (struct iovec){at + i * stride, bytes};
        }
        const long advised = syscall(SYS_process_madvise, process, places, batch, advice, 0);
        is_done = advised == (long)(batch * bytes);
        at += batch * stride;
        count -= batch;
    }
    return is_done;
}

static bool advise_each(char *at, size_t bytes, size_t stride, size_t count, int advice) {
    if (advise_each_of(SELF, at, bytes, stride, count, advice)) {
        return true;
    }
    const int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    const bool is_done = self >= 0 && advise_each_of(self, at, bytes, stride, count, advice);
    if (self >= 0) {
        close(self);
    }
    return is_done;
}

int os_guard_each(void *at, size_t bytes, size_t stride, size_t count) {
    REQUIRE(is_whole_pages(at, bytes | stride), "os_guard_each wants whole pages");
    if (count > 1 && os_guard_is_verified()) {
        if (fault_call()) {
            return OS_NO_MEMORY;
        }
        if (advise_each(at, bytes, stride, count, GUARD_INSTALL)) {
            return OS_OK;
        }
    }
    int code = OS_OK;
    for (size_t i = 0; i < count && code == OS_OK; i++) {
        code = os_guard((char *)at + i * stride, bytes);
    }
    return code;
}

void os_touch_each(void *at, size_t bytes, size_t stride, size_t count) {
    REQUIRE(is_whole_pages(at, bytes | stride), "os_touch_each wants whole pages");
    (void)advise_each(at, bytes, stride, count, POPULATE_WRITE);
}

void os_discard(void *at, size_t bytes) {
    REQUIRE(is_whole_pages(at, bytes), "os_discard wants whole pages");
    // Refused in locked memory, where nothing can be given back; the contents then stay.
    int failed = madvise(at, bytes, MADV_DONTNEED);
    if (failed != 0) {
        ASSERT(errno == EINVAL);
    }
}

size_t os_untouched_bytes(const void *at, size_t bytes) {
    enum { BATCH = 256 };
    unsigned char resident[BATCH];
    size_t page = os_page_bytes();
    REQUIRE(((uintptr_t)at & (page - 1)) == 0, "os_untouched_bytes wants a whole page to start at");
    size_t pages = bytes / page;
    for (size_t first = 0; first < pages; first += BATCH) {
        size_t count = pages - first < BATCH ? pages - first : BATCH;
        char *from = (char *)(uintptr_t)at + first * page;
        if (mincore(from, count * page, resident) != 0) {
            return first * page;
        }
        for (size_t i = 0; i < count; i++) {
            if ((resident[i] & 1) != 0) {
                return (first + i) * page;
            }
        }
    }
    return pages * page;
}
