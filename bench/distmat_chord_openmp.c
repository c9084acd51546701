// The twin of distmat's chord matrix: what a plain loop with OpenMP and libmvec does, compiled with
// -Ofast -march=native. Unit vectors, one square root and one arc sine for each pair.
//
//     bench_distmat_chord_openmp CITIES.csv PLACES ROUNDS
//
// Prints the seconds of every round and the median. Invariant: the matrix is in memory before the
// first round, and a checksum keeps the compiler from leaving anything out. Start reading at fill.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define RADIUS_KM 6371.0088

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

// Good enough for a file without quotes around numbers: the last two commas of a line count.
static size_t read_places(const char *path, size_t most, double *x, double *y, double *z) {
    FILE *file = fopen(path, "r");
    char line[512];
    size_t count = 0;
    while (file != NULL && count < most && fgets(line, sizeof line, file) != NULL) {
        char *second = strrchr(line, ',');
        if (second == NULL) {
            continue;
        }
        *second = '\0';
        char *first = strrchr(line, ',');
        if (first == NULL) {
            continue;
        }
        double latitude = atof(first + 1) * (M_PI / 180);
        double longitude = atof(second + 1) * (M_PI / 180);
        x[count] = cos(latitude) * cos(longitude);
        y[count] = cos(latitude) * sin(longitude);
        z[count] = sin(latitude);
        count++;
    }
    if (file != NULL) {
        fclose(file);
    }
    return count;
}

static void fill(double *restrict matrix, size_t n, const double *restrict x,
                 const double *restrict y, const double *restrict z) {
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i++) {
        double *restrict row = matrix + i * n;
#pragma omp simd
        for (size_t k = 0; k < n; k++) {
            double dx = x[k] - x[i];
            double dy = y[k] - y[i];
            double dz = z[k] - z[i];
            double chord = sqrt(dx * dx + dy * dy + dz * dz);
            row[k] = 2 * RADIUS_KM * asin(fmin(0.5 * chord, 1));
        }
    }
}

static int compare_doubles(const void *a, const void *b) {
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

static double measure(double *matrix, size_t n, double *const vectors[3], int rounds) {
    double seconds[100];
    for (int i = 0; i < rounds; i++) {
        double began = seconds_now();
        fill(matrix, n, vectors[0], vectors[1], vectors[2]);
        seconds[i] = seconds_now() - began;
        printf("round %d: %.4f s\n", i + 1, seconds[i]);
    }
    qsort(seconds, (size_t)rounds, sizeof seconds[0], compare_doubles);
    return seconds[rounds / 2];
}

int main(int argc, char **argv) {
    size_t most = argc > 2 ? strtoul(argv[2], NULL, 10) : 2000;
    int rounds = argc > 3 ? atoi(argv[3]) : 3;
    double *vectors[3];
    for (int i = 0; i < 3; i++) {
        vectors[i] = aligned_alloc(64, (most * sizeof(double) + 63) / 64 * 64);
    }
    size_t n = read_places(argc > 1 ? argv[1] : "data/cities.csv", most, vectors[0], vectors[1],
                           vectors[2]);
    if (n == 0 || rounds < 1 || rounds > 100) {
        fprintf(stderr, "usage: bench_distmat_chord_openmp CITIES.csv PLACES ROUNDS\n");
        return 2;
    }
    size_t bytes = n * n * sizeof(double);
    double *matrix = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (matrix == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    madvise(matrix, bytes, MADV_HUGEPAGE);
    memset(matrix, 0xff, bytes);
    double median = measure(matrix, n, vectors, rounds);
    double checksum = 0;
    for (size_t i = 0; i < n * n; i += 997) {
        checksum += matrix[i];
    }
    printf("RESULT places=%zu seconds=%.4f pairs_per_second=%.4g checksum=%.6f\n", n, median,
           (double)n * (double)n / median, checksum);
    munmap(matrix, bytes);
    for (int i = 0; i < 3; i++) {
        free(vectors[i]);
    }
    return 0;
}
