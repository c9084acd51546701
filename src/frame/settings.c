// settings.c - see settings.h.
#include "frame/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/os.h"

// ---- numbers ---------------------------------------------------------------------------------

// The whole number that `text`, which stands behind `name`, is.
static bool read_number(const char *name, const char *text, int min, int max, int *number) {
    char *end;
    const long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < min || value > max) {
        (void)fprintf(stderr, "tenon: %s is \"%s\"; it can be %d to %d\n", name, text, min, max);
        return false;
    }
    *number = (int)value;
    return true;
}

static bool read_threads(const char *name, const char *text, int *threads) {
    return read_number(name, text, 1, SETTINGS_THREADS_MAX, threads);
}

// In options 0 means that nothing is said.
static bool read_processes(const char *name, const char *text, int *processes) {
    if (!read_number(name, text, 0, SETTINGS_PROCESSES_MAX, processes)) {
        return false;
    }
    *processes = *processes == 0 ? -1 : *processes;
    return true;
}

// Likewise: 0 is for ever, which is below 0 in options.
static bool read_seconds(const char *name, const char *text, double *seconds) {
    char *end;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= 0)) {
        (void)fprintf(stderr, "tenon: %s is \"%s\"; it can be a number of seconds, or 0: never\n",
                      name, text);
        return false;
    }
    *seconds = value > 0 ? value : -1;
    return true;
}

// ---- the environment -------------------------------------------------------------------------

// NULL: it is not there, or empty.
static const char *said(const char *name) {
    const char *text = os_environment(name);
    return text == NULL || *text == '\0' ? NULL : text;
}

static bool read_cap(enum settings_cap *cap) {
    static const char *const names[] = {[SETTINGS_SERIAL] = "serial",
                                        [SETTINGS_FRAME] = "frame",
                                        [SETTINGS_PFRAME] = "pframe",
                                        [SETTINGS_DFRAME] = "dframe"};
    const char *text = said("TENON_LEVEL");
    *cap = SETTINGS_DFRAME;
    if (text == NULL) {
        return true;
    }
    for (int i = SETTINGS_SERIAL; i <= SETTINGS_DFRAME; i++) {
        if (strcmp(text, names[i]) == 0) {
            *cap = (enum settings_cap)i;
            return true;
        }
    }
    (void)fprintf(
        stderr, "tenon: TENON_LEVEL is \"%s\"; it can be serial, frame, pframe or dframe\n", text);
    return false;
}

static bool complete_seconds(const char *name, double *seconds) {
    const char *text = *seconds == 0 ? said(name) : NULL;
    return text == NULL || read_seconds(name, text, seconds);
}

bool settings_complete(struct tn_run_options *options, enum settings_cap *cap) {
    const char *threads = options->num_threads == 0 ? said("TENON_THREADS") : NULL;
    const char *processes = options->num_processes == 0 ? said("TENON_PROCESSES") : NULL;
    return read_cap(cap) &&
           (threads == NULL || read_threads("TENON_THREADS", threads, &options->num_threads)) &&
           (processes == NULL ||
            read_processes("TENON_PROCESSES", processes, &options->num_processes)) &&
           complete_seconds("TENON_HOG_SECONDS", &options->hog_seconds) &&
           complete_seconds("TENON_SUSPECT_SECONDS", &options->suspect_seconds);
}

// ---- the command line ------------------------------------------------------------------------

static const struct {
    const char *name;
    bool (*read)(const char *name, const char *text, int *number);
    size_t field;
} known[] = {
    {"--threads", read_threads, offsetof(struct tn_run_options, num_threads)},
    {"--processes", read_processes, offsetof(struct tn_run_options, num_processes)},
};

// Reads the argument, and the next one if that is its number. Returns how many these were; 0: the
// mistake has been told.
static int read_argument(struct tn_run_options *options, const char *argument, const char *next) {
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const size_t length = strlen(known[i].name);
        if (strncmp(argument, known[i].name, length) != 0 ||
            (argument[length] != '\0' && argument[length] != '=')) {
            continue;
        }
        const bool is_apart = argument[length] == '\0';
        const char *text = !is_apart ? argument + length + 1 : next != NULL ? next : "";
        int *number = (int *)(void *)((char *)options + known[i].field);
        return !known[i].read(known[i].name, text, number) ? 0 : is_apart ? 2 : 1;
    }
    (void)fprintf(stderr,
                  "tenon: the argument %s is not known; known are --threads N and "
                  "--processes N\n",
                  argument);
    return 0;
}

const struct tn_run_options *tn_run_arguments(struct tn_run_options *options, int count,
                                              char *const *arguments) {
    for (int at = 1; at < count;) {
        const char *next = at + 1 < count ? arguments[at + 1] : NULL;
        const int taken = read_argument(options, arguments[at], next);
        if (taken == 0) {
            options->num_threads = -1; // a run with these is refused
            break;
        }
        at += taken;
    }
    return options;
}
