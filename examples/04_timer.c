// 04_timer.c - a frame tells others that something has happened.
//
// An event has no memory: a post reaches whoever waits for it at that moment, and is lost when
// nobody does. It carries a pointer, here to a text. The timer never ends by itself: it is a
// child of root, and a frame that returns removes its children. The timer learns of that from
// tn_sleep, which returns TN_CANCELLED from then on.
#include <stdio.h>
#include <tenon.h>

TN_FRAME(void, timer, (struct tn_event *, tick), (double, seconds)) {
    while (tn_sleep(self, seconds) == TN_OK) {
        tn_event_post(tick, "tick");
    }
    printf("timer removed\n");
}

TN_FRAME(void, root) {
    struct tn_event *tick = tn_event_create(self, "tick");
    tn_task(timer) task = tn_spawn(timer, tick, 0.1);
    for (int i = 1; i <= 5; i++) {
        void *text;
        if (tn_event_wait(self, tick, &text) != TN_OK) {
            return;
        }
        printf("%s %d\n", (const char *)text, i);
    }
    tn_forget(task); // nobody wants its result
}

int main(int argc, char **argv) {
    int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), root, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
