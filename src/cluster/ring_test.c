// Rings: sizes, wrapping, sleeping, and a side that lies. ring_session_test.c has whole sessions.
//
// Invariant: what is taken was pushed, or the ring is bad. Start reading at make_ring.
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/random.h"
#include "cluster/ring.h"
#include "support/fuzz.h"
#include "support/test.h"

enum { SLOTS = 8, PAYLOADS = 256, LONG = 64 };
_Static_assert((int)LONG > (int)RING_INSIDE_BYTES, "it does not lie in a slot");

static struct ring pushing, taking;

// Both sides of a ring, in memory of exactly its size.
static void make_ring(void) {
    const size_t bytes = bits_round_up(ring_bytes(SLOTS, PAYLOADS), CACHE_LINE);
    void *memory = aligned_alloc(CACHE_LINE, bytes);
    memset(memory, 0, bytes);
    ring_attach(&pushing, memory, SLOTS, PAYLOADS);
    ring_attach(&taking, memory, SLOTS, PAYLOADS);
}

static void free_ring(void) {
    free(pushing.shared);
}

static enum ring_code push(uint64_t task, const void *payload, uint32_t bytes) {
    const struct message message = {.kind = MESSAGE_RUN, .task = task, .bytes = bytes};
    bool wakes;
    return ring_push(&pushing, &message, payload, &wakes);
}

TEST(messages_and_payloads_of_any_length_arrive_in_order) {
    struct random random;
    random_init(&random, test_seed());
    unsigned char bytes[PAYLOADS];
    uint64_t pushed = 0, taken = 0;
    make_ring();
    while (taken < 20000) {
        const uint32_t length =
            random_once_in(&random, 3) ? 0 : (uint32_t)random_below(&random, PAYLOADS + 1);
        memset(bytes, (int)(pushed & 0xff), length);
        if (random_once_in(&random, 2) && push(pushed, bytes, length) == RING_OK) {
            pushed++;
        }
        struct message message;
        const void *payload;
        if (random_once_in(&random, 2) && ring_take(&taking, &message, &payload) == RING_OK) {
            EXPECT_EQ(message.task, taken);
            for (uint32_t i = 0; i < message.bytes; i++) {
                EXPECT_EQ(((const unsigned char *)payload)[i], taken & 0xff);
            }
            (void)ring_release(&taking, &message);
            taken++;
        }
        EXPECT(pushed - taken <= SLOTS);
    }
    EXPECT(!pushing.is_bad && !taking.is_bad);
    free_ring();
}

TEST(a_full_ring_takes_no_more_until_something_is_released) {
    struct message message;
    const void *payload;
    make_ring();
    for (uint64_t i = 0; i < SLOTS; i++) {
        EXPECT_EQ(push(i, NULL, 0), RING_OK);
    }
    EXPECT_EQ(push(9, NULL, 0), RING_NONE);
    EXPECT(ring_sleep_full(&pushing));
    EXPECT_EQ(ring_take(&taking, &message, &payload), RING_OK);
    EXPECT(ring_release(&taking, &message)); // who waits for room is woken
    EXPECT_EQ(push(9, NULL, 0), RING_OK);
    free_ring();
}

TEST(who_sleeps_is_woken_once_for_many_messages) {
    const struct message message = {.kind = MESSAGE_RUN};
    bool wakes;
    make_ring();
    EXPECT_EQ(ring_push(&pushing, &message, NULL, &wakes), RING_OK);
    EXPECT(!wakes);
    EXPECT(!ring_sleep_empty(&taking)); // there is something
    struct message taken;
    const void *payload;
    EXPECT_EQ(ring_take(&taking, &taken, &payload), RING_OK);
    (void)ring_release(&taking, &taken);
    EXPECT(ring_sleep_empty(&taking));
    EXPECT_EQ(ring_push(&pushing, &message, NULL, &wakes), RING_OK);
    EXPECT(wakes);
    EXPECT_EQ(ring_push(&pushing, &message, NULL, &wakes), RING_OK);
    EXPECT(!wakes);
    free_ring();
}

TEST(what_can_wait_wakes_nobody_and_comes_before_what_follows) {
    const struct message message = {.kind = MESSAGE_STARTED, .task = 1};
    const struct message next = {.kind = MESSAGE_RESULT, .task = 2};
    struct message taken;
    const void *payload;
    bool wakes;
    make_ring();
    EXPECT(ring_sleep_empty(&taking));
    EXPECT_EQ(ring_push_quietly(&pushing, &message, NULL), RING_OK);
    EXPECT_EQ(ring_push(&pushing, &next, NULL, &wakes), RING_OK);
    EXPECT(wakes);
    for (uint64_t i = 1; i <= 2; i++) {
        EXPECT_EQ(ring_take(&taking, &taken, &payload), RING_OK);
        EXPECT_EQ(taken.task, i);
        ring_give_back(&taking, &taken);
    }
    EXPECT(!ring_wakes_pusher(&taking)); // which did not wait for room
    free_ring();
}

static void expect_from(uint64_t owner, uint64_t session, uint64_t task, const char *text) {
    struct message message;
    const void *payload;
    EXPECT_EQ(ring_take(&taking, &message, &payload), RING_OK);
    EXPECT_EQ(message.owner, owner);
    EXPECT_EQ(message.session, session);
    EXPECT_EQ(message.version, SESSION_VERSION);
    EXPECT_EQ(message.task, task);
    EXPECT_EQ(memcmp(payload, text, message.bytes), 0);
    ring_give_back(&taking, &message);
}

TEST(a_brief_payload_lies_in_its_message_and_comes_from_the_same_sender) {
    const char *const text = "sixteen bytes ..";
    struct message message = {.kind = MESSAGE_RUN, .version = SESSION_VERSION};
    make_ring();
    for (uint64_t session = 1; session <= 2; session++) {
        message.owner = 7, message.session = session;
        for (uint32_t bytes = RING_BRIEF_BYTES; bytes > 0; bytes--) {
            message.task = bytes, message.bytes = bytes;
            const uint64_t slot = pushing.head % SLOTS;
            EXPECT_EQ(ring_push_quietly(&pushing, &message, text), RING_OK);
            const bool is_brief = pushing.shared->slots[slot].message.version == RING_BRIEF;
            EXPECT_EQ(is_brief, bytes < RING_BRIEF_BYTES); // the first one of a session names it
            expect_from(7, session, bytes, text);
        }
    }
    free_ring();
}

// ---- a side that lies ------------------------------------------------------------------------

static void expect_bad(void) {
    struct message message;
    const void *payload;
    EXPECT_EQ(ring_take(&taking, &message, &payload), RING_BAD);
    EXPECT_EQ(ring_take(&taking, &message, &payload), RING_BAD); // and stays so
    free_ring();
}

TEST(an_index_that_cannot_be_makes_the_ring_bad) {
    const uint64_t numbers[] = {2, SLOTS, SLOTS + 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        make_ring();
        pushing.shared->slots[0].message.payload = numbers[i];
        EXPECT(!ring_sleep_empty(&taking)); // there is something to look at
        expect_bad();
    }
    make_ring();
    for (uint64_t i = 0; i < SLOTS; i++) {
        EXPECT_EQ(push(i, NULL, 0), RING_OK);
    }
    atomic_store_relaxed(&pushing.shared->tail, SLOTS + 1); // more than was pushed
    EXPECT_EQ(push(9, NULL, 0), RING_BAD);
    EXPECT_EQ(push(9, NULL, 0), RING_BAD);
    free_ring();
}

static void lie_about_payload(uint64_t at, uint32_t bytes) {
    static const unsigned char long_one[LONG];
    make_ring();
    EXPECT_EQ(push(1, long_one, LONG), RING_OK);
    pushing.shared->slots[0].where = at;
    pushing.shared->slots[0].message.bytes = bytes;
    expect_bad();
}

TEST(a_payload_outside_of_its_ring_makes_the_ring_bad) {
    lie_about_payload(0, PAYLOADS + 1);
    lie_about_payload(8, PAYLOADS);
    lie_about_payload(0, UINT32_MAX);
    lie_about_payload(4, LONG);
    lie_about_payload(UINT64_MAX - 7, LONG);
    lie_about_payload(PAYLOADS * 2, LONG);
    lie_about_payload(UINT64_MAX - 7, UINT32_MAX);
    lie_about_payload(RING_INSIDE, LONG); // too long for its slot
    lie_about_payload(0, 8);              // short, and not in its slot
}

TEST(a_brief_message_that_has_room_for_no_such_payload_makes_the_ring_bad) {
    const uint32_t lengths[] = {0, RING_BRIEF_BYTES + 1, PAYLOADS, UINT32_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        make_ring();
        EXPECT_EQ(push(1, "brief", 5), RING_OK);
        EXPECT_EQ(pushing.shared->slots[0].message.version, RING_BRIEF);
        pushing.shared->slots[0].message.bytes = lengths[i];
        expect_bad();
    }
}

TEST(whatever_stands_in_the_memory_nothing_is_read_outside, .seconds = FUZZ_SECONDS) {
    struct random random;
    random_init(&random, test_seed());
    static const char text[LONG + 16];
    uint64_t bad = 0;
    const uint64_t rounds = fuzz_count(20000);
    for (uint64_t round = 0; round < rounds; round++) {
        make_ring();
        const size_t bytes = ring_bytes(SLOTS, PAYLOADS);
        for (uint64_t i = 0; i < SLOTS; i++) {
            (void)push(i, text, (uint32_t)random_below(&random, sizeof text));
        }
        for (uint64_t i = random_below(&random, 6); i-- > 0;) {
            const uint64_t word =
                random_once_in(&random, 2) ? random_below(&random, 300) : random_next(&random);
            const size_t at = (size_t)random_below(&random, bytes / 8) * 8;
            memcpy((char *)pushing.shared + at, &word, sizeof word);
        }
        struct message message;
        const void *payload;
        enum ring_code code;
        uint64_t sum = 0;
        while ((code = ring_take(&taking, &message, &payload)) == RING_OK) {
            for (uint32_t i = 0; i < message.bytes; i++) {
                sum += ((const unsigned char *)payload)[i];
            }
            (void)ring_release(&taking, &message);
        }
        bad += code == RING_BAD;
        EXPECT(sum < UINT64_MAX);
        free_ring();
    }
    TEST_NOTE("%llu of %llu spoiled rings were found bad", (unsigned long long)bad,
              (unsigned long long)rounds);
    EXPECT(bad > 0 && bad < rounds);
}
