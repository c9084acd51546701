// check_test.c - what a failed assertion says and how the process ends.
//
// Invariant: the three tiers differ in when they are compiled in, never in what they do.
#include "base/check.h"

#include "support/test.h"

TEST_DIES(a_failed_requirement_prints_its_sentence, SIGABRT, "tenon: the cup is empty (sips > 0)") {
    int sips = 0;
    REQUIRE(sips > 0, "the cup is empty");
}

TEST_DIES(a_failed_requirement_prints_where_it_stands, SIGABRT, "check_test.c:") {
    REQUIRE(1 + 1 == 3, "sums are wrong");
}

TEST_DIES(tests_are_built_with_assertions_on, SIGABRT, "an invariant of the runtime is broken") {
    int balance = 1;
    ASSERT(balance == 0);
}

TEST_DIES(an_unreachable_place_panics_in_every_build, SIGABRT, "no such state") {
    UNREACHABLE("no such state");
}

TEST_DIES(a_sentence_longer_than_the_line_is_cut_and_still_ends, SIGABRT, "aaaaaaaaaa") {
    char sentence[2000];
    for (unsigned int i = 0; i + 1 < sizeof sentence; i++) {
        sentence[i] = 'a';
    }
    sentence[sizeof sentence - 1] = '\0';
    check_panic("expression", sentence, "file.c", 1);
}

TEST(an_assertion_that_holds_does_nothing) {
    int evaluated = 0;
    REQUIRE(++evaluated == 1, "evaluated once");
    EXPECT_EQ(evaluated, 1);
}
