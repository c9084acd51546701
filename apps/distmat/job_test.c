// Tests of jobs: the order of pairs, pieces of any size, and output that appears whole or not.
// Invariant: every file made here is removed by its test. Start reading at text_of_job.
#include "job.h"

#include "format.h"
#include "runner.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void add_places(struct places *places, size_t count, size_t name_bytes) {
    char *name = malloc(name_bytes + 1);
    memset(name, 'n', name_bytes);
    format_start();
    places_init(places);
    for (size_t i = 0; i < count; i++) {
        name[0] = (char)('A' + i % 26);
        EXPECT_EQ(places_append(places, name, name_bytes, (double)i, (double)i), 0);
    }
    free(name);
}

// Runs all pieces of at most `piece_pairs` pairs; returns the text, to be freed.
static char *text_of_job(struct places *places, size_t piece_pairs, size_t *pieces) {
    struct progress progress;
    progress_start(&progress, "test", 0, false);
    char path[] = "/tmp/distmat-job-XXXXXX";
    int fd = mkstemp(path);
    EXPECT(fd >= 0);
    struct output output = {.fd = fd};
    struct job job = {.calculator = calculator_at(0),
                      .radius_km = 1,
                      .places = places,
                      .output = &output,
                      .progress = &progress};
    job_init(&job);
    job.piece_pairs = piece_pairs;
    struct slot slot = {0};
    *pieces = 0;
    while (job_plan(&job, &slot.piece)) {
        EXPECT(slot.piece.pairs >= 1 && slot.piece.pairs <= piece_pairs);
        job_calculate(&job, &slot);
        job_put_out(&job, &slot);
        ++*pieces;
    }
    EXPECT_EQ(job.error, 0);
    EXPECT_EQ(job.pairs, job_total(&job));
    char *text = calloc(output.bytes + 1, 1);
    EXPECT(pread(fd, text, output.bytes, 0) == (ssize_t)output.bytes);
    job_free_slots(&slot, 1);
    unlink(path);
    close(fd);
    return text;
}

TEST(pairs_come_in_the_order_of_the_original) {
    struct places places;
    add_places(&places, 4, 1);
    size_t pieces;
    char *text = text_of_job(&places, 100, &pieces);
    const char *order[] = {"A,B,", "A,C,", "B,C,", "A,D,", "B,D,", "C,D,"};
    char *line = text;
    for (int i = 0; i < 6; i++) {
        EXPECT(strncmp(line, order[i], 4) == 0);
        line = strstr(line, "\r\n");
        EXPECT(line != NULL);
        line += 2;
    }
    EXPECT_STR(line, "");
    EXPECT_EQ(pieces, 1);
    free(text);
    places_deinit(&places);
}

TEST(the_size_of_pieces_changes_no_byte) {
    struct places places;
    add_places(&places, 60, 5);
    size_t pieces;
    char *whole = text_of_job(&places, SIZE_MAX, &pieces);
    static const size_t sizes[] = {1, 2, 3, 7, 58, 59, 60, 61, 1769, 1770, 1771};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *text = text_of_job(&places, sizes[i], &pieces);
        EXPECT(strcmp(text, whole) == 0);
        EXPECT_EQ(pieces, (1770 + sizes[i] - 1) / sizes[i]);
        free(text);
    }
    free(whole);
    places_deinit(&places);
}

TEST(very_long_names_make_small_pieces) {
    struct places places;
    add_places(&places, 12, 300000);
    size_t pieces;
    char *text = text_of_job(&places, 2048, &pieces);
    EXPECT(pieces >= 30);
    EXPECT(strlen(text) > 66 * 600000u);
    free(text);
    places_deinit(&places);
}

TEST(no_place_and_one_place_have_no_pairs) {
    for (size_t count = 0; count < 2; count++) {
        struct places places;
        add_places(&places, count, 1);
        size_t pieces;
        char *text = text_of_job(&places, 10, &pieces);
        EXPECT_STR(text, "");
        EXPECT_EQ(pieces, 0);
        free(text);
        places_deinit(&places);
    }
}

TEST(the_names_of_runners_and_calculators_lead_to_them) {
    for (size_t i = 0; runner_at(i) != NULL; i++) {
        EXPECT(runner_find(runner_at(i)->name) == runner_at(i));
    }
    for (size_t i = 0; calculator_at(i) != NULL; i++) {
        EXPECT(calculator_find(calculator_at(i)->name) == calculator_at(i));
    }
    EXPECT(runner_find("") == NULL);
    EXPECT(calculator_find("havers") == NULL);
}

static char folder[] = "/tmp/distmat-output-XXXXXX";

static char *path_in_folder(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static size_t files_in_folder(void) {
    char command[128];
    snprintf(command, sizeof command, "ls -A %s | wc -l", folder);
    FILE *listing = popen(command, "r");
    size_t count = 99;
    EXPECT(listing != NULL && fscanf(listing, "%zu", &count) == 1);
    pclose(listing);
    return count;
}

TEST(a_file_appears_only_when_it_is_complete) {
    EXPECT(mkdtemp(folder) != NULL);
    struct output output;
    EXPECT_EQ(output_open(&output, path_in_folder("out.csv")), 0);
    EXPECT_EQ(output_write(&output, "half", 4), 0);
    EXPECT(access(path_in_folder("out.csv"), F_OK) < 0);
    EXPECT_EQ(output_commit(&output), 0);
    EXPECT_EQ(files_in_folder(), 1);

    EXPECT_EQ(chmod(path_in_folder("out.csv"), 0640), 0);
    EXPECT_EQ(output_open(&output, path_in_folder("out.csv")), 0);
    EXPECT_EQ(output_write(&output, "other text", 10), 0);
    output_discard(&output);
    struct stat status;
    EXPECT_EQ(stat(path_in_folder("out.csv"), &status), 0);
    EXPECT_EQ(status.st_size, 4);

    EXPECT_EQ(output_open(&output, path_in_folder("out.csv")), 0);
    EXPECT_EQ(output_write(&output, "other text", 10), 0);
    EXPECT_EQ(output_commit(&output), 0);
    EXPECT_EQ(stat(path_in_folder("out.csv"), &status), 0);
    EXPECT_EQ(status.st_size, 10);
    EXPECT_EQ(status.st_mode & 0777, 0640);
    EXPECT_EQ(files_in_folder(), 1);
    unlink(path_in_folder("out.csv"));
    rmdir(folder);
}

TEST(devices_and_missing_folders_are_told) {
    struct output output;
    EXPECT_EQ(output_open(&output, "/dev/full"), 0);
    EXPECT(output.is_stream);
    EXPECT_EQ(output_write(&output, "text", 4), -ENOSPC);
    output_discard(&output);
    EXPECT_EQ(output_open(&output, "/nonexistent/out.csv"), -ENOENT);
    EXPECT_EQ(output_open(&output, "/tmp"), -EISDIR);
}

TEST(a_matrix_file_has_a_header_of_128_bytes_and_its_numbers) {
    EXPECT(mkdtemp(folder) != NULL);
    struct output output;
    struct matrix matrix;
    EXPECT_EQ(output_open(&output, path_in_folder("m.npy")), 0);
    EXPECT_EQ(matrix_map_file(&matrix, 3, &output), 0);
    for (int i = 0; i < 9; i++) {
        matrix.rows[i] = i;
    }
    matrix_unmap(&matrix);
    EXPECT_EQ(output_commit(&output), 0);
    FILE *file = fopen(path_in_folder("m.npy"), "rb");
    char header[129] = {0};
    double numbers[10];
    EXPECT_EQ(fread(header, 1, 128, file), 128);
    EXPECT_EQ(fread(numbers, sizeof numbers[0], 10, file), 9);
    fclose(file);
    EXPECT(memcmp(header, "\x93NUMPY\x01\x00\x76\x00{'descr': '", 21) == 0);
    EXPECT(strstr(header + 10, "'fortran_order': False, 'shape': (3, 3), }") != NULL);
    EXPECT_EQ(header[127], '\n');
    EXPECT(numbers[8] == 8);
    unlink(path_in_folder("m.npy"));
    rmdir(folder);
}

TEST(a_matrix_too_large_to_count_is_refused) {
    struct output output = {.fd = -1};
    struct matrix matrix;
    EXPECT_EQ(matrix_map_memory(&matrix, SIZE_MAX / 4), -EFBIG);
    EXPECT_EQ(matrix_map_file(&matrix, (size_t)1 << 32, &output), -EFBIG);
    output.is_stream = true;
    EXPECT_EQ(matrix_map_file(&matrix, 2, &output), -ESPIPE);
}
