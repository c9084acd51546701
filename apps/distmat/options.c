// Parses and explains the command line. Invariant: the help names everything that main knows.
// Start reading at options_parse.
#include "options.h"

#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_RUNNER "pframes"

enum {
    OPTION_RADIUS = 256,
    OPTION_PROCESSES,
    OPTION_QUIET,
    OPTION_FAKE_IO,
    OPTION_PROFILE,
    OPTION_TOUR,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option long_options[] = {
    {"runner", required_argument, NULL, 'r'},
    {"calculator", required_argument, NULL, 'c'},
    {"output", required_argument, NULL, 'o'},
    {"threads", required_argument, NULL, 't'},
    {"processes", required_argument, NULL, OPTION_PROCESSES},
    {"radius", required_argument, NULL, OPTION_RADIUS},
    {"quiet", no_argument, NULL, OPTION_QUIET},
    {"fake-io", required_argument, NULL, OPTION_FAKE_IO},
    {"profile", optional_argument, NULL, OPTION_PROFILE},
    {"tour", no_argument, NULL, OPTION_TOUR},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "Usage: distmat [-r RUNNER] [-c CALCULATOR] [-o OUTPUT] [-t THREADS] [--processes N]\n"
    "               [--radius KM] [--fake-io SECONDS] [--profile[=FILE]] [--quiet] INPUT.csv\n";

static const char help_head[] =
    "Great-circle distances between all pairs of places.\n"
    "\n"
    "INPUT.csv (- is standard input) has a row for each place: name, latitude, longitude in\n"
    "degrees; no header; further columns are ignored. The output has a row for each pair:\n"
    "origin, destination, distance in kilometres.\n"
    "\n";

static const char help_options[] =
    "  -r, --runner RUNNER          how the work is run (default " DEFAULT_RUNNER ")\n"
    "  -c, --calculator CALCULATOR  how a distance is calculated (default haversine)\n"
    "  -o, --output OUTPUT          where the rows go (default: output.csv beside the input, or\n"
    "                               in the current folder for standard input); - is standard\n"
    "                               output; FILE.npy is a NumPy matrix of n x n doubles\n"
    "  -t, --threads THREADS        threads (default: as many as this process may use)\n"
    "      --processes N            processes of the runners dframes and processes (default: as\n"
    "                               many as CPUs)\n"
    "      --radius KM              radius of the sphere (default 6371.0088)\n"
    "      --quiet                  no progress bar, no times\n"
    "      --fake-io SECONDS        each row read and each row written takes so much longer, as "
    "if\n"
    "                               it came and went over a network\n"
    "      --profile[=FILE]         print where frames calculated and waited, and write that as\n"
    "                               folded stacks (default distmat.folded)\n"
    "      --tour                   run every runner (with -r: serial and that) over INPUT.csv\n"
    "                               and compare them: CSV of the first 2,000 places, then the\n"
    "                               chord matrix of all places in memory\n"
    "      --help, --version        print this, or the version, and exit\n";

static const char help_tail[] =
    "Equirectangular: the original computes lng2 - lng1 * cos(mean latitude), where the formula\n"
    "needs (lng2 - lng1) * cos(mean latitude); here it is mended, so the numbers differ.\n"
    "\n"
    "An output file appears whole or not at all. Exit codes: 0 done; 1 the input could not be\n"
    "read, the output not be written, or the run failed; 2 wrong usage or malformed input, whose\n"
    "rows are all named; nothing is written then.\n";

static void print_help(void) {
    printf("%s%s%s\nRunners:\n", usage, help_head, help_options);
    for (size_t i = 0; runner_at(i) != NULL; i++) {
        printf("  %-16s %s\n", runner_at(i)->name, runner_at(i)->summary);
    }
    printf("\nCalculators:\n");
    for (size_t i = 0; calculator_at(i) != NULL; i++) {
        printf("  %-16s %s\n", calculator_at(i)->name, calculator_at(i)->summary);
    }
    printf("\n%s", help_tail);
}

__attribute__((format(printf, 1, 2))) static enum options_verdict complain(const char *format,
                                                                           ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("distmat: ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n%sTry distmat --help.\n", usage);
    return OPTIONS_USAGE;
}

static bool parse_count(const char *text, int max, int *count) {
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 1 || value > max) {
        return false;
    }
    *count = (int)value;
    return true;
}

static bool parse_seconds(const char *text, double *seconds) {
    char *end;
    *seconds = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*seconds) && *seconds >= 0;
}

static bool parse_radius(const char *text, double *radius_km) {
    char *end;
    *radius_km = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*radius_km) && *radius_km > 0;
}

// One option; OPTIONS_RUN means that it was fine.
static enum options_verdict take_option(struct options *options, int option) {
    switch (option) {
    case 'r':
        options->runner = runner_find(optarg);
        options->is_runner_given = true;
        return options->runner != NULL ? OPTIONS_RUN : complain("no runner is named %s", optarg);
    case 'c':
        options->calculator = calculator_find(optarg);
        return options->calculator != NULL ? OPTIONS_RUN
                                           : complain("no calculator is named %s", optarg);
    case 'o':
        options->output = optarg;
        return *optarg != '\0' ? OPTIONS_RUN : complain("the name of the output is empty");
    case 't':
        return parse_count(optarg, OPTIONS_THREADS_MAX, &options->threads)
                   ? OPTIONS_RUN
                   : complain("-t takes a number from 1 to %d, not %s", OPTIONS_THREADS_MAX,
                              optarg);
    case OPTION_PROCESSES:
        return parse_count(optarg, OPTIONS_PROCESSES_MAX, &options->processes)
                   ? OPTIONS_RUN
                   : complain("--processes takes a number from 1 to %d, not %s",
                              OPTIONS_PROCESSES_MAX, optarg);
    case OPTION_RADIUS:
        return parse_radius(optarg, &options->radius_km)
                   ? OPTIONS_RUN
                   : complain("--radius takes kilometres above 0, not %s", optarg);
    case OPTION_QUIET:
        options->is_quiet = true;
        return OPTIONS_RUN;
    case OPTION_FAKE_IO:
        return parse_seconds(optarg, &options->fake_io_seconds)
                   ? OPTIONS_RUN
                   : complain("--fake-io takes seconds, 0 or more, not %s", optarg);
    case OPTION_PROFILE:
        options->profile = optarg != NULL ? optarg : "distmat.folded";
        return OPTIONS_RUN;
    case OPTION_TOUR:
        options->is_tour = true;
        return OPTIONS_RUN;
    case OPTION_HELP:
        print_help();
        return OPTIONS_DONE;
    case OPTION_VERSION:
        printf("distmat 0.1.0\n");
        return OPTIONS_DONE;
    default: // getopt has said what is wrong
        fprintf(stderr, "%sTry distmat --help.\n", usage);
        return OPTIONS_USAGE;
    }
}

enum options_verdict options_parse(struct options *options, int argc, char **argv) {
    *options = (struct options){
        .runner = runner_find(DEFAULT_RUNNER),
        .calculator = calculator_at(0),
        .radius_km = CALCULATOR_RADIUS_KM,
    };
    int option;
    while ((option = getopt_long(argc, argv, "r:c:o:t:", long_options, NULL)) != -1) {
        enum options_verdict verdict = take_option(options, option);
        if (verdict != OPTIONS_RUN) {
            return verdict;
        }
    }
    if (optind == argc) {
        return complain("which file?");
    }
    if (optind + 1 < argc) {
        return complain("one input only, not also %s", argv[optind + 1]);
    }
    options->input = argv[optind];
    return OPTIONS_RUN;
}
