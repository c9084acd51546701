// packing_test.c - why idle stacks are not packed away: docs/decisions/0014-a-frame-is-one-page.md.
//
// A page whose bytes are kept elsewhere comes back at a touch, whole, for every thread. A system
// call that is given an address in it does not touch it in that sense: it fails. So what a frame
// reads or writes through a pointer to another's variable would depend on how long that has waited.
// Invariant: `kept` is what the page holds; only the handler puts it back.
// Start reading at a_touch_brings_a_packed_page_back_and_a_system_call_fails.
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "context/sanitizer.h"
#include "os/os.h"
#include "support/test.h"

enum { PAGE = 4096, USER_MODE_ONLY = 1, GUARD_INSTALL = 102 };

static unsigned char *page;
static unsigned char kept[PAGE] __attribute__((aligned(PAGE)));
static int faults;
static volatile int restored;

// The whole page at once, so that no other thread sees half of it.
static void put_back(int number, siginfo_t *info, void *registers) {
    (void)registers;
    struct uffdio_copy copy = {.dst = (uintptr_t)page, .src = (uintptr_t)kept, .len = PAGE};
    const uintptr_t offset = (uintptr_t)info->si_addr - (uintptr_t)page;
    if (offset >= PAGE || ioctl(faults, UFFDIO_COPY, &copy) != 0) {
        (void)signal(number, SIG_DFL);
        return;
    }
    restored++;
}

// As a runtime without privileges would: faults of user code only, and none but those of the page.
static void begin(void) {
    faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | USER_MODE_ONLY);
    struct uffdio_api api = {.api = UFFD_API};
    page = os_map(PAGE);
    struct uffdio_register range = {.range = {(uintptr_t)page, PAGE},
                                    .mode = UFFDIO_REGISTER_MODE_WP};
    if (faults < 0 || ioctl(faults, UFFDIO_API, &api) != 0 ||
        ioctl(faults, UFFDIO_REGISTER, &range) != 0) {
        TEST_SKIP("this system has no userfaultfd for us");
    }
    struct sigaction action = {.sa_sigaction = put_back, .sa_flags = SA_SIGINFO};
    EXPECT_EQ(sigaction(SIGSEGV, &action, NULL), 0);
}

static void pack(void) {
    memcpy(kept, page, PAGE);
    EXPECT_EQ(madvise(page, PAGE, GUARD_INSTALL), 0);
}

static void *read_page(void *sum) {
    for (int i = 0; i < PAGE; i++) {
        *(long *)sum += ((volatile unsigned char *)page)[i];
    }
    return NULL;
}

TEST(a_touch_brings_a_packed_page_back_and_a_system_call_fails) {
    if (CONTEXT_SANITIZED) {
        TEST_SKIP("the sanitizer handles the fault itself");
    }
    if (os_page_bytes() != PAGE || !os_guard_is_verified()) {
        TEST_SKIP("this system has no guard markers of that size");
    }
    begin();
    memset(page, 3, PAGE);
    pack();
    pthread_t other;
    long sum = 0;
    EXPECT_EQ(pthread_create(&other, NULL, read_page, &sum), 0);
    EXPECT_EQ(pthread_join(other, NULL), 0);
    EXPECT_EQ(sum, 3 * PAGE);
    EXPECT_EQ(restored, 1);
    pack();
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    EXPECT_EQ(write(ends[1], page, 8), -1);
    EXPECT_EQ(errno, EFAULT);
    EXPECT_EQ(write(ends[1], "12345678", 8), 8);
    EXPECT_EQ(read(ends[0], page, 8), -1);
    EXPECT_EQ(errno, EFAULT);
    EXPECT_EQ(restored, 1);
    *(volatile unsigned char *)page = 4;
    EXPECT_EQ(restored, 2);
    EXPECT_EQ(write(ends[1], page, 8), 8);
}
