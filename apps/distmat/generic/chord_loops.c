// A processor family without loops of its own. Invariant: none. Start reading at the one function.
#include "chord.h"

const struct chord_loops *chord_loops_here(size_t i) {
    return i == 0 ? &chord_portable : NULL;
}
