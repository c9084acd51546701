// tenon/status.h - what functions return: 0, or a negative code that says what happened.
//
//     int code = tn_run(root, &answer);
//     if (code < 0) return tn_complain(code);
//
// Codes of Tenon lie below -10000, so they never meet a negative errno value: a frame that fails
// may use any other negative number as its own code (-ENOENT, -1, ...).
#ifndef TENON_STATUS_H
#define TENON_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

enum tn_status {
    TN_OK = 0,
    TN_CANCELLED = -10001,    // the waiting frame itself is being removed: end now
    TN_REMOVED = -10002,      // what was waited for was removed before it completed
    TN_EMPTY = -10003,        // any of nothing never completes
    TN_NO_MEMORY = -10004,    // no memory for a frame, an event or a stack
    TN_RUNNING = -10006,      // this thread is inside a run already
    TN_OUT_OF_RANGE = -10007, // a number outside what the function's manual allows
    TN_NOT_YOURS = -10008,    // this task belongs to another frame: tn_share it first
    TN_NO_THREAD = -10009,    // the system refuses another thread
    TN_TIMED_OUT = -10010,    // a deadline has passed: tenon/scope.h
    TN_REFUSED = -10011,      // a listener of a frame's free event is against its removal
    TN_NOT_RUNNING = -10012,  // only frames may do this, and no frame runs on this thread
    TN_NO_OWNER = -10013,     // no enclosing frame is of the class that this needs
    TN_WRONG_TYPE = -10014,   // it is of another function or type than the one named
    TN_WOULD_WAIT = -10015,   // not without waiting, or not in the time that was given
    TN_CLOSED = -10016,       // the stream, channel, queue or executor is closed
    TN_DEADLOCK = -10017,     // every frame waits for another: tenon/run.h
    TN_LOST = -10018,         // the process that ran the DFrame is gone: tenon/dframe.h
    TN_POISONED = -10019,     // so are all that a repeatable DFrame was given to
    TN_ENDED = -10041,        // the stream ended before all that was asked for had come
    TN_BROKEN = -10042,       // nobody can read what is written any more
    TN_TOO_LONG = -10043,     // a line, a message or an item is longer than agreed
    TN_BUSY = -10044,         // another frame is doing the same with the same stream
    TN_TOO_MANY = -10045,     // the system allows no more files, or no more processes
    TN_NOT_FOUND = -10046,    // there is no such program, file or folder
    TN_DENIED = -10047,       // no permission
    TN_MALFORMED = -10048,    // what came is no message, or not a whole one
};

// The ways in which a wait can end. A failure of the program's own is any code that Tenon does not
// define.
enum tn_kind {
    TN_KIND_VALUE,     // TN_OK: there is a result
    TN_KIND_FAILED,    // it failed: tenon/failure.h tells more
    TN_KIND_CANCELLED, // the one who waits is being removed
    TN_KIND_TIMED_OUT, // the deadline of the one who waits, or of what was waited for
    TN_KIND_REMOVED,   // what was waited for was removed
};

// Programmer's errors stop a checking build of the library (-DTENON_CHECKED=ON) with a sentence
// that says what to do. Other builds hand the same sentence to the run's report (tenon/run.h) and
// return a code.

// Marks results that must not be ignored.
#define TN_MUST_USE __attribute__((warn_unused_result))
// Everything outside this library's headers stays hidden in the shared library.
#define TN_PUBLIC __attribute__((visibility("default")))

// A short English text for a code of enum tn_status, or for a negative errno value. Never NULL; the
// text lives for ever. From any thread, inside and outside of a run.
TN_PUBLIC const char *tn_status_text(int code);

// Which way a code stands for. From any thread.
TN_PUBLIC enum tn_kind tn_kind_of(int code);

// Prints a sentence about `code` to standard error. When `code` came from this thread's last run,
// that is the failure with its frame's path, its place and message, followed by a line for each of
// its causes and for each further failure that nobody absorbed. Returns what main can end with: 1;
// or 2 for a run that was refused (TN_OUT_OF_RANGE) because its options, the arguments of the
// program or the environment ask for what cannot be. From any thread, outside of a run.
TN_PUBLIC int tn_complain(int code);

#ifdef __cplusplus
}
#endif

#endif
