// random_test.c - the generator: known values, replay, and rough fairness.
//
// Invariant: the sequence of a seed never changes between versions: saved seeds depend on it.
#include "base/random.h"

#include "support/test.h"

TEST(the_mixer_gives_the_published_values_for_seed_zero) {
    uint64_t state = 0;
    EXPECT(random_mix(&state) == UINT64_C(0xe220a8397b1dcdaf));
    EXPECT(random_mix(&state) == UINT64_C(0x6e789e6aa1b965f4));
    EXPECT(random_mix(&state) == UINT64_C(0x06c45d188009454f));
}

TEST(the_generator_gives_the_published_values_for_a_known_state) {
    struct random random = {{1, 2, 3, 4}};
    EXPECT(random_next(&random) == 11520);
    EXPECT(random_next(&random) == 0);
    EXPECT(random_next(&random) == 1509978240);
    EXPECT(random_next(&random) == UINT64_C(1215971899390074240));
}

TEST(the_same_seed_replays_and_another_does_not) {
    struct random one;
    struct random two;
    struct random other;
    random_init(&one, 7);
    random_init(&two, 7);
    random_init(&other, 8);
    int equal = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t value = random_next(&one);
        EXPECT(value == random_next(&two));
        equal += value == random_next(&other);
    }
    EXPECT_EQ(equal, 0);
}

TEST(numbers_below_a_bound_are_spread_evenly) {
    struct random random;
    int counts[10] = {0};
    random_init(&random, test_seed());
    for (int i = 0; i < 100000; i++) {
        uint64_t value = random_below(&random, 10);
        EXPECT(value < 10);
        counts[value]++;
    }
    for (int i = 0; i < 10; i++) {
        // 10,000 expected each, standard deviation 95: this is more than ten of them away.
        EXPECT(counts[i] > 9000 && counts[i] < 11000);
    }
    EXPECT_EQ(random_below(&random, 1), 0);
}
