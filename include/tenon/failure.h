// tenon/failure.h - how frames fail and who hears of it.
//
//     if (fd < 0) {
//         TN_FAIL(self, -ENOENT, "reading %s", path);
//         return result;                            // what is returned now is not used
//     }
//
// A failure goes up the tree of frames, not along those who wait: the failed frame's own handler is
// asked first, then its parent's, and so on to root. A failure that nobody absorbs ends the run:
// the whole tree is removed and tn_run returns the failure's code.
#ifndef TENON_FAILURE_H
#define TENON_FAILURE_H

#include <tenon/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

// A failure, as handlers see it; valid during the call.
struct tn_failure {
    int code;            // negative
    const char *message; // formatted, one line
    const char *path;    // of the frame that failed: "/root/fetch/parse"
    const char *file;    // where TN_FAIL stands
    unsigned line;
};

enum tn_verdict {
    TN_PASS,   // ask the next ancestor
    TN_ABSORB, // the failure ends here; who waits for the failed frame receives its code
};

// A handler runs on the thread where the failure happened, before the failed frame's children are
// removed, while its own frame may be running elsewhere: it must not wait. `replace` starts as the
// failure's code; a handler that passes may put another negative code there for those above.
typedef enum tn_verdict tn_failure_handler(const struct tn_failure *failure, int *replace,
                                           void *data);

// Sets the handler of the current frame for its own failures and those of everything below it;
// NULL takes it away. `data` must live as long as the frame. Returns TN_OK or TN_NO_MEMORY.
TN_PUBLIC int tn_on_failure(struct tn_self *self, tn_failure_handler *handler, void *data);

// Fails the current frame with a negative `code` and a message as by printf. The frame should
// return now: its further waits return TN_CANCELLED, and what it returns is not used. The second
// failure of the same frame is ignored.
#define TN_FAIL(self, code, ...) tn_fail_at(self, code, __FILE__, __LINE__, __VA_ARGS__)
TN_PUBLIC void tn_fail_at(struct tn_self *self, int code, const char *file, unsigned line,
                          const char *format, ...) __attribute__((format(printf, 5, 6), cold));

#ifdef __cplusplus
}
#endif

#endif
