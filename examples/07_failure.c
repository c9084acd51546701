// 07_failure.c - failures go up the tree.
//
// A frame that cannot do its work calls TN_FAIL and returns. Its own handler is asked first, then
// those of its parents, up to root. A handler that absorbs ends it there: who awaits the failed
// frame receives the code (tn_try_await) or zeros (tn_await). A failure that nobody absorbs
// removes the whole tree, and tn_run returns its code.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <tenon.h>

TN_PFRAME(long, number, (const char *, text)) {
    char *end;
    long value = strtol(text, &end, 10);
    if (*end != '\0') {
        TN_FAIL(self, -EINVAL, "'%s' is not a number", text);
    }
    return value; // after a failure nobody sees it
}

static enum tn_verdict forgive(const struct tn_failure *failure, int *replace, void *data) {
    (void)replace;
    printf("%s %s: %s\n", (const char *)data, failure->path, failure->message);
    return TN_ABSORB;
}

TN_FRAME(long, sum, (bool, is_patient)) {
    if (is_patient) {
        tn_on_failure(self, forgive, "absorbed from");
    }
    tn_task(number) a = tn_spawn(number, "40"), b = tn_spawn(number, "two");
    long total = tn_await(number, a), value = 0;
    if (tn_try_await(number, b, &value) == -EINVAL && is_patient) {
        printf("goes on without it\n");
    }
    return total + value; // not used when this frame has been removed
}

int main(int argc, char **argv) {
    long total = 0;
    int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), sum, &total, true);
    if (code < 0) {
        return tn_complain(code);
    }
    printf("patient: %s, total %ld\n", tn_status_text(code), total);
    code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), sum, &total, false);
    printf("impatient: %s\n", tn_status_text(code));
    if (code != -EINVAL) {
        return 1;
    }
    tn_complain(code); // on standard error: which frame failed, where, and why
    return 0;
}
