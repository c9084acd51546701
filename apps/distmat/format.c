// Lays out the shortest decimal of a double as Python's repr() does.
//
// Invariant: nothing is read back from memory on the fast path; digits travel in registers, eight
// to a word, and only stores depend on the length of the number before. Distances lie in
// [1, 100,000,000) and take that path; everything else is laid out by write_any.
// Start reading at format_double.
#include "format.h"

#include "powers.h"
#include "shortest.h"

#include <math.h>

static const uint64_t ten_to_the[17] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
};

#define EIGHT_ZEROS UINT64_C(0x3030303030303030)

void format_start(void) {
    powers_start();
}

static void store_word(char *out, uint64_t word) {
    if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) {
        word = __builtin_bswap64(word);
    }
    memcpy(out, &word, sizeof word);
}

// The eight decimal digits of value < 10^8, one per byte, the first one in the lowest byte. Each
// step halves all parts at once: one number below 10^8, two below 10^4, four below 100, eight
// digits; the divisions by 100 and by 10 are multiplications exact in those ranges.
static uint64_t eight_digits(uint64_t value) {
    uint64_t fours = value / 10000 | (value % 10000) << 32;
    uint64_t hundreds = ((fours * 10486) >> 20) & UINT64_C(0x0000007f0000007f);
    uint64_t twos = hundreds | (fours - hundreds * 100) << 16;
    uint64_t tens = ((twos * 103) >> 10) & UINT64_C(0x000f000f000f000f);
    return tens | (twos - tens * 10) << 8;
}

// How many of the eight digits stand before the trailing zeros; digits must not all be zero.
static size_t significant_digits(uint64_t digits) {
    return 8 - (size_t)__builtin_clzll(digits) / 8;
}

// 1 <= value < 10^8. The part before the point is the truncated value itself: a shortest decimal
// never reaches the next integer, because that integer is a double too.
static size_t write_plain(char *out, double value) {
    struct decimal decimal = shortest_of(value);
    uint64_t whole = (uint64_t)(int64_t)value;
    uint64_t whole_digits = eight_digits(whole);
    unsigned leading = (unsigned)__builtin_ctzll(whole_digits) / 8;
    store_word(out, (whole_digits | EIGHT_ZEROS) >> (8 * leading));
    size_t length = 8 - leading;
    out[length++] = '.';
    if (decimal.exponent >= 0) {
        out[length++] = '0';
        return length;
    }
    // The part behind the point, moved up to exactly sixteen digits. The smallest exponent here
    // is -16: 1 has the binary exponent -52, and floor(log10(2^-52)) is -16.
    unsigned places = (unsigned)-decimal.exponent;
    uint64_t behind = (decimal.digits - whole * ten_to_the[places]) * ten_to_the[16 - places];
    uint64_t first = eight_digits(behind / 100000000);
    uint64_t second = eight_digits(behind % 100000000);
    store_word(out + length, first | EIGHT_ZEROS);
    store_word(out + length + 8, second | EIGHT_ZEROS);
    if (second != 0) {
        return length + 8 + significant_digits(second);
    }
    return length + (first != 0 ? significant_digits(first) : 1);
}

// Writes the digits without trailing zeros and returns how many; *exponent becomes the power of
// ten of the first digit.
static size_t write_digits(char *out, struct decimal decimal, int *exponent) {
    char reversed[20];
    int count = 0;
    uint64_t rest = decimal.digits;
    while (rest % 10 == 0) {
        rest /= 10;
        decimal.exponent++;
    }
    do {
        reversed[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    *exponent = decimal.exponent + count - 1;
    for (int i = 0; i < count; i++) {
        out[i] = reversed[count - 1 - i];
    }
    return (size_t)count;
}

// d.ddde-05 and de+16: at least two digits of exponent, always with its sign.
static size_t write_scientific(char *out, const char *digits, size_t count, int exponent) {
    size_t length = 0;
    out[length++] = digits[0];
    if (count > 1) {
        out[length++] = '.';
        memcpy(out + length, digits + 1, count - 1);
        length += count - 1;
    }
    out[length++] = 'e';
    out[length++] = exponent < 0 ? '-' : '+';
    int size = exponent < 0 ? -exponent : exponent;
    if (size >= 100) {
        out[length++] = (char)('0' + size / 100);
    }
    out[length++] = (char)('0' + size / 10 % 10);
    out[length++] = (char)('0' + size % 10);
    return length;
}

// Any finite value > 0.
static size_t write_any(char *out, double value) {
    char digits[20];
    int exponent;
    size_t count = write_digits(digits, shortest_of(value), &exponent);
    if (exponent < -4 || exponent >= 16) {
        return write_scientific(out, digits, count, exponent);
    }
    size_t length = 0;
    if (exponent < 0) {
        out[length++] = '0';
        out[length++] = '.';
        for (int zero = -1; zero > exponent; zero--) {
            out[length++] = '0';
        }
        memcpy(out + length, digits, count);
        return length + count;
    }
    for (size_t i = 0; i <= (size_t)exponent || i < count; i++) {
        if (i == (size_t)exponent + 1) {
            out[length++] = '.';
        }
        out[length++] = i < count ? digits[i] : '0';
    }
    if (count <= (size_t)exponent + 1) {
        out[length++] = '.';
        out[length++] = '0';
    }
    return length;
}

// Everything but the common distances; kept out of line so that those save no registers for it.
static __attribute__((noinline)) size_t format_double_slow(char *out, double value) {
    size_t length = 0;
    if (isnan(value)) {
        memcpy(out, "nan", 3);
        return 3;
    }
    if (signbit(value)) {
        out[length++] = '-';
        value = -value;
    }
    if (isinf(value)) {
        memcpy(out + length, "inf", 3);
        return length + 3;
    }
    if (value == 0) {
        memcpy(out + length, "0.0", 3);
        return length + 3;
    }
    return length + write_any(out + length, value);
}

size_t format_double(char *out, double value) {
    if (value >= 1 && value < 1e8) {
        return write_plain(out, value);
    }
    return format_double_slow(out, value);
}
