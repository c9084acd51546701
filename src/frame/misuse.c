// misuse.c - see misuse.h.
#include "frame/misuse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <tenon/status.h>

#include "base/check.h"
#include "frame/run.h"

int misuse(int code, const char *format, ...) {
    char sentence[RUN_MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    const struct worker *worker = worker_current();
    if (TENON_CHECKED || worker == NULL) {
        (void)fprintf(stderr, "tenon: %s\n", sentence);
    } else {
        run_report(worker->scheduler->upper, "%s", sentence);
    }
    if (TENON_CHECKED) {
        abort();
    }
    return code;
}

int misuse_outside(void) {
    return misuse(TN_NOT_RUNNING, "only a frame may do this: call it from a frame function that "
                                  "tn_run has started, with that frame's self");
}
