// Invariant: see profile.h; the places are guarded by the lock. Start reading at add.
#include "profile.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tenon.h>

#define PLACES_MAX 256
#define PATH_BYTES 200

struct place {
    char path[PATH_BYTES]; // folded: "root;executor;lane;calculate_piece;calculate"
    unsigned long spans;
    double cpu;
    double waited;
};

struct profile {
    pthread_mutex_t lock;
    size_t count;
    bool is_full; // places are missing
    struct place places[PLACES_MAX];
};

struct profile *profile_create(void) {
    struct profile *profile = calloc(1, sizeof *profile);
    if (profile != NULL) {
        pthread_mutex_init(&profile->lock, NULL);
    }
    return profile;
}

void profile_destroy(struct profile *profile) {
    if (profile != NULL) {
        pthread_mutex_destroy(&profile->lock);
        free(profile);
    }
}

static double seconds_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

struct span profile_begin(const struct profile *profile) {
    return profile == NULL ? (struct span){0, 0}
                           : (struct span){seconds_of(CLOCK_THREAD_CPUTIME_ID), tn_now()};
}

// The path of whoever runs, with semicolons; outside of a run, the program's name.
static void fold_path(char *folded, const char *place) {
    char path[PATH_BYTES] = "/distmat";
    if (tn_thread_index() >= 0) {
        struct tn_frame *frame = tn_this(tn_current());
        if (frame != NULL) {
            (void)tn_frame_path(frame, path, sizeof path);
        }
    }
    for (char *at = path; *at != '\0'; at++) {
        *at = *at == '/' ? ';' : *at;
    }
    (void)snprintf(folded, PATH_BYTES, "%.*s;%s", PATH_BYTES - 40, path + 1, place);
}

static void add(struct profile *profile, const char *place, double cpu, double waited) {
    char folded[PATH_BYTES];
    fold_path(folded, place);
    pthread_mutex_lock(&profile->lock);
    size_t i = 0;
    while (i < profile->count && strcmp(profile->places[i].path, folded) != 0) {
        i++;
    }
    profile->is_full |= i == PLACES_MAX;
    if (i < PLACES_MAX) {
        struct place *entry = &profile->places[i];
        if (i == profile->count) {
            memcpy(entry->path, folded, sizeof folded);
            profile->count++;
        }
        entry->spans++;
        entry->cpu += cpu;
        entry->waited += waited;
    }
    pthread_mutex_unlock(&profile->lock);
}

void profile_work(struct profile *profile, const struct span *span, const char *place) {
    if (profile != NULL) {
        add(profile, place, seconds_of(CLOCK_THREAD_CPUTIME_ID) - span->cpu, 0);
    }
}

void profile_wait(struct profile *profile, const struct span *span, const char *place) {
    if (profile != NULL) {
        add(profile, place, 0, tn_now() - span->wall);
    }
}

static int compare(const void *left, const void *right) {
    const struct place *a = left, *b = right;
    if (a->cpu != b->cpu) {
        return a->cpu < b->cpu ? 1 : -1;
    }
    return (a->waited < b->waited) - (a->waited > b->waited);
}

void profile_print(struct profile *profile, FILE *file) {
    qsort(profile->places, profile->count, sizeof *profile->places, compare);
    fprintf(file, "%10s %10s %9s  %s\n", "CPU s", "waited s", "times", "frame; what it did");
    for (size_t i = 0; i < profile->count; i++) {
        const struct place *place = &profile->places[i];
        fprintf(file, "%10.6f %10.6f %9lu  %s\n", place->cpu, place->waited, place->spans,
                place->path);
    }
    if (profile->is_full) {
        fprintf(file, "(further places are missing: %d are the most)\n", PLACES_MAX);
    }
}

int profile_write(struct profile *profile, const char *path) {
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        return -errno;
    }
    for (size_t i = 0; i < profile->count; i++) {
        const struct place *place = &profile->places[i];
        const double seconds = place->cpu + place->waited;
        fprintf(file, "%s%s %.0f\n", place->path, place->waited > 0 ? ";[waits]" : "",
                seconds * 1e6);
    }
    const bool has_failed = ferror(file) != 0;
    return fclose(file) != 0 || has_failed ? -EIO : 0;
}
