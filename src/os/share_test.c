// share_test.c - the contract of share.h: what one process makes and another may be given.
//
// Invariant: what does not come as it should is refused, and its descriptors are closed.
#include "os/share.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/file.h"
#include "support/test.h"

static void skip_unless(int code) {
    if (code == OS_UNSUPPORTED) {
        TEST_SKIP("this system has one process only");
    }
    EXPECT_EQ(code, OS_OK);
}

TEST(shared_memory_is_the_same_for_who_takes_it) {
    const size_t bytes = os_page_bytes() * 4;
    struct os_share made, taken;
    skip_unless(os_share_make(&made, bytes));
    EXPECT_EQ(os_share_take(&taken, dup(made.handle), bytes), OS_OK);
    EXPECT(made.at != taken.at);
    unsigned char *one = made.at;
    const unsigned char *other = taken.at;
    EXPECT_EQ(other[bytes - 1], 0);
    one[bytes - 1] = 7;
    EXPECT_EQ(other[bytes - 1], 7);
    os_share_discard(one, bytes);
    EXPECT(other[bytes - 1] == 0 || other[bytes - 1] == 7);
    os_share_close(&taken);
    EXPECT_EQ(taken.handle, -1);
    one[0] = 9;
    EXPECT_EQ(other[0], 9);
    os_share_drop(&taken);
    os_share_drop(&made);
}

TEST(who_is_only_to_read_shared_memory_can_not_write_to_it) {
    const size_t bytes = os_page_bytes();
    struct os_share made, taken;
    skip_unless(os_share_make(&made, bytes));
    int handle;
    EXPECT_EQ(os_share_reader(&made, &handle), OS_OK);
    EXPECT_EQ(os_share_take_to_read(&taken, handle, bytes), OS_OK);
    unsigned char *one = made.at;
    one[5] = 7;
    EXPECT_EQ(((const unsigned char *)taken.at)[5], 7);
    if (access("/proc/self/fd", F_OK) == 0) {
        EXPECT(mprotect(taken.at, bytes, PROT_READ | PROT_WRITE) != 0);
    }
    os_share_discard(one, bytes); // which its maker may
    EXPECT(one[5] == 0 || one[5] == 7);
    os_share_drop(&taken);
    os_share_drop(&made);
}

TEST(shared_memory_keeps_its_length) {
    const size_t bytes = os_page_bytes();
    struct os_share made;
    skip_unless(os_share_make(&made, bytes));
    EXPECT(ftruncate(made.handle, 0) != 0);
    EXPECT(ftruncate(made.handle, (off_t)bytes * 2) != 0);
    os_share_drop(&made);
}

TEST(memory_that_could_become_shorter_is_not_taken) {
    const size_t bytes = os_page_bytes();
    struct os_share made, taken;
    skip_unless(os_share_make(&made, bytes));
    EXPECT_EQ(os_share_take(&taken, dup(made.handle), bytes * 2), OS_INVALID);
    os_share_drop(&made);
    const int unsealed = memfd_create("unsealed", MFD_CLOEXEC);
    EXPECT_EQ(ftruncate(unsealed, (off_t)bytes), 0);
    EXPECT_EQ(os_share_take(&taken, unsealed, bytes), OS_INVALID);
    EXPECT(fcntl(unsealed, F_GETFD) < 0); // it was taken over, and closed
    EXPECT_EQ(os_share_take(&taken, open("/dev/null", O_RDWR), bytes), OS_INVALID);
}

TEST(a_limit_of_file_sizes_is_no_death) {
    struct os_share made;
    const struct rlimit limit = {4096, 4096};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const int code = os_share_make(&made, 1 << 20);
    EXPECT(code == OS_NO_MEMORY || code == OS_UNSUPPORTED);
}

TEST(each_ring_of_a_bell_is_an_event) {
    int bell;
    skip_unless(os_bell_make(&bell));
    struct os_poll poll;
    struct os_poll_event event;
    EXPECT_EQ(os_poll_init(&poll), OS_OK);
    EXPECT_EQ(os_poll_add(&poll, bell, 5), OS_OK);
    (void)os_poll_wait(&poll, &event, 1, 0); // what it is ready for at first
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(os_poll_wait(&poll, &event, 1, 0), 0);
        os_bell_ring(bell);
        EXPECT_EQ(os_poll_wait(&poll, &event, 1, OS_NEVER), 1);
        EXPECT_EQ(event.tag, 5);
        EXPECT((event.what & OS_POLL_IN) != 0);
    }
    os_poll_remove(&poll, bell);
    os_close(bell);
    os_poll_deinit(&poll);
}

TEST(one_poll_waits_for_another) {
    int bell;
    skip_unless(os_bell_make(&bell));
    struct os_poll inner, outer;
    struct os_poll_event event;
    EXPECT_EQ(os_poll_init(&inner), OS_OK);
    EXPECT_EQ(os_poll_init(&outer), OS_OK);
    EXPECT_EQ(os_poll_add(&inner, bell, 5), OS_OK);
    EXPECT_EQ(os_poll_add(&outer, os_poll_descriptor(&inner), 6), OS_OK);
    (void)os_poll_wait(&inner, &event, 1, 0);
    (void)os_poll_wait(&outer, &event, 1, 0);
    for (int i = 0; i < 3; i++) { // also when nobody has looked at the inner one
        os_bell_ring(bell);
        EXPECT_EQ(os_poll_wait(&outer, &event, 1, os_now_ns() + 1000000000), 1);
        EXPECT_EQ(event.tag, 6);
    }
    os_close(bell);
    os_poll_deinit(&outer);
    os_poll_deinit(&inner);
}

TEST(a_parcel_arrives_with_its_descriptors) {
    int ends[2], bell;
    skip_unless(os_post_pair(ends));
    EXPECT_EQ(os_bell_make(&bell), OS_OK);
    struct os_parcel got;
    EXPECT_EQ(os_post_receive(ends[1], &got), OS_AGAIN);
    const struct os_parcel sent = {
        .words = {1, -2, 3, 4}, .handles = {bell, bell}, .handle_count = 2};
    EXPECT_EQ(os_post_send(ends[0], &sent), OS_OK);
    EXPECT_EQ(os_post_receive(ends[1], &got), OS_OK);
    EXPECT_EQ(memcmp(sent.words, got.words, sizeof got.words), 0);
    EXPECT_EQ(got.handle_count, 2);
    EXPECT(got.handles[0] != bell);
    EXPECT((fcntl(got.handles[0], F_GETFD) & FD_CLOEXEC) != 0);
    os_close(got.handles[0]);
    os_close(got.handles[1]);
    os_close(ends[0]);
    EXPECT_EQ(os_post_receive(ends[1], &got), OS_BROKEN);
    EXPECT_EQ(os_post_send(ends[1], &sent), OS_BROKEN);
    os_close(ends[1]);
    os_close(bell);
}

TEST(a_post_that_is_full_says_so) {
    int ends[2];
    skip_unless(os_post_pair(ends));
    const struct os_parcel sent = {.words = {1}};
    int count = 0, code;
    while ((code = os_post_send(ends[0], &sent)) == OS_OK) {
        count++;
    }
    EXPECT_EQ(code, OS_AGAIN);
    EXPECT(count > 1);
    struct os_parcel got;
    while ((code = os_post_receive(ends[1], &got)) == OS_OK) {
        count--;
    }
    EXPECT_EQ(code, OS_AGAIN);
    EXPECT_EQ(count, 0);
    os_close(ends[0]);
    os_close(ends[1]);
}

// More descriptors than a parcel may have, and fewer words.
TEST(what_is_no_parcel_is_dropped_with_its_descriptors) {
    int ends[2];
    skip_unless(os_post_pair(ends));
    enum { MANY = 5 };
    int64_t words[OS_PARCEL_WORDS] = {1};
    for (int i = 0; i < 2; i++) {
        struct iovec vector = {words, i == 0 ? sizeof words : 3};
        union {
            struct cmsghdr header;
            unsigned char bytes[CMSG_SPACE(MANY * sizeof(int))];
        } control;
        memset(&control, 0, sizeof control);
        struct msghdr message = {.msg_iov = &vector,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof control};
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN((i == 0 ? MANY : 1) * sizeof(int));
        message.msg_controllen = header->cmsg_len;
        const int handles[MANY] = {0, 0, 0, 0, 0};
        memcpy(CMSG_DATA(header), handles, sizeof handles);
        EXPECT(sendmsg(ends[0], &message, 0) > 0);
        const int before = dup(0);
        struct os_parcel got;
        EXPECT_EQ(os_post_receive(ends[1], &got), OS_INVALID);
        EXPECT_EQ(got.handle_count, 0);
        const int after = dup(0);
        EXPECT_EQ(after, before + 1); // none has stayed open in between
        os_close(before);
        os_close(after);
    }
    os_close(ends[0]);
    os_close(ends[1]);
}

TEST(calls_that_fail_leave_nothing_open) {
    int ends[2], bell;
    struct os_share share;
    skip_unless(os_bell_make(&bell));
    fault_fail_call(1);
    EXPECT_EQ(os_bell_make(ends), OS_TOO_MANY_FILES);
    fault_fail_call(1);
    EXPECT_EQ(os_post_pair(ends), OS_TOO_MANY_FILES);
    fault_fail_call(1);
    EXPECT_EQ(os_share_make(&share, os_page_bytes()), OS_NO_MEMORY);
    const int next = dup(0);
    EXPECT_EQ(next, bell + 1);
}
