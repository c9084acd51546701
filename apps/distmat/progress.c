// Draws the bar. Invariant: at most ten times a second. Start reading at progress_add.
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define SILENT_SECONDS 0.5
#define PAUSE_SECONDS 0.1
#define CELLS 30

double progress_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void progress_start(struct progress *progress, const char *what, uint64_t total, bool is_wanted) {
    *progress = (struct progress){
        .what = what,
        .total = total,
        .began = progress_clock(),
        .is_wanted = is_wanted && isatty(STDERR_FILENO),
    };
    progress->printed = progress->began + SILENT_SECONDS - PAUSE_SECONDS;
}

static void draw(struct progress *progress, double seconds) {
    double share = progress->total > 0 ? (double)progress->done / (double)progress->total : 0;
    char bar[CELLS + 1];
    for (int i = 0; i < CELLS; i++) {
        bar[i] = i < (int)(share * CELLS) ? '#' : '.';
    }
    bar[CELLS] = '\0';
    double left = share > 0 ? seconds / share - seconds : 0;
    if (progress->total > 0) {
        fprintf(stderr, "\r%-9s [%s] %3d %%  %.3g pairs/s  %.0f s left \033[K", progress->what, bar,
                (int)(share * 100), (double)progress->done / seconds, left);
    } else {
        fprintf(stderr, "\r%-9s %.3g pairs, %.3g pairs/s \033[K", progress->what,
                (double)progress->done, (double)progress->done / seconds);
    }
    fflush(stderr);
}

void progress_add(struct progress *progress, uint64_t pairs) {
    progress->done += pairs;
    if (!progress->is_wanted) {
        return;
    }
    double now = progress_clock();
    if (now - progress->printed >= PAUSE_SECONDS) {
        progress->printed = now;
        progress->is_visible = true;
        draw(progress, now - progress->began);
    }
}

void progress_stop(struct progress *progress) {
    if (progress->is_visible) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        progress->is_visible = false;
    }
}
