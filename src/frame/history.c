// history.c - looking back at the last run of a thread: tn_run_failures and tn_complain.
//
// Start reading at history_set; see history.h.
#include "frame/history.h"

#include <stdio.h>

#include <tenon/failure.h>
#include <tenon/status.h>

#include "base/bits.h"
#include "frame/failure.h"
#include "os/os.h"

// What a program ends with that was asked for something that cannot be.
#define WRONG_USAGE 2

struct history {
    struct os_keepsake keepsake;
    struct failure *newest;
    const struct tn_failure *oldest; // linked to the newest
};

static struct history *current(void) {
    struct os_keepsake *keepsake = os_thread_kept();
    return keepsake == NULL ? NULL : container_of(keepsake, struct history, keepsake);
}

static void drop(struct os_keepsake *keepsake) {
    struct history *history = container_of(keepsake, struct history, keepsake);
    failure_drop(&history->newest, FAILURE_OF_RUN);
    os_free(history);
}

void history_set(struct failure *newest) {
    struct history *former = current();
    os_thread_keep(NULL);
    if (former != NULL) {
        drop(&former->keepsake);
    }
    if (newest == NULL) {
        return;
    }
    struct history *history = os_allocate(sizeof *history);
    if (history == NULL) {
        failure_drop(&newest, FAILURE_OF_RUN);
        return;
    }
    *history = (struct history){.keepsake.drop = drop, .newest = newest};
    history->oldest = failure_show(newest, FAILURE_OF_RUN);
    os_thread_keep(&history->keepsake);
}

const struct tn_failure *tn_run_failures(void) {
    const struct history *history = current();
    return history == NULL ? NULL : history->oldest;
}

// ---- in words --------------------------------------------------------------------------------

// One line about a failure, behind `lead`; and one for each of its causes.
static void print(const char *lead, const struct tn_failure *failure) {
    for (; failure != NULL; failure = failure->cause) {
        (void)fprintf(stderr, "tenon: %s%s failed at %s:%u: %s (%s, %d)\n", lead, failure->path,
                      failure->file, failure->line, failure->message, tn_status_text(failure->code),
                      failure->code);
        lead = "  because ";
    }
}

int tn_complain(int code) {
    const struct tn_failure *failure = tn_run_failures();
    if (failure == NULL || failure->code != code) {
        (void)fprintf(stderr, "tenon: %s (%d)\n", tn_status_text(code), code);
        return code == TN_OUT_OF_RANGE ? WRONG_USAGE : 1;
    }
    print("", failure);
    while ((failure = failure->next) != NULL) {
        print("also ", failure);
    }
    return 1;
}
