// origin_progressbar.c - a progress bar that Ctrl-C ends in an orderly way. After asyncframes'
// progressbar.py. Argument: seconds for each step of the work; without it, 1.
//
// A signal handler may call next to nothing, so it only raises a flag, and a frame that looks at it
// ten times a step posts the event. Main returns when either the bar or the interrupt is done; the
// others are removed then, and the bar's last act is to say that the process was aborted.
// Tested in virtual time; and in real time on a pseudo-terminal, by tests/examples/interrupt.py.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon.h>

static volatile sig_atomic_t is_interrupted;
static double step_seconds = 1;

static void interrupt(int number) {
    (void)number;
    is_interrupted = 1;
}

static void draw(const char *title, int percent) {
    char bar[81];
    const int length = 80 - (int)strlen(title) - 5 - 6;
    const int done = percent * length / 100;
    memset(bar, '-', sizeof bar);
    memset(bar, '#', (size_t)done);
    printf("\r%s    [%.*s] %3d%%", title, length, bar, percent);
    fflush(stdout);
}

TN_FRAME(void, progress_reporter, (const char *, title), (struct tn_event **, progress)) {
    *progress = tn_event_create(self, "progress_reporter.progress");
    struct tn_awaitable *freed = tn_of_free(tn_this(self));
    int percent = 0;
    draw(title, percent);
    while (percent < 100) {
        struct tn_awaitable *first = tn_any(self, freed, tn_of_event(*progress));
        if (tn_wait(self, first) != TN_OK || tn_winner(first) == 0) {
            printf("\nprocess aborted\n");
            return;
        }
        percent = *(const int *)tn_value(first);
        tn_drop(self, first);
        draw(title, percent);
    }
    printf("\n");
}

TN_FRAME(void, process, (struct tn_event *, progress)) {
    static const int steps[] = {0, 13, 26, 39, 52, 65, 78, 91, 100};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (tn_sleep(self, step_seconds) != TN_OK) {
            return; // removed: the event may be gone
        }
        (void)tn_event_post(progress, (void *)&steps[i]);
    }
}

TN_FRAME(void, interrupt_listener) {
    while (!is_interrupted && tn_sleep(self, step_seconds / 10) == TN_OK) {
    }
}

TN_FRAME(void, main_frame) {
    struct tn_event *progress = NULL;
    tn_task(interrupt_listener) listener = tn_spawn(interrupt_listener);
    tn_task(progress_reporter) reporter = tn_spawn_with(
        TN_OPTIONS(.is_immediate = true), progress_reporter, "Running Process", &progress);
    tn_task(process) work = tn_spawn(process, progress);
    tn_forget(work);
    (void)tn_wait(self,
                  tn_any(self, tn_of_frame(tn_share(reporter)), tn_of_frame(tn_share(listener))));
}

int main(int argc, char **argv) {
    const bool is_timed = argc > 1 && argv[1][0] != '-';
    step_seconds = is_timed ? atof(argv[1]) : 1;
    signal(SIGINT, interrupt);
    const int code =
        tn_run_with(TN_RUN_ARGUMENTS(argc - is_timed, argv + is_timed), main_frame, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
