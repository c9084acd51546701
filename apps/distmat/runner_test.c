// Tests of the runners: all of them put out the same bytes, whatever the number of threads, and all
// of them stop at a failing output. Invariant: the serial runner is the reference.
// Start reading at text_of_runner.
#include "runner.h"

#include "format.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLACES 180

static void add_places(struct places *places) {
    format_start();
    places_init(places);
    for (int i = 0; i < PLACES; i++) {
        char name[32];
        int bytes = snprintf(name, sizeof name, "place, %d", i);
        EXPECT_EQ(places_append(places, name, (size_t)bytes, i * 0.7 - 60, i * 1.9 - 170), 0);
    }
}

static struct job prepare(struct places *places, struct progress *progress, int threads) {
    progress_start(progress, "test", 0, false);
    struct job job = {.calculator = calculator_at(0),
                      .radius_km = CALCULATOR_RADIUS_KM,
                      .threads = threads,
                      .places = places,
                      .progress = progress};
    return job;
}

// What a runner writes, to be freed.
static char *text_of_runner(const struct runner *runner, struct places *places, int threads) {
    char path[] = "/tmp/distmat-runner-XXXXXX";
    int fd = mkstemp(path);
    EXPECT(fd >= 0);
    unlink(path);
    struct progress progress;
    struct output output = {.fd = fd};
    struct job job = prepare(places, &progress, threads);
    job.output = &output;
    job_init(&job);
    EXPECT_EQ(runner->run(&job), 0);
    EXPECT_EQ(job.error, 0);
    EXPECT_EQ(job.pairs, job_total(&job));
    char *text = calloc(output.bytes + 1, 1);
    EXPECT(pread(fd, text, output.bytes, 0) == (ssize_t)output.bytes);
    close(fd);
    return text;
}

TEST(every_runner_writes_the_same_rows, .seconds = 60) {
    struct places places;
    add_places(&places);
    char *reference = text_of_runner(&runner_serial, &places, 1);
    EXPECT(strncmp(reference, "\"place, 0\",\"place, 1\",", 22) == 0);
    for (size_t i = 0; runner_at(i) != NULL; i++) {
        for (int threads = 1; threads <= 4; threads++) {
            char *text = text_of_runner(runner_at(i), &places, threads);
            EXPECT(strcmp(text, reference) == 0);
            free(text);
        }
    }
    free(reference);
    places_deinit(&places);
}

TEST(every_runner_fills_the_same_matrix, .seconds = 60) {
    struct places places;
    add_places(&places);
    struct matrix matrices[2];
    for (size_t i = 0; runner_at(i) != NULL; i++) {
        struct matrix *matrix = &matrices[i > 0];
        EXPECT_EQ(matrix_map_memory(matrix, PLACES), 0);
        struct progress progress;
        struct job job = prepare(&places, &progress, 2);
        job.calculator = &calculator_chord;
        job.matrix = matrix;
        job_init(&job);
        job.piece_pairs = 997;
        EXPECT_EQ(runner_at(i)->run(&job), 0);
        EXPECT_EQ(job.pairs, PLACES * PLACES);
        EXPECT(memcmp(matrix->rows, matrices[0].rows, matrix->mapping_bytes) == 0);
        if (i > 0) {
            matrix_unmap(matrix);
        }
    }
    EXPECT(matrices[0].rows[1] > 0);
    matrix_unmap(&matrices[0]);
    places_deinit(&places);
}

// A shared matrix of few places and a slow calculator: all processes are to have a share of it.
static void fill_shared(const struct runner *runner, struct places *places,
                        const struct matrix *reference) {
    struct matrix matrix;
    struct progress progress;
    EXPECT_EQ(matrix_map_shared(&matrix, places->count), 0);
    struct job job = prepare(places, &progress, 1);
    job.matrix = &matrix;
    job.processes = 2;
    job_init(&job);
    EXPECT_EQ(runner->run(&job), 0);
    EXPECT(job.pairs / job.piece_pairs >= 3 * (size_t)job.processes);
    EXPECT(memcmp(matrix.rows, reference->rows, reference->mapping_bytes) == 0);
    matrix_unmap(&matrix);
}

TEST(every_process_gets_a_share_of_a_small_matrix, .seconds = 60) {
    struct places places;
    add_places(&places);
    for (int i = 0; i < PLACES; i++) {
        EXPECT_EQ(places_append(&places, "further", 7, 60 - i * 0.6, i * 1.7 - 170), 0);
    }
    struct matrix reference;
    struct progress progress;
    EXPECT_EQ(matrix_map_memory(&reference, places.count), 0);
    struct job job = prepare(&places, &progress, 1);
    job.matrix = &reference;
    job_init(&job);
    EXPECT_EQ(runner_serial.run(&job), 0);
    for (size_t i = 0; runner_at(i) != NULL; i++) {
        if (runner_at(i)->is_elsewhere) {
            fill_shared(runner_at(i), &places, &reference);
        }
    }
    matrix_unmap(&reference);
    places_deinit(&places);
}

TEST(every_runner_stops_at_a_full_disk) {
    struct places places;
    add_places(&places);
    for (size_t i = 0; runner_at(i) != NULL; i++) {
        struct progress progress;
        struct output output;
        EXPECT_EQ(output_open(&output, "/dev/full"), 0);
        struct job job = prepare(&places, &progress, 2);
        job.output = &output;
        job_init(&job);
        EXPECT_EQ(runner_at(i)->run(&job), 0);
        EXPECT_EQ(job.error, -ENOSPC);
        EXPECT_EQ(job.pairs, 0);
        output_discard(&output);
    }
    places_deinit(&places);
}

TEST(no_places_are_no_work_for_any_runner) {
    struct places places;
    places_init(&places);
    for (size_t i = 0; runner_at(i) != NULL; i++) {
        char *text = text_of_runner(runner_at(i), &places, 2);
        EXPECT_STR(text, "");
        free(text);
    }
}

TEST(the_pipeline_reads_while_it_calculates) {
    struct places read_at_once;
    places_init(&read_at_once);
    format_start();
    char path[] = "/tmp/distmat-input-XXXXXX";
    int fd = mkstemp(path);
    EXPECT(fd >= 0);
    FILE *file = fdopen(fd, "w");
    for (int i = 0; i < 5 * JOB_ROWS_AT_ONCE + 3; i++) {
        fprintf(file, "p%d,%d,%d\n", i, i % 90, i % 180);
    }
    fclose(file);
    struct reader reader;
    EXPECT_EQ(reader_open(&reader, path), 0);
    EXPECT(!reader_next(&reader, &read_at_once, SIZE_MAX / 2));
    reader_close(&reader);
    char *reference = text_of_runner(&runner_serial, &read_at_once, 1);

    struct places places;
    places_init(&places);
    EXPECT_EQ(reader_open(&reader, path), 0);
    unlink(path);
    char out[] = "/tmp/distmat-runner-XXXXXX";
    struct output output = {.fd = mkstemp(out)};
    EXPECT(output.fd >= 0);
    struct progress progress;
    struct job job = prepare(&places, &progress, 1);
    job.output = &output;
    job.reader = &reader;
    job_init(&job);
    EXPECT_EQ(runner_pipeline.run(&job), 0);
    EXPECT_EQ(places.count, read_at_once.count);
    EXPECT_EQ(output.bytes, strlen(reference));
    char *text = calloc(output.bytes + 1, 1);
    EXPECT(pread(output.fd, text, output.bytes, 0) == (ssize_t)output.bytes);
    EXPECT(strcmp(text, reference) == 0);
    unlink(out);
    close(output.fd);
    free(text);
    free(reference);
    reader_close(&reader);
    places_deinit(&places);
    places_deinit(&read_at_once);
}
