// Invariant: see compare.h. Start reading at compare_with_haversine.
#include "compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

bool compare_files(int a, int b) {
    struct stat status[2];
    if (fstat(a, &status[0]) < 0 || fstat(b, &status[1]) < 0 ||
        status[0].st_size != status[1].st_size) {
        return false;
    }
    size_t bytes = (size_t)status[0].st_size;
    if (bytes == 0) {
        return true;
    }
    void *left = mmap(NULL, bytes, PROT_READ, MAP_SHARED, a, 0);
    void *right = mmap(NULL, bytes, PROT_READ, MAP_SHARED, b, 0);
    bool equal = left != MAP_FAILED && right != MAP_FAILED && memcmp(left, right, bytes) == 0;
    if (left != MAP_FAILED) {
        munmap(left, bytes);
    }
    if (right != MAP_FAILED) {
        munmap(right, bytes);
    }
    return equal;
}

bool compare_matrix(const struct matrix *matrix, const struct places *places,
                    const struct calculator *calculator, double radius_km) {
    double *row = malloc((matrix->n + 1) * sizeof *row);
    bool equal = row != NULL;
    for (size_t i = 0; equal && i < matrix->n; i++) {
        struct stretch stretch = {places, i, 0, matrix->n, radius_km};
        calculator->calculate(&stretch, row);
        equal = memcmp(row, matrix->rows + i * matrix->n, matrix->n * sizeof *row) == 0;
    }
    free(row);
    return equal;
}

// Haversine's a = sin^2(half the arc) carries a few rounding errors, which the arc sees divided by
// the sine and cosine of its half.
static double tolerated_km(double distance_km, double radius_km) {
    double tolerance = fmax(1e-12 * distance_km, 1e-9);
    double cosine = cos(distance_km / radius_km / 2);
    return tolerance + radius_km * 4 * 0x1p-52 / fmax(fabs(cosine), 1e-8);
}

int compare_with_haversine(const struct matrix *matrix, const struct places *places,
                           double radius_km, size_t step, struct difference *difference) {
    *difference = (struct difference){0, 0};
    double *row = malloc((matrix->n + 1) * sizeof *row);
    if (row == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < matrix->n; i += step) {
        struct stretch stretch = {places, i, 0, matrix->n, radius_km};
        calculator_haversine.calculate(&stretch, row);
        for (size_t k = 0; k < matrix->n; k++) {
            double distance = matrix->rows[i * matrix->n + k];
            double off = fabs(distance - row[k]);
            difference->worst_km = fmax(difference->worst_km, off);
            // Not a number must not look like agreement.
            double share = off / tolerated_km(row[k], radius_km);
            if (!(share <= difference->worst_share)) {
                difference->worst_share = isnan(share) ? INFINITY : share;
            }
        }
    }
    free(row);
    return 0;
}
