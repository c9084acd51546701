// The command line of distmat. Invariant: after OPTIONS_RUN every field holds something usable.
// Start reading at options_parse.
#ifndef DISTMAT_OPTIONS_H
#define DISTMAT_OPTIONS_H

#include <stdbool.h>

#include "calculator.h"
#include "runner.h"

#define OPTIONS_THREADS_MAX 1024
#define OPTIONS_PROCESSES_MAX 256

struct options {
    const struct runner *runner;
    bool is_runner_given; // the tour then shows only this one beside serial
    const struct calculator *calculator;
    const char *input;
    const char *output; // NULL: output.csv beside the input
    int threads;        // 0: as many as the machine gives
    int processes;      // the same, for runners that use any
    double radius_km;
    double fake_io_seconds;
    const char *profile; // where the folded stacks go; NULL: nobody asks
    bool is_quiet;
    bool is_tour;
};

enum options_verdict {
    OPTIONS_RUN,   // go on
    OPTIONS_DONE,  // --help or --version was printed
    OPTIONS_USAGE, // a mistake was explained on standard error
};

enum options_verdict options_parse(struct options *options, int argc, char **argv);

#endif
