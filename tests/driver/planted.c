// Tests that end in every way a test can, most of them badly on purpose. check.sh runs this program
// and compares what the driver says with planted.expected; it is not one of the tests itself.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/test.h"

static void print_and_abort(void *text) {
    fprintf(stderr, "%s\n", (const char *)text);
    abort();
}

TEST(equal_numbers_are_equal) {
    EXPECT_EQ(6 * 7, 42);
    EXPECT_STR("a", "a");
    EXPECT_NEAR(0.1 + 0.2, 0.3, 1e-15);
    TEST_NOTE("a note is shown");
    puts("what a good test prints is not");
}

TEST(unequal_numbers_are_reported) {
    EXPECT_EQ(-1, 42);
}

TEST(not_a_number_is_near_nothing) {
    EXPECT_NEAR(strtod("nan", NULL), 0.0, 1e300);
}

TEST(null_is_no_empty_string) {
    EXPECT_STR(NULL, "");
}

TEST(nothing_is_expected_here) {
}

TEST(this_one_hangs_for_ever, .seconds = 1) {
    for (;;)
        pause();
}

TEST(this_one_cannot_be_interrupted, .seconds = 1) {
    signal(SIGQUIT, SIG_IGN);
    for (;;)
        pause();
}

TEST(a_stray_exit_is_a_failure) {
    EXPECT(true);
    exit(0);
}

TEST_DIES(an_expected_abort_passes, SIGABRT, "as told") {
    print_and_abort("as told");
}

TEST_DIES(an_abort_with_the_wrong_words_fails, SIGABRT, "as told") {
    print_and_abort("otherwise");
}

TEST_DIES(an_expected_death_that_does_not_come_fails, SIGSEGV, "") {
    EXPECT(true);
}

TEST_DIES(an_expected_exit_passes, TEST_EXIT(9), "") {
    exit(9);
}

TEST(a_child_that_dies_as_expected_passes) {
    EXPECT_DIES(print_and_abort, "goodbye", SIGABRT, "goodbye");
}

TEST(a_child_that_dies_with_other_words_fails) {
    EXPECT_DIES(print_and_abort, "goodbye", SIGABRT, "hello");
}

TEST(this_one_is_skipped) {
    TEST_SKIP("there is no moon");
}

TEST(the_seed_is_handed_down) {
    EXPECT_EQ(test_seed(), 7);
    EXPECT_STR(getenv("TENON_SEED"), "7");
}
