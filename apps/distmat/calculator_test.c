// Tests of the calculators against known digits and against long double arithmetic.
// Invariant: random places are reproducible from the seed. Start reading at true_km.
#include "calculator.h"

#include "chord.h"
#include "support/test.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MANY 600

static uint64_t state;
static double latitudes[MANY];
static double longitudes[MANY];

static double uniform(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53;
}

static double within(double value, double limit) {
    return fmax(-limit, fmin(limit, value));
}

// A third of the places anywhere, a third close to the one before, a third close to its antipode.
static void scatter(struct places *places) {
    state = test_seed() * 0x9e3779b97f4a7c15;
    places_init(places);
    for (int i = 0; i < MANY; i++) {
        double near = pow(10, -13 * uniform());
        latitudes[i] = asin(2 * uniform() - 1) * 180 / M_PI;
        longitudes[i] = 360 * uniform() - 180;
        if (i % 3 == 1) {
            latitudes[i] = within(latitudes[i - 1] + near * (uniform() - 0.5), 90);
            longitudes[i] = within(longitudes[i - 1] + near * (uniform() - 0.5), 180);
        } else if (i % 3 == 2) {
            double turned = longitudes[i - 1] + (longitudes[i - 1] > 0 ? -180 : 180);
            latitudes[i] = within(near * (uniform() - 0.5) - latitudes[i - 1], 90);
            longitudes[i] = within(turned + near * (uniform() - 0.5), 180);
        }
        EXPECT_EQ(places_append(places, "p", 1, latitudes[i], longitudes[i]), 0);
    }
}

// Haversine in long double, with both halves of the circle worked out without cancellation.
static double true_km(int a, int b) {
    long double degree = 3.14159265358979323846264338327950288L / 180;
    long double p = latitudes[a] * degree;
    long double q = latitudes[b] * degree;
    long double half = ((long double)longitudes[b] - (long double)longitudes[a]) * degree / 2;
    long double cosines = cosl(p) * cosl(q);
    long double sine = sinl((q - p) / 2);
    long double other = sinl((q + p) / 2);
    long double near = sine * sine + cosines * sinl(half) * sinl(half);
    long double far = other * other + cosines * cosl(half) * cosl(half);
    return (double)(2 * atan2l(sqrtl(near), sqrtl(far)) * 6371.0088L);
}

static void expect_true(const struct chord_loops *loops, const struct places *places) {
    double distances[MANY];
    double worst = 0;
    for (int i = 0; i < MANY; i++) {
        struct stretch stretch = {places, (size_t)i, 0, MANY, CALCULATOR_RADIUS_KM};
        loops->run(&stretch, distances);
        for (int k = 0; k < MANY; k++) {
            double truth = true_km(i, k);
            double tolerance = fmax(1e-12 * truth, 1e-9);
            worst = fmax(worst, fabs(distances[k] - truth) / tolerance);
            EXPECT_NEAR(distances[k], truth, tolerance);
        }
    }
    TEST_NOTE("%s: worst error %.4f of the tolerance", loops->name, worst);
}

TEST(chord_is_true_to_a_micrometre_with_every_instruction_set, .seconds = 60) {
    struct places places;
    scatter(&places);
    for (size_t i = 0; chord_loops_here(i) != NULL; i++) {
        expect_true(chord_loops_here(i), &places);
    }
    places_deinit(&places);
}

TEST(haversine_is_true_except_near_antipodes) {
    struct places places;
    scatter(&places);
    double distances[MANY];
    for (int i = 0; i < MANY; i++) {
        struct stretch stretch = {&places, (size_t)i, 0, MANY, CALCULATOR_RADIUS_KM};
        calculator_haversine.calculate(&stretch, distances);
        for (int k = 0; k < MANY; k++) {
            double truth = true_km(i, k);
            // 1 - a loses what the cosine of half the arc says.
            double cosine = fmax(cos(truth / CALCULATOR_RADIUS_KM / 2), 1e-8);
            EXPECT_NEAR(distances[k], truth,
                        fmax(1e-12 * truth, 1e-9) + CALCULATOR_RADIUS_KM * 0x1p-50 / cosine);
        }
    }
    places_deinit(&places);
}

// The distance of the k-th pair of three or five places, as haversine gives it.
static double pair_km(const struct places *places, size_t origin, size_t destination) {
    struct stretch stretch = {places, destination, origin, 1, CALCULATOR_RADIUS_KM};
    double distance;
    calculator_haversine.calculate(&stretch, &distance);
    return distance;
}

TEST(haversine_gives_the_digits_of_the_original) {
    struct places places;
    places_init(&places);
    EXPECT_EQ(places_append(&places, "ann arbor", 9, 42.279594, -83.732124), 0);
    EXPECT_EQ(places_append(&places, "pleasant grove", 14, 40.364118, -111.738540), 0);
    EXPECT_EQ(places_append(&places, "boston", 6, 42.364758, -71.067421), 0);
    // The original's file says ...9025, one unit more than its own formula gives with glibc.
    EXPECT_NEAR(pair_km(&places, 0, 1), 2337.868086809025, 1e-12 * 2337);
    EXPECT_NEAR(pair_km(&places, 0, 2), 1040.3000880083277, 1e-12 * 1040);
    EXPECT_NEAR(pair_km(&places, 1, 2), 3369.0222508369934, 1e-12 * 3369);
    places_deinit(&places);
}

TEST(equirectangular_has_its_parenthesis_mended) {
    struct places places;
    places_init(&places);
    EXPECT_EQ(places_append(&places, "a", 1, 60, 10), 0);
    EXPECT_EQ(places_append(&places, "b", 1, 60, 11), 0);
    struct stretch stretch = {&places, 1, 0, 1, 1};
    double distance;
    calculator_equirectangular.calculate(&stretch, &distance);
    // A degree of longitude at 60 degrees north is half of one at the equator.
    EXPECT_NEAR(distance, M_PI / 180 / 2, 1e-15);
    places_deinit(&places);
}

TEST(the_cut_of_a_range_changes_no_bit_and_neither_does_the_direction) {
    struct places places;
    scatter(&places);
    double whole[MANY + 8];
    double parts[MANY + 8];
    for (size_t c = 0; calculator_at(c) != NULL; c++) {
        const struct calculator *calculator = calculator_at(c);
        for (size_t i = 0; i < MANY; i += 7) {
            struct stretch stretch = {&places, i, 0, MANY, CALCULATOR_RADIUS_KM};
            calculator->calculate(&stretch, whole);
            size_t at = 0;
            for (size_t count = 1; at < MANY; count = count % 13 + 1) {
                struct stretch part = {&places, i, at, count < MANY - at ? count : MANY - at,
                                       CALCULATOR_RADIUS_KM};
                calculator_fill(calculator, &part, parts + at);
                at += part.count;
            }
            EXPECT(memcmp(whole, parts, MANY * sizeof whole[0]) == 0);
            struct stretch back = {&places, 3, i, 1, CALCULATOR_RADIUS_KM};
            calculator->calculate(&back, parts);
            EXPECT(parts[0] == whole[3]);
        }
    }
    places_deinit(&places);
}

TEST(antipodes_are_half_a_turn_apart_and_a_place_is_nowhere_else) {
    struct places places;
    places_init(&places);
    EXPECT_EQ(places_append(&places, "a", 1, 30, 40), 0);
    EXPECT_EQ(places_append(&places, "b", 1, -30, -140), 0);
    for (size_t c = 0; c < 2; c++) {
        struct stretch stretch = {&places, 0, 0, 2, 1};
        double distances[2];
        calculator_at(c)->calculate(&stretch, distances);
        EXPECT(distances[0] == 0);
        EXPECT_NEAR(distances[1], M_PI, 1e-15);
    }
    places_deinit(&places);
}
