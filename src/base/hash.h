// hash.h - FNV-1a with 64 bits: names that two builds or processes have to agree on become numbers.
//
// The algorithm is of Fowler, Noll and Vo, in the public domain. Not against an adversary. Start
// reading at hash_byte.
#ifndef TENON_BASE_HASH_H
#define TENON_BASE_HASH_H

#include <stdint.h>

#define HASH_FIRST UINT64_C(0xcbf29ce484222325)

static inline uint64_t hash_byte(uint64_t hash, unsigned char byte) {
    return (hash ^ byte) * UINT64_C(0x100000001b3);
}

// A text with its end, so that two in a row are not one.
static inline uint64_t hash_text(uint64_t hash, const char *text) {
    do {
        hash = hash_byte(hash, (unsigned char)*text);
    } while (*text++ != '\0');
    return hash;
}

#endif
