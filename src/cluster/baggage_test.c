// Failures that travel: what is read is what was written, whatever else stands there.
#include "cluster/baggage.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "support/fuzz.h"
#include "support/test.h"

static struct tn_failure cause = {-5, "no disk", "", "a.c", 7, NULL, NULL};
static struct tn_failure first = {-1, "no page", "/serve/fetch/read", "b.c", 8, &cause, NULL};
static struct tn_failure second = {-2, "no line", "/serve/fetch", "b.c", 9, NULL, NULL};

static unsigned char buffer[BAGGAGE_BYTES_MAX];

static size_t write_both(void) {
    const struct tn_failure *failures[] = {&first, &second};
    return baggage_write(failures, 2, "/serve/fetch", buffer);
}

TEST(failures_travel_with_causes_and_paths_below_another_root) {
    struct baggage_reader reader = {buffer, write_both()};
    static struct baggage_group group;
    EXPECT(baggage_read(&reader, "/root/fetch", &group));
    const struct tn_failure *failure = &group.failures[0];
    EXPECT_EQ(failure->code, -1);
    EXPECT_EQ(failure->line, 8);
    EXPECT_STR(failure->message, "no page");
    EXPECT_STR(failure->path, "/root/fetch/read");
    EXPECT_STR(failure->file, "b.c");
    EXPECT_STR(failure->cause->message, "no disk");
    EXPECT_STR(failure->cause->path, "");
    EXPECT(failure->cause->cause == NULL);
    EXPECT(baggage_read(&reader, "/root/fetch", &group));
    EXPECT_STR(group.failures[0].path, "/root/fetch");
    EXPECT_EQ(reader.left, 0);
    EXPECT(!baggage_read(&reader, "/root/fetch", &group));
}

TEST(a_text_that_is_too_long_is_cut) {
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    const struct tn_failure failure = {-1, text, text, text, 1, NULL, NULL};
    const struct tn_failure *failures[] = {&failure};
    static struct baggage_group group;
    struct baggage_reader reader = {buffer, baggage_write(failures, 1, "", buffer)};
    EXPECT(reader.left <= BAGGAGE_GROUP_BYTES);
    EXPECT(baggage_read(&reader, "", &group));
    EXPECT_EQ(strlen(group.failures[0].message), BAGGAGE_TEXT_MAX);
}

// Under AddressSanitizer: the input lies at the end of its memory.
TEST(nothing_that_arrives_is_read_beyond_its_end, .seconds = FUZZ_SECONDS) {
    struct random random;
    random_init(&random, test_seed());
    static struct baggage_group group;
    const uint64_t count = fuzz_count(20000);
    uint64_t read = 0;
    for (uint64_t round = 0; round < count; round++) {
        const size_t whole = write_both();
        const size_t bytes = random_below(&random, 4) == 0 ? random_below(&random, whole) : whole;
        for (uint64_t spoiled = random_below(&random, 4); spoiled > 0; spoiled--) {
            buffer[random_below(&random, whole)] = (unsigned char)random_next(&random);
        }
        unsigned char *copy = malloc(bytes + 1);
        EXPECT(copy != NULL);
        memcpy(copy + 1, buffer, bytes); // at an odd place
        struct baggage_reader reader = {copy + 1, bytes};
        while (baggage_read(&reader, "/root", &group)) {
            EXPECT(group.failures[0].code < 0);
            read++;
        }
        free(copy);
    }
    TEST_NOTE("%llu spoiled inputs, %llu failures read of them", (unsigned long long)count,
              (unsigned long long)read);
    EXPECT(read > 0);
}
