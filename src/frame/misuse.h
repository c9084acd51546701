// misuse.h - programmer's errors: what the caller did wrong and what to do instead.
//
// A checking build prints the sentence and aborts, so that the error is found where it was made.
// Other builds hand the sentence to the run's report and go on with a code.
#ifndef TENON_FRAME_MISUSE_H
#define TENON_FRAME_MISUSE_H

// Says one sentence about the error, as by printf. Returns `code`, if it returns. From any thread.
int misuse(int code, const char *format, ...) __attribute__((format(printf, 2, 3), cold));

// The same for a call that only frames may make, from outside of a run: TN_NOT_RUNNING.
int misuse_outside(void) __attribute__((cold));

#endif
