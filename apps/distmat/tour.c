// The tour: first CSV over the first 2,000 places with every runner, then the matrix over all
// places in memory, each compared with what one thread gives.
//
// Invariant: the one file that is kept is the one of the serial runner, to which all others were
// compared. Start reading at tour.
#include "tour.h"

#include "compare.h"
#include "fault.h"
#include "progress.h"

#include <tenon.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CSV_PLACES_MAX 2000
#define MATRIX_BYTES_MAX 1.6e9
#define DEFAULT_OUTPUT "output.csv"
// Every so many rows of the matrix are compared with haversine.
#define SAMPLE_STEP 97

struct tour {
    const struct options *options;
    struct places places;
    struct progress progress;
    const char *kept; // path of the serial runner's CSV
    double serial_seconds;
    bool is_warming; // the first run of a stage is not shown: it pays for pages and clock speeds
    bool is_different;
};

static int complain(const char *what, int error) {
    fprintf(stderr, "distmat: %s: %s\n", what, strerror(-error));
    return 1;
}

static void prepare(struct tour *tour, struct job *job, const struct runner *runner) {
    job->radius_km = tour->options->radius_km;
    job->threads = tour->options->threads;
    job->processes = tour->options->processes;
    job->places = &tour->places;
    job->progress = &tour->progress;
    job_init(job);
    progress_start(&tour->progress, runner->name, job_total(job), !tour->options->is_quiet);
}

// Runs the job and tells the seconds. Returns 0, or 1 after a complaint.
static int measure(struct tour *tour, const struct runner *runner, struct job *job,
                   double *seconds) {
    double began = progress_clock();
    int code = runner->run(job);
    *seconds = progress_clock() - began;
    progress_stop(&tour->progress);
    if (code < 0) {
        return tn_complain(code);
    }
    return job->error < 0 ? complain(runner->name, job->error) : 0;
}

static void print_head(void) {
    printf("\n  %-10s %9s %10s %14s %16s  %s\n", "runner", "threads", "seconds", "pairs/s",
           "ratio to serial", "result");
}

static void print_row(struct tour *tour, const struct runner *runner, const struct job *job,
                      double seconds, bool is_equal) {
    bool is_serial = runner == &runner_serial;
    tour->is_different |= !is_equal;
    if (tour->is_warming) {
        return;
    }
    if (is_serial) {
        tour->serial_seconds = seconds;
    }
    const char *verdict = !is_equal ? "DIFFERENT" : is_serial ? "reference" : "equal";
    char threads[32];
    int length = snprintf(threads, sizeof threads, "%d", runner->is_parallel ? job->threads : 1);
    if (runner->is_elsewhere) { // one thread in each process
        (void)snprintf(threads + length, sizeof threads - (size_t)length, "+%dx1", job->processes);
    }
    printf("  %-10s %9s %10.3f %14.3g %15.2fx  %s\n", runner->name, threads, seconds,
           (double)job->pairs / seconds, tour->serial_seconds / seconds, verdict);
    fflush(stdout);
}

static bool equals_kept(const struct tour *tour, const struct output *output) {
    int fd = open(tour->kept, O_RDONLY | O_CLOEXEC);
    bool equal = fd >= 0 && compare_files(fd, output->fd);
    if (fd >= 0) {
        close(fd);
    }
    return equal;
}

// One runner writes its CSV; the serial one's is kept, which the others are compared with.
static int run_csv(struct tour *tour, const struct runner *runner) {
    struct output output;
    int error = output_open(&output, tour->kept);
    if (error < 0) {
        return complain(tour->kept, error);
    }
    struct job job = {.calculator = tour->options->calculator, .output = &output};
    prepare(tour, &job, runner);
    double seconds;
    int code = measure(tour, runner, &job, &seconds);
    if (code == 0 && runner == &runner_serial) {
        error = output_commit(&output);
        if (error < 0) {
            return complain(tour->kept, error);
        }
        print_row(tour, runner, &job, seconds, job.pairs == job_total(&job));
    } else if (code == 0) {
        print_row(tour, runner, &job, seconds, equals_kept(tour, &output));
    }
    output_discard(&output);
    return code;
}

// Memory that processes share is slower to touch first, so only those who need it have it.
static int choose_memory(struct matrix *matrix, size_t n, bool is_shared) {
    if (is_shared == matrix->owns_fd) {
        return 0;
    }
    matrix_unmap(matrix);
    return is_shared ? matrix_map_shared(matrix, n) : matrix_map_memory(matrix, n);
}

static int run_matrix(struct tour *tour, const struct runner *runner, struct matrix *matrix) {
    int error = choose_memory(matrix, tour->places.count, runner->is_elsewhere);
    if (error < 0) {
        return complain("the matrix", error);
    }
    // What is not written must not look right: all bits set is not a number.
    memset(matrix->rows, 0xff, matrix->mapping_bytes);
    struct job job = {.calculator = &calculator_chord, .matrix = matrix};
    prepare(tour, &job, runner);
    double seconds;
    int code = measure(tour, runner, &job, &seconds);
    if (code == 0) {
        bool equal = compare_matrix(matrix, &tour->places, &calculator_chord, job.radius_km);
        print_row(tour, runner, &job, seconds, equal);
    }
    return code;
}

static bool is_shown(const struct tour *tour, const struct runner *runner) {
    return !tour->options->is_runner_given || runner == &runner_serial ||
           runner == tour->options->runner;
}

static int csv_stage(struct tour *tour) {
    printf("CSV, %s, the first %zu places:", tour->options->calculator->name, tour->places.count);
    print_head();
    tour->is_warming = true;
    int code = run_csv(tour, &runner_serial);
    tour->is_warming = false;
    for (size_t i = 0; code == 0 && runner_at(i) != NULL; i++) {
        if (is_shown(tour, runner_at(i))) {
            code = run_csv(tour, runner_at(i));
        }
    }
    return code;
}

// At most so many places that the matrix leaves half of the memory alone.
static size_t matrix_places(size_t count) {
    double bytes = 0.5 * (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    size_t most = (size_t)sqrt(fmin(bytes, MATRIX_BYTES_MAX) / sizeof(double));
    return count < most ? count : most;
}

static int check_accuracy(struct tour *tour, const struct matrix *matrix) {
    struct difference difference;
    int error = compare_with_haversine(matrix, &tour->places, tour->options->radius_km, SAMPLE_STEP,
                                       &difference);
    if (error < 0) {
        return complain("the comparison with haversine", error);
    }
    bool is_within = difference.worst_share <= 1;
    tour->is_different |= !is_within;
    printf("  chord and haversine, every %dth row: at most %.3g mm apart, %s the tolerance\n",
           SAMPLE_STEP, difference.worst_km * 1e6, is_within ? "within" : "BEYOND");
    return 0;
}

static int matrix_stage(struct tour *tour) {
    places_truncate(&tour->places, matrix_places(tour->places.count));
    size_t n = tour->places.count;
    struct matrix matrix;
    int error = matrix_map_memory(&matrix, n);
    if (error < 0) {
        return complain("the matrix", error);
    }
    printf("\nMatrix in memory, chord, %zu places, %.2f GB:", n,
           (double)matrix.mapping_bytes / 1e9);
    print_head();
    tour->is_warming = true;
    int code = n > 0 ? run_matrix(tour, &runner_serial, &matrix) : 0;
    tour->is_warming = false;
    for (size_t i = 0; code == 0 && n > 0 && runner_at(i) != NULL; i++) {
        if (is_shown(tour, runner_at(i))) {
            code = run_matrix(tour, runner_at(i), &matrix);
        }
    }
    if (code == 0) {
        code = check_accuracy(tour, &matrix);
    }
    matrix_unmap(&matrix);
    return code;
}

// Reads at most `count` places. Returns the exit code.
static int read_places(struct tour *tour, size_t count) {
    struct reader reader;
    places_deinit(&tour->places);
    int error = reader_open(&reader, tour->options->input);
    if (error < 0) {
        return complain(tour->options->input, error);
    }
    while (tour->places.count < count &&
           reader_next(&reader, &tour->places, count - tour->places.count)) {
    }
    int code = 0;
    if (reader.error < 0) {
        code = complain(reader.path, reader.error);
    } else if (reader.faults > 0) {
        fault_summary(reader.faults, reader.path);
        code = 2;
    }
    reader_close(&reader);
    return code;
}

int tour(const struct options *options) {
    struct tour tour = {.options = options};
    tour.kept = options->output != NULL ? options->output : DEFAULT_OUTPUT;
    if (strcmp(options->input, "-") == 0 || strcmp(tour.kept, "-") == 0) {
        fprintf(stderr, "distmat: the tour reads a file twice and writes a file\n");
        return 2;
    }
    int code = read_places(&tour, CSV_PLACES_MAX);
    if (code == 0) {
        code = csv_stage(&tour);
    }
    if (code == 0) {
        code = read_places(&tour, SIZE_MAX / 2);
    }
    if (code == 0) {
        code = matrix_stage(&tour);
    }
    if (code == 0) {
        printf("\nThe CSV of the serial runner is %s.\n", tour.kept);
        printf(tour.is_different ? "SOME RESULTS DIFFER.\n" : "All results are equal.\n");
        code = tour.is_different ? 1 : 0;
    }
    places_deinit(&tour.places);
    return code;
}
