// How many spoiled inputs a test hands to a reader that must bear whatever comes.
//
// TENON_FUZZ=10000000 build/asan/bin/cluster_ring_test whatever_stands: a long search of one test,
// by the name that its failure would have; --seed chooses which inputs. Without it a number that
// takes less than a second.
// Invariant: the inputs follow from the seed alone, so a failure is found again. Start reading at
// fuzz_count.
#ifndef SUPPORT_FUZZ_H
#define SUPPORT_FUZZ_H

#include <stdint.h>
#include <stdlib.h>

#include "support/test.h"

// The time limit of such a test.
#define FUZZ_SECONDS 3600

// TENON_FUZZ; or `usual`, less where the program runs slowly.
static inline uint64_t fuzz_count(uint64_t usual) {
    const char *text = getenv("TENON_FUZZ");
    if (text == NULL) {
        return usual / (uint64_t)test_slowness();
    }
    char *end;
    const uint64_t count = strtoull(text, &end, 10);
    EXPECT(end != text && *end == '\0' && count >= 1000);
    return count;
}

#endif
