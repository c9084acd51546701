// hold_test.c - room for long payloads: pieces never overlap while they are in use, the beginning
// is used again, and what another process says is looked at.
#include "cluster/hold.h"

#include "base/cache.h"
#include "base/random.h"
#include "support/test.h"

enum { PIECES = 8, BYTES = 64 * CACHE_LINE };

static struct hold_piece pieces[PIECES];
static unsigned char memory[BYTES];

static struct hold make(void) {
    struct hold hold;
    hold_init(&hold, memory, BYTES, pieces, PIECES);
    return hold;
}

TEST(an_empty_hold_is_used_from_its_beginning) {
    struct hold hold = make();
    size_t begin;
    for (uint64_t number = 0; number < 20; number++) {
        EXPECT(hold_find(&hold, number, BYTES - number, &begin));
        EXPECT_EQ(begin, 0);
        hold_keep(&hold, number, begin, BYTES - number);
        EXPECT(!hold_is_idle(&hold, number));
        EXPECT(hold_is_idle(&hold, number + 1));
    }
    EXPECT(!hold_find(&hold, 20, BYTES + 1, &begin));
}

TEST(a_piece_is_not_given_out_before_its_message_is_given_back) {
    struct hold hold = make();
    size_t begin;
    EXPECT(hold_find(&hold, 0, BYTES / 2, &begin));
    hold_keep(&hold, 0, begin, BYTES / 2);
    EXPECT(hold_find(&hold, 0, BYTES / 2, &begin));
    EXPECT_EQ(begin, BYTES / 2);
    hold_keep(&hold, 1, begin, BYTES / 2);
    EXPECT(!hold_find(&hold, 0, 1, &begin));
    EXPECT(hold_find(&hold, 1, BYTES / 2, &begin)); // message 0 is back
    EXPECT_EQ(begin, 0);
    EXPECT(!hold_find(&hold, 1, BYTES / 2 + 1, &begin));
}

TEST(pieces_in_use_never_overlap) {
    struct random random;
    random_init(&random, test_seed());
    struct hold hold = make();
    struct hold_piece used[PIECES];
    uint64_t first = 0, next = 0;
    int kept = 0;
    for (int i = 0; i < 100000 / test_slowness(); i++) {
        size_t begin;
        const size_t bytes = 1 + random_below(&random, BYTES / 3);
        if (hold_find(&hold, first, bytes, &begin)) {
            EXPECT_EQ(begin % CACHE_LINE, 0);
            EXPECT(begin + bytes <= BYTES && next - first < PIECES);
            for (uint64_t at = first; at < next; at++) {
                const struct hold_piece *piece = &used[at % PIECES];
                EXPECT(begin >= piece->end || begin + bytes <= piece->begin);
            }
            used[next % PIECES] = (struct hold_piece){next, begin, begin + bytes};
            hold_keep(&hold, next++, begin, bytes);
            kept++;
        } else {
            EXPECT(first < next);
        }
        if (first < next && random_below(&random, 2) == 0) {
            first++;
        }
    }
    EXPECT(kept > 100);
}

TEST(what_lies_outside_of_a_hold_is_not_found) {
    EXPECT(hold_at(memory, BYTES, 0, BYTES) == memory);
    EXPECT(hold_at(memory, BYTES, CACHE_LINE, BYTES - CACHE_LINE) == memory + CACHE_LINE);
    EXPECT(hold_at(memory, BYTES, BYTES, 0) == memory + BYTES);
    EXPECT(hold_at(memory, BYTES, CACHE_LINE, BYTES) == NULL);
    EXPECT(hold_at(memory, BYTES, CACHE_LINE / 2, 1) == NULL);
    EXPECT(hold_at(memory, BYTES, BYTES + CACHE_LINE, 0) == NULL);
    EXPECT(hold_at(memory, BYTES, UINT64_MAX - CACHE_LINE + 1, CACHE_LINE) == NULL);
}
