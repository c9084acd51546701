// Growing columns of places. Everything that depends on one place alone is worked out here, once,
// instead of once for each of its n - 1 pairs.
//
// Invariant: see places.h. Start reading at places_append.
#include "places.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64

double **places_column(struct places *places, int i) {
    double **columns[PLACES_COLUMNS] = {
        &places->latitude, &places->longitude, &places->cos_latitude,
        &places->x,        &places->y,         &places->z};
    return columns[i];
}

void places_init(struct places *places) {
    memset(places, 0, sizeof *places);
}

void places_deinit(struct places *places) {
    for (int i = 0; i < PLACES_COLUMNS; i++) {
        free(*places_column(places, i));
    }
    free(places->names);
    free(places->name_end);
    places_init(places);
}

static int grow_columns(struct places *places) {
    size_t capacity = places->capacity > 0 ? 2 * places->capacity : 1024;
    size_t bytes = (capacity + PLACES_PADDING) * sizeof(double);
    double *fresh[PLACES_COLUMNS] = {0};
    size_t *name_end = realloc(places->name_end, (capacity + 1) * sizeof *name_end);
    if (name_end == NULL) {
        return -ENOMEM;
    }
    places->name_end = name_end;
    places->name_end[0] = 0;
    for (int i = 0; i < PLACES_COLUMNS; i++) {
        fresh[i] = aligned_alloc(ALIGNMENT, bytes);
        if (fresh[i] == NULL) {
            while (i-- > 0) {
                free(fresh[i]);
            }
            return -ENOMEM;
        }
        memset(fresh[i], 0, bytes);
    }
    for (int i = 0; i < PLACES_COLUMNS; i++) {
        if (places->count > 0) {
            memcpy(fresh[i], *places_column(places, i), places->count * sizeof(double));
        }
        free(*places_column(places, i));
        *places_column(places, i) = fresh[i];
    }
    places->capacity = capacity;
    return 0;
}

// Makes room for one more name of at most `bytes` bytes as it will be stored.
static int reserve_name(struct places *places, size_t bytes) {
    size_t used = places->count > 0 ? places->name_end[places->count] : 0;
    if (used + bytes + PLACES_NAME_PADDING <= places->names_capacity) {
        return 0;
    }
    size_t capacity = 2 * (used + bytes + PLACES_NAME_PADDING);
    char *names = realloc(places->names, capacity);
    if (names == NULL) {
        return -ENOMEM;
    }
    memset(names + used, 0, capacity - used);
    places->names = names;
    places->names_capacity = capacity;
    return 0;
}

// Python's csv.writer with QUOTE_MINIMAL: quotes around a field that holds the delimiter, a quote
// or a part of the line end; quotes inside are doubled.
static size_t write_field(char *out, const char *name, size_t bytes) {
    bool quoted = false;
    for (size_t i = 0; i < bytes; i++) {
        quoted |= name[i] == ',' || name[i] == '"' || name[i] == '\r' || name[i] == '\n';
    }
    if (!quoted) {
        if (bytes > 0) {
            memcpy(out, name, bytes);
        }
        return bytes;
    }
    size_t length = 0;
    out[length++] = '"';
    for (size_t i = 0; i < bytes; i++) {
        if (name[i] == '"') {
            out[length++] = '"';
        }
        out[length++] = name[i];
    }
    out[length++] = '"';
    return length;
}

int places_append(struct places *places, const char *name, size_t name_bytes, double latitude,
                  double longitude) {
    if (places->count == places->capacity && grow_columns(places) < 0) {
        return -ENOMEM;
    }
    // Doubled quotes, the two around, the comma.
    if (reserve_name(places, 2 * name_bytes + 3) < 0) {
        return -ENOMEM;
    }
    size_t i = places->count;
    size_t at = places->name_end[i];
    at += write_field(places->names + at, name, name_bytes);
    places->names[at++] = ',';
    places->name_end[i + 1] = at;

    // The factor first, as Python's math.radians does it.
    double phi = latitude * (M_PI / 180);
    double lambda = longitude * (M_PI / 180);
    places->latitude[i] = phi;
    places->longitude[i] = lambda;
    places->cos_latitude[i] = cos(phi);
    places->x[i] = cos(phi) * cos(lambda);
    places->y[i] = cos(phi) * sin(lambda);
    places->z[i] = sin(phi);
    places->count = i + 1;
    return 0;
}

void places_truncate(struct places *places, size_t count) {
    size_t dropped = places->count - count;
    if (dropped == 0) {
        return;
    }
    for (int i = 0; i < PLACES_COLUMNS; i++) {
        memset(*places_column(places, i) + count, 0, dropped * sizeof(double));
    }
    places->count = count;
}
