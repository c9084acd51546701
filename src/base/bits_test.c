// bits_test.c - rounding and powers at their edges.
//
// Invariant: each function is compared with the plainest possible second way to compute it.
#include "base/bits.h"

#include "base/cache.h"
#include "support/test.h"

struct groups {
    int by_owner;
    CACHE_ALIGNED int by_thieves;
};

CACHE_APART(struct groups, by_owner, by_thieves);

TEST(powers_are_recognised_and_rounded_up_to) {
    EXPECT(!bits_is_power(0) && bits_is_power(1) && bits_is_power(UINT64_C(1) << 63));
    EXPECT(!bits_is_power(3) && !bits_is_power(UINT64_MAX));
    EXPECT_EQ(bits_power_above(0), 1);
    for (uint64_t value = 1; value < 5000; value++) {
        uint64_t power = 1;
        while (power < value) {
            power *= 2;
        }
        EXPECT_EQ(bits_power_above(value), power);
        EXPECT_EQ(bits_is_power(value), power == value);
    }
    EXPECT(bits_power_above((UINT64_C(1) << 62) + 1) == UINT64_C(1) << 63);
}

TEST(rounding_goes_to_the_nearest_multiple_on_the_named_side) {
    EXPECT_EQ(bits_round_up(0, 4096), 0);
    EXPECT_EQ(bits_round_up(1, 4096), 4096);
    EXPECT_EQ(bits_round_up(4096, 4096), 4096);
    EXPECT_EQ(bits_round_down(4095, 4096), 0);
    EXPECT_EQ(bits_round_down(8191, 4096), 4096);
}

TEST(positions_of_bits_agree_with_counting_shifts) {
    for (unsigned int i = 0; i < 64; i++) {
        uint64_t value = UINT64_C(1) << i;
        EXPECT_EQ(bits_log2(value), i);
        EXPECT_EQ(bits_log2(value | 1), i);
        EXPECT_EQ(bits_lowest(value), i);
        EXPECT_EQ(bits_count(value - 1), i);
    }
}

TEST_DIES(rounding_to_no_power_is_caught, SIGABRT, "invariant") {
    (void)bits_round_up(10, 3);
}

TEST(an_aligned_group_starts_a_line) {
    struct groups groups;
    EXPECT_EQ((uintptr_t)&groups.by_thieves % CACHE_LINE, 0);
}
