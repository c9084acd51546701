// Which chord loops an x86-64 machine can execute.
// Invariant: the portable loops are always the last ones. Start reading at chord_loops_here.
#include "chord_x86_64.h"

const struct chord_loops *chord_loops_here(size_t i) {
    const struct chord_loops *found[3];
    size_t count = 0;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) {
        found[count++] = &chord_avx512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        found[count++] = &chord_avx2;
    }
    found[count++] = &chord_portable;
    return i < count ? found[i] : NULL;
}
