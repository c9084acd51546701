// The chord loops that only x86-64 has. Invariant and reading order: chord.h.
#ifndef DISTMAT_CHORD_X86_64_H
#define DISTMAT_CHORD_X86_64_H

#include "chord.h"

extern const struct chord_loops chord_avx512;
extern const struct chord_loops chord_avx2;

#endif
