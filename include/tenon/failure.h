// tenon/failure.h - how frames fail and who hears of it.
//
//     if (fd < 0) {
//         TN_FAIL(self, -ENOENT, "reading %s", path);
//         return result;                            // what is returned now is not used
//     }
//
// A failure goes up the tree of frames, not along those who wait: the failed frame's own handler is
// asked first, then its parent's, and so on to root. A failure that nobody absorbs ends the run:
// the whole tree is removed and tn_run returns the failure's code. Whoever awaits a failed frame
// receives its code in any case.
//
// Nothing is lost: a frame keeps the failures of all its children until it ends, and a run keeps
// those that nobody absorbed until the next run of the same thread.
#ifndef TENON_FAILURE_H
#define TENON_FAILURE_H

#include <tenon/task.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_frame;

struct tn_failure {
    int code;            // negative
    const char *message; // formatted, one line
    const char *path;    // of the frame that failed: "/root/fetch/parse"
    const char *file;    // where TN_FAIL stands
    unsigned line;
    // What led to it: the failure that a handler replaced by this one, or the one named by
    // TN_FAIL_FROM; NULL: nothing.
    const struct tn_failure *cause;
    // The one that happened next among those kept at the same place; NULL: it is the last.
    const struct tn_failure *next;
};

// ---- handling --------------------------------------------------------------------------------

enum tn_verdict {
    TN_PASS,   // ask the next ancestor
    TN_ABSORB, // the failure ends here
};

// A handler runs on the thread where the failure happened, before the failed frame's children are
// removed, while its own frame may be running elsewhere: it must not wait. `failure` is valid
// during the call. *replace starts as the failure's code, and stays negative (anything else is a
// programmer's error and changes nothing). A handler that passes may put another code there: those
// above it, who waits and tn_run then see a failure with that code whose cause is this one. After
// absorbing, who awaits the failed frame receives *replace; what is kept of the failure still has
// its own code.
typedef enum tn_verdict tn_failure_handler(const struct tn_failure *failure, int *replace,
                                           void *data);

// Sets the handler of the current frame for its own failures and those of everything below it;
// NULL takes it away. `data` must live as long as the frame. tn_spawn_with sets one before the
// frame starts. Returns TN_OK or TN_NO_MEMORY.
TN_PUBLIC int tn_on_failure(struct tn_self *self, tn_failure_handler *handler, void *data);

// ---- failing ---------------------------------------------------------------------------------

// TN_FAIL(self, code, format, ...): fails the current frame with a negative `code` (with another, a
// programmer's error, it fails with TN_OUT_OF_RANGE) and a message as by printf, of which 511 bytes
// are kept. The frame should return now: its further waits return TN_CANCELLED, and what it returns
// is not used. A frame that is being removed may fail too, and a cleanup handler fails its frame.
// The second failure of the same frame is ignored. When there is no memory to keep the message, the
// code is kept without it.
#define TN_FAIL(self, code, ...) tn_fail_at(self, NULL, code, __FILE__, __LINE__, __VA_ARGS__)

// TN_FAIL_FROM(self, cause, code, format, ...): the same because of another failure, which becomes
// the cause (it is copied; NULL: none).
#define TN_FAIL_FROM(self, cause, code, ...)                                                       \
    tn_fail_at(self, cause, code, __FILE__, __LINE__, __VA_ARGS__)

// What both become.
TN_PUBLIC void tn_fail_at(struct tn_self *self, const struct tn_failure *cause, int code,
                          const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 6, 7), cold));

// ---- looking back ----------------------------------------------------------------------------

// The failures of the current frame's children so far, absorbed ones too, in the order in which
// they happened: follow `next`. NULL: none. By the frame itself; valid until it ends, but what
// `next` says may change at the next call.
TN_PUBLIC const struct tn_failure *tn_children_failures(struct tn_self *self);

// The failure of a frame that has ended, without `next`; NULL when it has not, did not fail, or is
// NULL itself. Valid as long as the frame's handle. From any thread.
TN_PUBLIC const struct tn_failure *tn_failure_of(const struct tn_frame *frame);

// The failures of this thread's last run that nobody absorbed, in the order in which they reached
// root, those during the removal of the tree too: the first is the one whose code tn_run returned.
// NULL: none. Valid until the thread's next run returns, or the thread ends. Outside of a run.
TN_PUBLIC const struct tn_failure *tn_run_failures(void);

#ifdef __cplusplus
}
#endif

#endif
