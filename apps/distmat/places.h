// The places of one run, in columns: what calculators need in one array each, and names as they
// will stand in the output.
//
// Invariant: the arrays hold `count` valid entries, are zero from there to the end, and end with at
// least PLACES_PADDING spare entries, so that a vector load that begins at a valid entry never
// leaves them. name_end is a running sum: the names of places a to b (b excluded) take
// places_name_bytes(places, a, b) bytes. Start reading at places_append.
#ifndef DISTMAT_PLACES_H
#define DISTMAT_PLACES_H

#include <stddef.h>

#define PLACES_PADDING 16
#define PLACES_COLUMNS 6
// Names are copied sixteen bytes at a time by the writer; reading behind the last one must be safe.
#define PLACES_NAME_PADDING 64

struct places {
    size_t count;
    size_t capacity;
    double *latitude;     // radians
    double *longitude;    // radians
    double *cos_latitude; // cosine of the latitude
    double *x;            // the same point on the unit sphere
    double *y;
    double *z;
    // Names, quoted where CSV needs it, each followed by a comma.
    char *names;
    size_t names_capacity;
    size_t *name_end; // name i lies at name_end[i] .. name_end[i + 1]; name_end[0] = 0
};

// Starts empty. Cannot fail: nothing is allocated before the first place.
void places_init(struct places *places);
void places_deinit(struct places *places);

// Adds a place, degrees and raw name. Returns 0, or -ENOMEM and leaves the places as they were.
int places_append(struct places *places, const char *name, size_t name_bytes, double latitude,
                  double longitude);

// Keeps the first `count` places only. count <= places->count.
void places_truncate(struct places *places, size_t count);

// The i-th of the columns latitude to z. i < PLACES_COLUMNS.
double **places_column(struct places *places, int i);

static inline size_t places_name_bytes(const struct places *places, size_t first, size_t end) {
    return places->name_end[end] - places->name_end[first];
}

#endif
