// Tests of the number writer against printf, strtod and, where there is one, Python.
// Invariant: every random value is reproducible from the seed. Start reading at expect_shortest.
#include "format.h"

#include "powers.h"
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t state;

static uint64_t random_bits(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void begin(void) {
    format_start();
    state = test_seed() * 0x9e3779b97f4a7c15;
}

static const char *text_of(double value) {
    static char text[FORMAT_ROOM_BYTES + 1];
    size_t length = format_double(text, value);
    EXPECT(length <= FORMAT_BYTES_MAX);
    text[length] = '\0';
    return text;
}

// The significant digits of a printed number, without zeros at either end.
static void digits_of(const char *text, char *digits) {
    size_t count = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9' && (count > 0 || *text != '0')) {
            digits[count++] = *text;
        }
    }
    while (count > 0 && digits[count - 1] == '0') {
        count--;
    }
    digits[count] = '\0';
}

// The same digits as the shortest %.*e that reads back, which glibc rounds correctly. Only above a
// power of two may there be a still shorter decimal: one that reads back without being the nearest
// of its length.
static void expect_shortest(double value) {
    char oracle[64];
    for (int precision = 0; precision <= 16; precision++) {
        snprintf(oracle, sizeof oracle, "%.*e", precision, value);
        if (strtod(oracle, NULL) == value) {
            break;
        }
    }
    const char *text = text_of(value);
    char wanted[32];
    char got[32];
    digits_of(oracle, wanted);
    digits_of(text, got);
    EXPECT(strtod(text, NULL) == value);
    if (strlen(got) == strlen(wanted)) {
        EXPECT_STR(got, wanted);
    } else {
        int exponent;
        EXPECT(strlen(got) < strlen(wanted));
        EXPECT(frexp(value, &exponent) == 0.5);
    }
}

TEST(the_layout_is_that_of_python) {
    begin();
    EXPECT_STR(text_of(0.0), "0.0");
    EXPECT_STR(text_of(-0.0), "-0.0");
    EXPECT_STR(text_of(1.0), "1.0");
    EXPECT_STR(text_of(-1.5), "-1.5");
    EXPECT_STR(text_of(100.0), "100.0");
    EXPECT_STR(text_of(0.1), "0.1");
    EXPECT_STR(text_of(0.0001), "0.0001");
    EXPECT_STR(text_of(0.00001), "1e-05");
    EXPECT_STR(text_of(1.25e-7), "1.25e-07");
    EXPECT_STR(text_of(99999999.0), "99999999.0");
    EXPECT_STR(text_of(100000000.0), "100000000.0");
    EXPECT_STR(text_of(123456789012.5), "123456789012.5");
    EXPECT_STR(text_of(9007199254740993.0), "9007199254740992.0");
    EXPECT_STR(text_of(1e15), "1000000000000000.0");
    EXPECT_STR(text_of(1e16), "1e+16");
    EXPECT_STR(text_of(1.5e100), "1.5e+100");
    EXPECT_STR(text_of(5e-324), "5e-324");
    EXPECT_STR(text_of(2.2250738585072014e-308), "2.2250738585072014e-308");
    EXPECT_STR(text_of(-1.7976931348623157e308), "-1.7976931348623157e+308");
    EXPECT_STR(text_of((double)INFINITY), "inf");
    EXPECT_STR(text_of(-(double)INFINITY), "-inf");
    EXPECT_STR(text_of((double)NAN), "nan");
}

TEST(distances_come_out_shortest_and_read_back, .seconds = 60) {
    begin();
    for (int i = 0; i < 100000 / test_slowness(); i++) {
        expect_shortest((double)(random_bits() >> 11) * 0x1p-53 * 20015);
        expect_shortest((double)(random_bits() % 20015000) / 1000);
    }
}

TEST(all_other_doubles_come_out_shortest_and_read_back, .seconds = 60) {
    begin();
    for (int i = 0; i < 60000 / test_slowness(); i++) {
        uint64_t bits = random_bits() & ~(UINT64_C(1) << 63);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value) && value > 0) {
            expect_shortest(value);
        }
    }
}

TEST(powers_of_two_and_their_neighbours_come_out_shortest, .seconds = 60) {
    begin();
    for (int exponent = -1074; exponent < 1024; exponent += test_slowness()) {
        double value = ldexp(1, exponent);
        expect_shortest(value);
        expect_shortest(nextafter(value, INFINITY));
        if (value > 5e-324) {
            expect_shortest(nextafter(value, 0));
        }
    }
}

TEST(every_power_of_ten_has_its_top_bit_and_its_logarithm) {
    begin();
    for (int k = POWERS_MIN; k <= POWERS_MAX; k++) {
        EXPECT(powers_of(k).high >> 63 == 1);
        if (k >= -300 && k <= 300) {
            // log10 is far from an integer multiple of log10(2) for every k but 0.
            EXPECT_EQ(powers_floor_log2(k), (int)floor((double)k * 3.3219280948873623));
        }
    }
    EXPECT(powers_of(0).low == 0);
    EXPECT(powers_of(1).high == UINT64_C(0xa000000000000000));
    EXPECT(powers_of(-1).high == UINT64_C(0xcccccccccccccccc));
    EXPECT(powers_of(-1).low == UINT64_C(0xcccccccccccccccd));
}

TEST(python_agrees_on_many_values, .seconds = 60) {
    if (system("python3 -c pass >/dev/null 2>&1") != 0) {
        TEST_SKIP("there is no python3");
    }
    begin();
    // Python reads pairs of bits and text, and says how many texts are not its repr().
    FILE *python = popen("python3 -c 'import struct,sys\n"
                         "bad = [l for l in sys.stdin if repr(struct.unpack(\"<d\", "
                         "int(l.split()[0]).to_bytes(8, \"little\"))[0]) != l.split()[1]]\n"
                         "sys.stderr.write(\"\".join(bad[:5]))\n"
                         "sys.exit(len(bad) > 0)'",
                         "w");
    EXPECT(python != NULL);
    for (int i = 0; i < 50000 / test_slowness(); i++) {
        uint64_t bits = random_bits();
        if (i % 2 == 0) {
            double value = (double)(bits >> 11) * 0x1p-53 * (i % 4 == 0 ? 20015 : 2);
            memcpy(&bits, &value, sizeof bits);
        }
        double value;
        memcpy(&value, &bits, sizeof value);
        fprintf(python, "%llu %s\n", (unsigned long long)bits, text_of(value));
    }
    EXPECT_EQ(pclose(python), 0);
}

TEST(a_distance_is_written_in_some_tens_of_nanoseconds) {
    begin();
    enum { COUNT = 4096, ROUNDS = 50 };
    static double values[COUNT];
    static char text[COUNT * FORMAT_BYTES_MAX + FORMAT_ROOM_BYTES];
    for (int i = 0; i < COUNT; i++) {
        values[i] = (double)(random_bits() >> 11) * 0x1p-53 * 20015;
    }
    double best = 1;
    for (int round = 0; round < ROUNDS; round++) {
        struct timespec began;
        struct timespec ended;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &began);
        char *out = text;
        for (int i = 0; i < COUNT; i++) {
            out += format_double(out, values[i]);
        }
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended);
        double seconds =
            (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) * 1e-9;
        best = fmin(best, seconds / COUNT);
    }
    TEST_NOTE("%.1f ns a number, uniform in 0 to 20015", best * 1e9);
    // Far above what is measured anywhere, far below printf.
    EXPECT(best * 1e9 < 200.0 * test_slowness());
}
