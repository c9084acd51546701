// origin_free.c - a frame that learns that it is being removed, and says so. After asyncframes'
// free.py.
//
// The reporter waits for its own free event or for progress, whichever comes first. Main returns
// before the process is complete: its children are removed, and the reporter's free event fires.
// Tested in virtual time.
#include <stdio.h>
#include <tenon.h>

TN_FRAME(void, progress_reporter, (struct tn_event **, progress)) {
    struct tn_awaitable *freed = tn_of_free(tn_this(self));
    *progress = tn_event_create(self, "progress_reporter.progress");
    for (;;) {
        struct tn_awaitable *first = tn_any(self, freed, tn_of_event(*progress));
        if (tn_wait(self, first) != TN_OK || tn_winner(first) == 0) {
            printf("process canceled\n");
            return;
        }
        const int *percent = tn_value(first);
        tn_drop(self, first);
        printf("progress: %f\n", (double)*percent);
        if (*percent == 100) {
            printf("process finished\n");
            return;
        }
    }
}

TN_FRAME(void, main_frame) {
    static const int steps[] = {0, 13, 26, 39, 52, 65, 78, 91, 100};
    struct tn_event *progress = NULL;
    tn_task(progress_reporter) reporter = tn_spawn(progress_reporter, &progress);
    (void)tn_wait(self, tn_of_ready(tn_share(reporter)));
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        (void)tn_event_post(progress, (void *)&steps[i]);
        if (steps[i] > 20) {
            return;
        }
        tn_sleep(self, 1);
    }
    tn_await(progress_reporter, reporter);
}

int main(int argc, char **argv) {
    const int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), main_frame, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
