// One run. The input is read before the output is opened, unless the runner reads for itself.
// Invariant: see session.h. Start reading at session.
#include "session.h"

#include "fault.h"
#include "format.h"
#include "profile.h"
#include "progress.h"

#include <tenon.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct session {
    const struct options *options;
    const char *output_path;
    char *default_path; // what output_path points to, unless it was given
    struct reader reader;
    struct places places;
    struct output output;
    struct matrix matrix;
    struct progress progress;
    struct profile *profile;
    struct job job;
    bool is_matrix;
    bool is_reading; // the input is not at its end
    double calc_seconds;
};

static int complain(const char *what, int error) {
    const char *text = error == -EPIPE ? "its reader has gone away" : strerror(-error);
    fprintf(stderr, "distmat: %s: %s\n", what, text);
    return 1;
}

static int complain_about_output(const struct session *session, int error) {
    bool is_stdout = strcmp(session->output_path, "-") == 0;
    return complain(is_stdout ? "standard output" : session->output_path, error);
}

// output.csv in the folder of the input, as the original does it.
static int choose_output(struct session *session) {
    const struct options *options = session->options;
    session->output_path = options->output;
    if (session->output_path == NULL) {
        const char *slash = strrchr(options->input, '/');
        int folder = slash != NULL ? (int)(slash - options->input) + 1 : 0;
        if (asprintf(&session->default_path, "%.*soutput.csv", folder, options->input) < 0) {
            session->default_path = NULL;
            return complain("the name of the output", -ENOMEM);
        }
        session->output_path = session->default_path;
    }
    size_t length = strlen(session->output_path);
    session->is_matrix = length > 4 && strcmp(session->output_path + length - 4, ".npy") == 0;
    return 0;
}

static int check_input(const struct session *session) {
    if (session->reader.error < 0) {
        return complain(session->reader.path, session->reader.error);
    }
    if (session->reader.faults > 0) {
        fault_summary(session->reader.faults, session->reader.path);
        return 2;
    }
    return 0;
}

static int read_input(struct session *session) {
    int error = reader_open(&session->reader, session->options->input);
    if (error < 0) {
        return complain(session->options->input, error);
    }
    session->is_reading = true;
    if (session->options->runner->reads && !session->is_matrix) {
        return 0;
    }
    const struct span span = profile_begin(session->profile);
    while (session->is_reading) {
        session->is_reading = reader_next(&session->reader, &session->places, SIZE_MAX / 2);
    }
    profile_work(session->profile, &span, "read");
    return check_input(session);
}

static int open_output(struct session *session) {
    int error = output_open(&session->output, session->output_path);
    if (error == 0 && session->is_matrix) {
        error = matrix_map_file(&session->matrix, session->places.count, &session->output);
    }
    return error < 0 ? complain_about_output(session, error) : 0;
}

static int calculate(struct session *session) {
    session->job = (struct job){
        .calculator = session->options->calculator,
        .radius_km = session->options->radius_km,
        .threads = session->options->threads,
        .processes = session->options->processes,
        .places = &session->places,
        .reader = session->is_reading ? &session->reader : NULL,
        .output = &session->output,
        .matrix = session->is_matrix ? &session->matrix : NULL,
        .progress = &session->progress,
        .profile = session->profile,
        .fake_io_seconds = session->options->fake_io_seconds,
    };
    job_init(&session->job);
    if (!session->is_reading) { // so the rows have been read
        job_pause(&session->job, session->places.count);
    }
    uint64_t total = session->is_reading ? 0 : job_total(&session->job);
    progress_start(&session->progress, session->options->runner->name, total,
                   !session->options->is_quiet);
    double began = progress_clock();
    int code = session->options->runner->run(&session->job);
    session->calc_seconds = progress_clock() - began;
    progress_stop(&session->progress);
    if (code < 0) {
        return tn_complain(code);
    }
    int verdict = check_input(session);
    if (verdict != 0) {
        return verdict;
    }
    return session->job.error < 0 ? complain_about_output(session, session->job.error) : 0;
}

// As the original prints them; beside the rows when those go to standard output.
static void print_times(const struct session *session, double total_seconds) {
    char text[FORMAT_ROOM_BYTES];
    text[format_double(text, total_seconds)] = '\0';
    FILE *file = strcmp(session->output_path, "-") == 0 ? stderr : stdout;
    fprintf(file, "Calc time: %.20f\nTotal time: %s\n", session->calc_seconds, text);
}

static int run(struct session *session) {
    double began = progress_clock();
    int code = choose_output(session);
    if (code == 0) {
        code = read_input(session);
    }
    if (code == 0) {
        code = open_output(session);
    }
    if (code == 0) {
        code = calculate(session);
    }
    matrix_unmap(&session->matrix);
    if (code == 0) {
        int error = output_commit(&session->output);
        code = error < 0 ? complain_about_output(session, error) : 0;
    }
    if (code == 0 && !session->options->is_quiet) {
        print_times(session, progress_clock() - began);
    }
    return code;
}

static int report_profile(const struct session *session) {
    profile_print(session->profile, stderr);
    const int error = profile_write(session->profile, session->options->profile);
    return error < 0 ? complain(session->options->profile, error) : 0;
}

int session(const struct options *options) {
    struct session session = {.options = options, .output = {.fd = -1}};
    if (options->profile != NULL && (session.profile = profile_create()) == NULL) {
        return complain("the profile", -ENOMEM);
    }
    int code = run(&session);
    if (code == 0 && options->profile != NULL) {
        code = report_profile(&session);
    }
    profile_destroy(session.profile);
    output_discard(&session.output);
    reader_close(&session.reader);
    places_deinit(&session.places);
    free(session.default_path);
    return code;
}
