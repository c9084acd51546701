// sha1.h - the Secure Hash Algorithm 1 (FIPS 180-4) of messages of at most 55 bytes, one block: all
// that UTS needs. Start reading at sha1_of.
#ifndef BENCH_SHA1_H
#define BENCH_SHA1_H

#include <stdint.h>
#include <string.h>

#define SHA1_BYTES 20
#define SHA1_MESSAGE_MAX 55

static inline uint32_t sha1_rotate(uint32_t value, int by) {
    return value << by | value >> (32 - by);
}

// The names move on by one place from round to round instead of the values.
#define SHA1_CHOOSE(x, y, z) (((x) & (y)) | (~(x) & (z)))
#define SHA1_PARITY(x, y, z) ((x) ^ (y) ^ (z))
#define SHA1_MAJORITY(x, y, z) (((x) & (y)) | ((x) & (z)) | ((y) & (z)))
#define SHA1_ROUND(f, k, a, b, c, d, e, word)                                                      \
    e += sha1_rotate(a, 5) + f(b, c, d) + (k) + (word);                                            \
    b = sha1_rotate(b, 30)
#define SHA1_FIVE(f, k)                                                                            \
    SHA1_ROUND(f, k, a, b, c, d, e, w[t]);                                                         \
    SHA1_ROUND(f, k, e, a, b, c, d, w[t + 1]);                                                     \
    SHA1_ROUND(f, k, d, e, a, b, c, w[t + 2]);                                                     \
    SHA1_ROUND(f, k, c, d, e, a, b, w[t + 3]);                                                     \
    SHA1_ROUND(f, k, b, c, d, e, a, w[t + 4])

static inline void sha1_block(uint32_t h[5], const uint8_t block[64]) {
    uint32_t w[80];
    for (int t = 0; t < 16; t++) {
        uint32_t word;
        memcpy(&word, block + 4 * t, 4);
        w[t] = __builtin_bswap32(word);
    }
    for (int t = 16; t < 80; t++) {
        w[t] = sha1_rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    }
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int t = 0; t < 20; t += 5) {
        SHA1_FIVE(SHA1_CHOOSE, 0x5a827999);
    }
    for (int t = 20; t < 40; t += 5) {
        SHA1_FIVE(SHA1_PARITY, 0x6ed9eba1);
    }
    for (int t = 40; t < 60; t += 5) {
        SHA1_FIVE(SHA1_MAJORITY, 0x8f1bbcdc);
    }
    for (int t = 60; t < 80; t += 5) {
        SHA1_FIVE(SHA1_PARITY, 0xca62c1d6);
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

// The message and the digest are counted as big-endian, whatever the machine (here: a little one).
static inline void sha1_of(const uint8_t *message, size_t bytes, uint8_t digest[SHA1_BYTES]) {
    uint8_t block[64] = {0};
    memcpy(block, message, bytes);
    block[bytes] = 0x80;
    block[62] = (uint8_t)(bytes * 8 >> 8);
    block[63] = (uint8_t)(bytes * 8);
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    sha1_block(h, block);
    for (int i = 0; i < 5; i++) {
        const uint32_t word = __builtin_bswap32(h[i]);
        memcpy(digest + 4 * i, &word, 4);
    }
}

#endif
