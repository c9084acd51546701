// fault_test.c - the call that was named fails, and no other, on every os.
//
// Invariant: a test that counts from the start of the process sets the environment before its first
// os call.
#include "os/fault.h"

#include <stdlib.h>

#include "os/os.h"
#include "support/test.h"

TEST(the_allocation_that_was_named_fails_and_no_other) {
    fault_fail_allocation(3);
    uint64_t before = fault_allocations();
    void *one = os_allocate(10);
    void *two = os_allocate_aligned(10, 64);
    EXPECT(one != NULL && two != NULL);
    EXPECT(os_allocate(10) == NULL);
    void *four = os_allocate(10);
    EXPECT(four != NULL);
    EXPECT_EQ(fault_allocations() - before, 4);
    os_free(one);
    os_free(two);
    os_free(four);
    fault_fail_allocation(1);
    EXPECT(os_map(os_page_bytes()) == NULL);
}

static void do_nothing(void *argument) {
    (void)argument;
}

TEST(the_call_that_was_named_fails_and_no_other) {
    struct os_thread thread;
    unsigned char *page = os_map(os_page_bytes());
    fault_fail_call(1);
    EXPECT_EQ(os_guard(page, os_page_bytes()), OS_NO_MEMORY);
    fault_fail_call(2);
    EXPECT_EQ(os_guard(page, os_page_bytes()), OS_OK);
    EXPECT_EQ(os_thread_start(&thread, do_nothing, NULL, "none"), OS_AGAIN);
    EXPECT_EQ(os_thread_start(&thread, do_nothing, NULL, "one"), OS_OK);
    os_thread_join(&thread);
    os_unmap(page, os_page_bytes());
}

TEST(the_environment_can_name_the_failing_allocation) {
    setenv("TENON_FAIL_ALLOCATION", "2", 1);
    void *memory = os_allocate(1);
    EXPECT(memory != NULL && os_allocate(1) == NULL);
    os_free(memory);
}
