// data_sample.h - a structure with everything that may travel, and random values for it.
//
// Invariant: sample_fill of the same random state gives the same values. Start reading at TN_DATA.
#ifndef SUPPORT_DATA_SAMPLE_H
#define SUPPORT_DATA_SAMPLE_H

#include <tenon/data.h>

#include "base/random.h"

TN_DATA(sample_point, (double, x), (float, y));
TN_DATA(sample_inner, (bool, is), (struct sample_point, at), (char, letter), (int8_t, tiny));
TN_DATA(sample_scalars, (int16_t, a), (uint16_t, b), (int32_t, c), (uint32_t, d), (int64_t, e),
        (uint64_t, f), (uint8_t, g), (struct sample_inner, inner));

// As the arguments of a frame: views stand beside scalars.
struct sample {
    struct sample_scalars scalars;
    tn_text text;
    tn_bytes bytes;
    tn_doubles doubles;
    tn_int16s shorts;
    tn_uint32s words;
    tn_int8s tinies;
    tn_floats floats;
};
TN_DATA_TYPE_(sample_type, struct sample, sample, sample, (struct sample_scalars, scalars),
              (tn_text, text), (tn_bytes, bytes), (tn_doubles, doubles), (tn_int16s, shorts),
              (tn_uint32s, words), (tn_int8s, tinies), (tn_floats, floats));

enum { SAMPLE_ELEMENTS_MAX = 20 };

struct sample_memory {
    double doubles[SAMPLE_ELEMENTS_MAX];
    uint64_t words[6][SAMPLE_ELEMENTS_MAX];
};

// Random values, with the extremes among them; the views point into `memory`.
void sample_fill(struct sample *sample, struct sample_memory *memory, struct random *random);

// Whether two samples are equal, floats to the last bit.
bool sample_equals(const struct sample *one, const struct sample *other);

#endif
