// Tests of the chord loops where vectors go wrong: at their remainders, at the poles, at antipodes
// and at places that coincide, for every instruction set of this machine.
//
// Invariant: the references are scalar: haversine, and the kernel with C's own fma().
// Start reading at fused_instruction_sets_agree_with_scalar_fma_to_the_last_bit.
#include "chord.h"
#include "support/test.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline double lane_multiply_add(double a, double b, double c) {
    return fma(a, b, c);
}

#include "chord_lane.h"

#include "chord_kernel.h"

// Three of the widest vectors and a remainder, from any place up to a whole vector further on.
enum { WIDEST = 8, MANY = 4 * WIDEST + 7, GUARDS = 2 * WIDEST, RADIUS = 6371 };

static void add(struct places *places, double latitude, double longitude) {
    EXPECT_EQ(places_append(places, "p", 1, latitude, longitude), 0);
}

// Both poles under several names, a place with its antipode and its double, the date line from both
// sides, and then places anywhere.
static void init_special_places(struct places *places) {
    static const double special[][2] = {
        {90, 0},    {-90, 0},  {90, 77},   {-90, -123}, {30, 40},   {-30, -140}, {30, 40},
        {-30, 220}, {0, 0},    {0, 180},   {0, -180},   {0, 90},    {0, -90},    {45, 180},
        {45, -180}, {89.9, 5}, {-89.9, 5}, {1e-9, 0},   {30, 40.1},
    };
    uint64_t state = test_seed() * 0x9e3779b97f4a7c15;
    places_init(places);
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
        add(places, special[i][0], special[i][1]);
    }
    while (places->count < MANY) {
        state = state * 6364136223846793005 + 1442695040888963407;
        add(places, (double)(state >> 33) * 180 * 0x1p-31 - 90,
            (double)(state >> 11 & 0xffffff) * 360 * 0x1p-24 - 180);
    }
}

static struct stretch all_to(const struct places *places, size_t destination) {
    return (struct stretch){places, destination, 0, places->count, RADIUS};
}

TEST(fused_instruction_sets_agree_with_scalar_fma_to_the_last_bit) {
    struct places places;
    double expected[MANY];
    double distances[MANY];
    init_special_places(&places);
    int compared = 0;
    for (size_t c = 0; chord_loops_here(c) != NULL; c++) {
        if (chord_loops_here(c) == &chord_portable) {
            continue;
        }
        for (size_t i = 0; i < MANY; i++) {
            struct stretch stretch = all_to(&places, i);
            kernel_run(&stretch, expected);
            chord_loops_here(c)->run(&stretch, distances);
            EXPECT(memcmp(distances, expected, sizeof expected) == 0);
        }
        TEST_NOTE("%s", chord_loops_here(c)->name);
        compared++;
    }
    places_deinit(&places);
    if (compared == 0) {
        TEST_SKIP("this machine has none of them");
    }
}

// Haversine loses digits where half the arc nears a quarter turn: 1 - a keeps only what is left.
static double tolerance_km(double truth) {
    double cosine = fmax(cos(truth / RADIUS / 2), 1e-8);
    return fmax(1e-12 * truth, 1e-9) + RADIUS * 0x1p-50 / cosine;
}

TEST(every_instruction_set_agrees_with_haversine_at_special_places) {
    struct places places;
    double expected[MANY];
    double distances[MANY];
    init_special_places(&places);
    for (size_t c = 0; chord_loops_here(c) != NULL; c++) {
        for (size_t i = 0; i < MANY; i++) {
            struct stretch stretch = all_to(&places, i);
            calculator_haversine.calculate(&stretch, expected);
            chord_loops_here(c)->run(&stretch, distances);
            EXPECT(distances[i] == 0);
            for (size_t k = 0; k < MANY; k++) {
                EXPECT_NEAR(distances[k], expected[k], tolerance_km(expected[k]));
            }
        }
        TEST_NOTE("%s", chord_loops_here(c)->name);
    }
    places_deinit(&places);
}

TEST(poles_antipodes_and_equal_places_have_the_distances_of_the_sphere) {
    enum { NORTH, SOUTH, NORTH_AGAIN, SOUTH_AGAIN, PLACE, ANTIPODE, DOUBLE, ANTIPODE_AGAIN };
    const double half_turn = M_PI * RADIUS;
    const double micrometre = 1e-9;
    struct places places;
    double distances[MANY];
    init_special_places(&places);
    for (size_t c = 0; chord_loops_here(c) != NULL; c++) {
        struct stretch stretch = all_to(&places, NORTH);
        chord_loops_here(c)->run(&stretch, distances);
        EXPECT_NEAR(distances[SOUTH], half_turn, micrometre);
        EXPECT_NEAR(distances[SOUTH_AGAIN], half_turn, micrometre);
        EXPECT_NEAR(distances[NORTH_AGAIN], 0, micrometre);
        EXPECT_NEAR(distances[PLACE], half_turn / 3, micrometre);
        stretch = all_to(&places, PLACE);
        chord_loops_here(c)->run(&stretch, distances);
        EXPECT(distances[DOUBLE] == 0);
        EXPECT_NEAR(distances[ANTIPODE], half_turn, micrometre);
        EXPECT_NEAR(distances[ANTIPODE_AGAIN], half_turn, micrometre);
        EXPECT_NEAR(distances[SOUTH], half_turn * 2 / 3, micrometre);
    }
    places_deinit(&places);
}

// One call of a loop, with guards around what it may write.
static void expect_remainder(void (*run)(const struct stretch *, double *),
                             const struct stretch *stretch, size_t shift, const double *whole) {
    _Alignas(64) double memory[GUARDS + MANY + GUARDS];
    double *distances = memory + GUARDS + shift;
    memset(memory, 0xa5, sizeof memory);
    run(stretch, distances);
    EXPECT(memcmp(distances, whole + stretch->origin, stretch->count * sizeof *whole) == 0);
    memset(distances, 0xa5, stretch->count * sizeof *whole);
    for (size_t i = 0; i < sizeof memory; i++) {
        EXPECT(((const unsigned char *)memory)[i] == 0xa5);
    }
}

TEST(every_remainder_at_every_alignment_gives_the_same_bits_and_writes_no_more) {
    struct places places;
    double whole[MANY];
    int calls = 0;
    init_special_places(&places);
    for (size_t c = 0; chord_loops_here(c) != NULL; c++) {
        const struct chord_loops *loops = chord_loops_here(c);
        struct stretch stretch = all_to(&places, MANY / 2);
        loops->run(&stretch, whole);
        for (size_t count = 0; count <= 3 * WIDEST; count++) {
            for (size_t shift = 0; shift < WIDEST; shift++) {
                stretch.origin = MANY - count - shift;
                stretch.count = count;
                expect_remainder(loops->run, &stretch, shift, whole);
                expect_remainder(loops->run_far, &stretch, shift, whole);
                calls += 2;
            }
        }
        TEST_NOTE("%s: %d calls so far", loops->name, calls);
    }
    places_deinit(&places);
}
