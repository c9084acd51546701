// 08_time_limit.c - whatever comes first: an answer or the end of patience.
//
// Frames, events, timers, and all and any of them are awaitables. tn_any completes with its first
// part and lets the others be: who wants them gone removes them. Only the frame that spawned has
// the handle with the result; tn_share makes a frame of it that can be combined, removed and
// given away.
#include <stdio.h>
#include <tenon.h>

TN_FRAME(int, think, (double, seconds)) {
    if (tn_sleep(self, seconds) == TN_CANCELLED) {
        printf("interrupted\n");
    }
    return 42;
}

TN_FRAME(void, ask, (double, seconds), (double, limit)) {
    tn_task(think) task = tn_spawn(think, seconds);
    struct tn_frame *thinker = tn_share(task);
    struct tn_awaitable *first = tn_any(self, tn_of_frame(thinker), tn_timer(self, limit));
    if (tn_wait(self, first) != TN_OK) {
        return; // removed, or no memory for one of the parts
    }
    if (tn_winner(first) == 0) {
        printf("the answer is %d\n", tn_await(think, task));
    } else {
        printf("no patience\n");
        tn_remove(self, thinker); // returns when it is gone
        printf("done\n");
    }
}

TN_FRAME(void, root) {
    ask(self, 0.1, 2.0); // a plain call: runs as part of root
    ask(self, 2.0, 0.1);
}

int main(int argc, char **argv) {
    int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), root, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
