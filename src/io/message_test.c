// message_test.c - items as bytes, and messages over pipes and over a program's standard streams.
//
// Invariant: what is sent arrives as the same tree; what is no message is refused, each prefix and
// each changed byte included. Start reading at is_same.
#include <tenon/message.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tenon.h>

#include "base/random.h"
#include "io/packed.h"
#include "os/fault.h"
#include "os/os.h"
#include "support/fuzz.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

static bool is_same(const struct tn_message *a, const struct tn_message *b) {
    if (a->kind != b->kind || a->count != b->count) {
        return false;
    }
    switch (a->kind) {
    case TN_MESSAGE_NULL:
        return true;
    case TN_MESSAGE_BOOL:
        return a->value.truth == b->value.truth;
    case TN_MESSAGE_INTEGER:
        return a->value.integer == b->value.integer;
    case TN_MESSAGE_REAL:
        return memcmp(&a->value.real, &b->value.real, sizeof a->value.real) == 0;
    case TN_MESSAGE_TEXT:
    case TN_MESSAGE_BYTES:
        return memcmp(a->value.text, b->value.text, a->count) == 0;
    default:
        break;
    }
    const size_t children = a->kind == TN_MESSAGE_MAP ? 2 * a->count : a->count;
    for (size_t i = 0; i < children; i++) {
        if (!is_same(&a->value.items[i], &b->value.items[i])) {
            return false;
        }
    }
    return true;
}

static struct tn_message sample(void) {
    static const struct tn_message empty = {.kind = TN_MESSAGE_LIST};
    static struct tn_message numbers[9], pairs[8], all[4];
    const int64_t values[9] = {0, 23, 24, -1, 255, 65536, INT64_MAX, INT64_MIN, -256};
    for (int i = 0; i < 9; i++) {
        numbers[i] = tn_message_integer(values[i]);
    }
    const struct tn_message kinds[8] = {tn_message_text("key"), tn_message_real(-0.1),
                                        tn_message_integer(7),  tn_message_null(),
                                        tn_message_bool(true),  tn_message_bytes("a\0b", 3),
                                        tn_message_bool(false), empty};
    memcpy(pairs, kinds, sizeof pairs);
    all[0] = tn_message_list(numbers, 9);
    all[1] = tn_message_map(pairs, 4);
    all[2] = tn_message_text("a text of more than twenty-three bytes");
    all[3] = tn_message_real(DBL_MAX);
    return tn_message_list(all, 4);
}

// The same bytes as other programs for CBOR write: examples of RFC 8949, appendix A.
TEST(items_are_written_as_the_standard_says) {
    static const struct {
        int64_t integer;
        const char *bytes;
        size_t count;
    } examples[] = {{0, "\x00", 1},
                    {23, "\x17", 1},
                    {24, "\x18\x18", 2},
                    {1000, "\x19\x03\xe8", 3},
                    {1000000, "\x1a\x00\x0f\x42\x40", 5},
                    {1000000000000, "\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00", 9},
                    {-1, "\x20", 1},
                    {-100, "\x38\x63", 2}};
    unsigned char room[64];
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const struct tn_message item = tn_message_integer(examples[i].integer);
        EXPECT_EQ(packed_bytes(&item), examples[i].count);
        EXPECT_EQ(packed_write(room, &item) - room, examples[i].count);
        EXPECT(memcmp(room, examples[i].bytes, examples[i].count) == 0);
    }
    const struct tn_message list = TN_LIST_OF(tn_message_integer(1), tn_message_real(1.1));
    EXPECT_EQ(packed_write(room, &list) - room, 11);
    EXPECT(memcmp(room, "\x82\x01\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a", 11) == 0);
    const struct tn_message map = TN_MAP_OF(tn_message_text("a"), tn_message_bool(false));
    EXPECT_EQ(packed_write(room, &map) - room, 4);
    EXPECT(memcmp(room, "\xa1\x61\x61\xf4", 4) == 0);
}

TEST(every_kind_of_item_comes_back_as_it_was) {
    const struct tn_message item = sample();
    unsigned char room[256];
    const size_t bytes = packed_bytes(&item);
    EXPECT(bytes <= sizeof room);
    EXPECT_EQ(packed_write(room, &item) - room, bytes);
    struct tn_message *back;
    EXPECT_EQ(packed_read(room, bytes, &back), TN_OK);
    EXPECT(is_same(&item, back));
    EXPECT_STR(tn_message_at(back, 2)->value.text, "a text of more than twenty-three bytes");
    EXPECT(tn_message_at(back, 4) == NULL && tn_message_at(tn_message_at(back, 1), 0) == NULL);
    EXPECT_NEAR(tn_message_find(tn_message_at(back, 1), "key")->value.real, -0.1, 0);
    EXPECT(tn_message_find(tn_message_at(back, 1), "ke") == NULL &&
           tn_message_find(back, "key") == NULL);
    tn_message_free(back);
}

TEST(short_floats_of_others_are_read) {
    struct tn_message *item;
    EXPECT_EQ(packed_read((const unsigned char *)"\xf9\x3e\x00", 3, &item), TN_OK);
    EXPECT_NEAR(item->value.real, 1.5, 0);
    tn_message_free(item);
    EXPECT_EQ(packed_read((const unsigned char *)"\xf9\x80\x01", 3, &item), TN_OK);
    EXPECT_NEAR(item->value.real, -5.960464477539063e-8, 0);
    tn_message_free(item);
    EXPECT_EQ(packed_read((const unsigned char *)"\xfa\x47\xc3\x50\x00", 5, &item), TN_OK);
    EXPECT_NEAR(item->value.real, 100000, 0);
    tn_message_free(item);
    EXPECT_EQ(packed_read((const unsigned char *)"\xf9\xfc\x00", 3, &item), TN_OK);
    EXPECT(isinf(item->value.real) && item->value.real < 0);
    tn_message_free(item);
}

TEST(what_is_no_item_is_refused) {
    static const char *const wrong[] = {"",
                                        "\x1c",
                                        "\x5f\x41\x61\xff",
                                        "\x9f\xff",
                                        "\xc0\x01",
                                        "\xf8\x20",
                                        "\x82\x01",
                                        "\x61",
                                        "\x01\x01",
                                        "\xa1\x01",
                                        "\xbb\xff\xff\xff\xff\xff\xff\xff\xff"};
    struct tn_message *item;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        EXPECT_EQ(packed_read((const unsigned char *)wrong[i], strlen(wrong[i]), &item),
                  TN_MALFORMED);
    }
    EXPECT_EQ(packed_read((const unsigned char *)"\x1b\x80\0\0\0\0\0\0\0", 9, &item),
              TN_OUT_OF_RANGE);
    unsigned char deep[200];
    memset(deep, 0x81, sizeof deep);
    deep[63] = 0;
    EXPECT_EQ(packed_read(deep, 64, &item), TN_OK);
    tn_message_free(item);
    deep[63] = 0x81;
    deep[64] = 0;
    EXPECT_EQ(packed_read(deep, 65, &item), TN_MALFORMED);
}

// Each prefix, and many changes of single bytes: refused, or read as something, and never more than
// the bytes is looked at (the sanitizers see that).
TEST(any_bytes_are_read_or_refused, .seconds = FUZZ_SECONDS) {
    const struct tn_message item = sample();
    const size_t bytes = packed_bytes(&item);
    struct random random;
    struct tn_message *back;
    random_init(&random, test_seed());
    for (size_t i = 0; i < bytes; i++) {
        unsigned char *copy = malloc(bytes);
        (void)packed_write(copy, &item);
        EXPECT_EQ(packed_read(copy, i, &back), TN_MALFORMED);
        free(copy);
    }
    const uint64_t count = fuzz_count(20000);
    for (uint64_t i = 0; i < count; i++) {
        unsigned char *copy = malloc(bytes);
        (void)packed_write(copy, &item);
        copy[random_below(&random, bytes)] = (unsigned char)random_below(&random, 256);
        copy[random_below(&random, bytes)] = (unsigned char)random_below(&random, 256);
        if (packed_read(copy, bytes, &back) == TN_OK) {
            EXPECT_EQ(packed_bytes(back) > 0, true);
            tn_message_free(back);
        }
        free(copy);
    }
}

// ---- over a pipe -----------------------------------------------------------------------------

TN_FRAME(void, sends_samples, (struct tn_stream, to)) {
    const struct tn_message item = sample();
    const struct tn_message word = tn_message_text("word");
    EXPECT_EQ(tn_message_send(self, to, &item), TN_OK);
    EXPECT_EQ(tn_message_send(self, to, &word), TN_OK);
    EXPECT_EQ(tn_message_send(self, to, &item), TN_OK);
    EXPECT_EQ(tn_stream_close(self, to), TN_OK);
}

TN_FRAME(void, receives_samples) {
    struct tn_stream reads, writes;
    struct tn_message *item;
    const struct tn_message wanted = sample();
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    tn_spawn(sends_samples, writes);
    EXPECT_EQ(tn_message_receive(self, reads, 1000, &item), TN_OK);
    EXPECT(is_same(item, &wanted));
    tn_message_free(item);
    EXPECT_EQ(tn_message_receive(self, reads, 4, &item), TN_TOO_LONG);
    EXPECT(item == NULL);
    EXPECT_STR(tn_status_text(TN_TOO_LONG), "longer than agreed");
    EXPECT_EQ(tn_message_receive(self, reads, 5, &item), TN_OK);
    EXPECT_STR(item->value.text, "word");
    tn_message_free(item);
    EXPECT_EQ(tn_message_receive(self, reads, 1000, &item), TN_OK);
    EXPECT(is_same(item, &wanted));
    tn_message_free(item);
    EXPECT_EQ(tn_message_receive(self, reads, 1000, &item), TN_ENDED);
}

TEST(messages_arrive_whole_and_typed) {
    EXPECT_EQ(tn_run_with(WITH(1), receives_samples, NULL), TN_OK);
    EXPECT_EQ(tn_run_with(WITH(3), receives_samples, NULL), TN_OK);
}

TN_FRAME(void, sends_without_care, (struct tn_stream, to)) {
    const struct tn_message item = sample();
    (void)!tn_message_send(self, to, &item);
}

TN_FRAME(void, receives_rubbish) {
    struct tn_stream reads, writes;
    struct tn_message *item;
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    tn_spawn(sends_without_care, writes);
    char first;
    EXPECT_EQ(tn_read_exactly(self, reads, &first, 1), TN_OK);
    EXPECT_EQ(tn_message_receive(self, reads, 1000, &item), TN_MALFORMED);
    EXPECT_STR(tn_status_text(TN_MALFORMED), "not a message, or the end of one is missing");
}

TN_FRAME(void, sends_a_large_one, (struct tn_stream, to)) {
    static char large[200000];
    const struct tn_message item = tn_message_bytes(large, sizeof large);
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 0.002);
    EXPECT_EQ(tn_message_send(self, to, &item), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    const struct tn_message small = tn_message_null();
    EXPECT_EQ(tn_message_send(self, to, &small), TN_BROKEN);
    EXPECT_EQ(tn_stream_close(self, to), TN_OK);
}

TN_FRAME(void, receives_a_torn_one) {
    struct tn_stream reads, writes;
    struct tn_message *item;
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    tn_task(sends_a_large_one) sender = tn_spawn(sends_a_large_one, writes);
    tn_await(sends_a_large_one, sender);
    EXPECT_EQ(tn_message_receive(self, reads, 1000000, &item), TN_MALFORMED);
}

TEST(a_message_that_is_cut_in_two_tears_the_stream) {
    EXPECT_EQ(tn_run_with(WITH(1), receives_a_torn_one, NULL), TN_OK);
}

TN_FRAME(void, is_cut_and_goes_on) {
    struct tn_stream reads, writes;
    struct tn_message *item;
    struct tn_scope scope;
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    EXPECT_EQ(tn_write(self, writes, "\xd8", 1), TN_OK);
    tn_deadline_begin(self, &scope, 0.002);
    EXPECT_EQ(tn_message_receive(self, reads, 9, &item), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    EXPECT(item == NULL);
}

TEST(a_receiver_may_be_cut_by_time) {
    EXPECT_EQ(tn_run_with(WITH(1), is_cut_and_goes_on, NULL), TN_OK);
}

TN_FRAME(void, sends_if_it_can, (struct tn_stream, to)) {
    const struct tn_message word = tn_message_text("w");
    (void)!tn_message_send(self, to, &word);
    (void)tn_stream_close(self, to);
}

TN_FRAME(int, receives_with_the_nth_call_failing, (int, n)) {
    struct tn_stream reads, writes;
    struct tn_message *item;
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    tn_spawn(sends_if_it_can, writes);
    fault_fail_call((uint64_t)n);
    const int code = tn_message_receive(self, reads, 10, &item);
    fault_fail_call(0);
    tn_message_free(item);
    return code;
}

TEST(a_message_bears_that_the_nth_call_fails) {
    int failures = 0;
    for (int n = 1; n <= 8; n++) {
        int code = 1;
        const int outcome = tn_run_with(WITH(1), receives_with_the_nth_call_failing, &code, n);
        EXPECT(outcome == TN_OK || outcome == TN_NO_MEMORY); // there may be none for a frame
        EXPECT(outcome != TN_OK || code == TN_OK || code == TN_NO_MEMORY || code == -EIO ||
               code == TN_ENDED || code == TN_MALFORMED);
        failures += outcome != TN_OK || code != TN_OK;
    }
    EXPECT(failures >= 4);
}

TEST(rubbish_in_a_stream_is_no_message) {
    EXPECT_EQ(tn_run_with(WITH(1), receives_rubbish, NULL), TN_OK);
}

// A string, an integer, a list and a map go through another program and come back.
TN_FRAME(int, talks_to_a_program) {
    struct tn_program program;
    const struct tn_command cat = {
        .arguments = TN_ARGUMENTS("cat"), .input = TN_HERE, .output = TN_HERE};
    const int code = tn_program_start(self, &cat, &program);
    if (code != TN_OK) {
        return code;
    }
    const struct tn_message sent[4] = {
        tn_message_text("a string"), tn_message_integer(-42),
        TN_LIST_OF(tn_message_integer(1), tn_message_text("two"), tn_message_real(3.5)),
        TN_MAP_OF(tn_message_text("name"), tn_message_text("Graz"), tn_message_text("height"),
                  tn_message_integer(353))};
    for (int i = 0; i < 4; i++) {
        struct tn_message *back;
        EXPECT_EQ(tn_message_send(self, program.input, &sent[i]), TN_OK);
        EXPECT_EQ(tn_message_receive(self, program.output, 1000, &back), TN_OK);
        EXPECT(is_same(back, &sent[i]));
        tn_message_free(back);
    }
    EXPECT_EQ(tn_stream_close(self, program.input), TN_OK);
    struct tn_message *none;
    EXPECT_EQ(tn_message_receive(self, program.output, 1000, &none), TN_ENDED);
    return tn_program_wait(self, &program, NULL);
}

TEST(messages_go_through_another_program) {
    int code = 1;
    EXPECT_EQ(tn_run_with(WITH(1), talks_to_a_program, &code), TN_OK);
    EXPECT(code == TN_OK || code == OS_UNSUPPORTED);
    EXPECT_EQ(tn_run_with(WITH(3), talks_to_a_program, &code), TN_OK);
}
