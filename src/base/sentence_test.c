// Tests of sentences. Start reading anywhere.
#include "base/sentence.h"

#include "support/test.h"

TEST(a_sentence_holds_text_numbers_and_durations) {
    char text[64];
    struct sentence sentence;
    sentence_init(&sentence, text, sizeof text);
    EXPECT_STR(text, "");
    sentence_add(&sentence, "a ");
    sentence_add_number(&sentence, 0, 10, 1);
    sentence_add(&sentence, " ");
    sentence_add_number(&sentence, UINT64_C(0xfedc), 16, 6);
    sentence_add(&sentence, " ");
    sentence_add_seconds(&sentence, UINT64_C(12034499999));
    EXPECT_STR(text, "a 0 00fedc 12.034 s");
    EXPECT_EQ(sentence.length, 19);
}

TEST(what_does_not_fit_a_sentence_is_cut) {
    char text[8] = "xxxxxxx";
    struct sentence sentence;
    sentence_init(&sentence, text, 5);
    sentence_add(&sentence, "abc");
    sentence_add_number(&sentence, 12345, 10, 1);
    sentence_add(&sentence, "d");
    EXPECT_STR(text, "abc1");
    EXPECT_EQ(text[5], 'x');
}

TEST(the_largest_number_has_a_place_for_each_digit) {
    char text[80];
    struct sentence sentence;
    sentence_init(&sentence, text, sizeof text);
    sentence_add_number(&sentence, UINT64_MAX, 2, 1);
    EXPECT_EQ(sentence.length, 64);
}
