// status.c - codes in words.
#include <tenon/status.h>

#include <string.h>

const char *tn_status_text(int code) {
    switch (code) {
    case TN_OK:
        return "success";
    case TN_CANCELLED:
        return "cancelled: the frame is being removed";
    case TN_REMOVED:
        return "removed before it completed";
    case TN_EMPTY:
        return "any of nothing never completes";
    case TN_NO_MEMORY:
        return "out of memory";
    case TN_RUNNING:
        return "this thread is inside a run already";
    case TN_OUT_OF_RANGE:
        return "an argument is out of range";
    case TN_NOT_YOURS:
        return "the task belongs to another frame: share it first";
    case TN_NO_THREAD:
        return "the system refuses another thread";
    case TN_TIMED_OUT:
        return "a deadline has passed";
    case TN_REFUSED:
        return "a listener of the frame's free event is against its removal";
    case TN_NOT_RUNNING:
        return "only frames may do this, and none runs on this thread";
    case TN_NO_OWNER:
        return "no enclosing frame is of the class that this needs";
    case TN_WRONG_TYPE:
        return "it is of another function or type than the one named";
    case TN_WOULD_WAIT:
        return "it would have to wait, or the time given for it is over";
    case TN_DEADLOCK:
        return "deadlock: every frame waits for another";
    case TN_LOST:
        return "the process that ran the DFrame is gone";
    case TN_POISONED:
        return "every process that ran the DFrame is gone";
    case TN_CLOSED:
        return "it is closed: it takes nothing any more, and gives nothing but what it has";
    case TN_ENDED:
        return "the stream ended too early";
    case TN_BROKEN:
        return "nobody reads the other end any more";
    case TN_TOO_LONG:
        return "longer than agreed";
    case TN_BUSY:
        return "another frame is doing that already";
    case TN_TOO_MANY:
        return "the system allows no more files or processes";
    case TN_NOT_FOUND:
        return "there is no such program, file or folder";
    case TN_DENIED:
        return "no permission";
    case TN_MALFORMED:
        return "not a message, or the end of one is missing";
    default:
        break;
    }
    // strerrordesc_np is thread-safe and never translated; it is in glibc from 2.32 on.
    const char *text = code < 0 && code > -4096 ? strerrordesc_np(-code) : NULL;
    return text != NULL ? text : "failed with a code of its own";
}

enum tn_kind tn_kind_of(int code) {
    switch (code) {
    case TN_CANCELLED:
        return TN_KIND_CANCELLED;
    case TN_TIMED_OUT:
        return TN_KIND_TIMED_OUT;
    case TN_REMOVED:
        return TN_KIND_REMOVED;
    default:
        return code >= 0 ? TN_KIND_VALUE : TN_KIND_FAILED;
    }
}
