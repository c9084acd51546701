// Programmer's errors: a sentence and a code, or, in a checking build, the sentence and the end.
// Each body raises SIGABRT itself when it was told the sentence and got the code, so that one
// expectation holds for both.
#ifndef API_MISUSED_H
#define API_MISUSED_H

#include <stdio.h>
#include <string.h>

#include <tenon/run.h>

#include "support/test.h"

static inline void misused_print(const char *sentence, void *data) {
    (void)data;
    (void)fprintf(stderr, "tenon: %s\n", sentence);
}

// A run in which errors are told and survived where the build allows it.
#define MISUSED_RUN TN_RUN(.num_threads = 1, .report = misused_print)

// The rest of the process is as in a checking build.
static inline void misused_end(void) {
    raise(SIGABRT);
}

#define EXPECT_MISUSE(body, sentence) EXPECT_DIES(body, NULL, SIGABRT, sentence)

#endif
