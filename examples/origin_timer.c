// origin_timer.c - a frame that posts an event once a second, and one that listens. After
// asyncframes' timer.py.
//
// The timer is started immediately, so that its event is there when creation returns. It never ends
// by itself: it is removed when its parent returns.
// Tested in virtual time.
#include <stdio.h>
#include <tenon.h>

TN_FRAME(void, timer, (double, interval), (struct tn_event **, tick)) {
    *tick = tn_event_create(self, "timer.tick");
    while (*tick != NULL && tn_sleep(self, interval) == TN_OK) {
        (void)tn_event_post(*tick, NULL);
    }
}

TN_FRAME(void, main_frame) {
    struct tn_event *tick = NULL;
    tn_task(timer) ticking = tn_spawn_with(TN_OPTIONS(.is_immediate = true), timer, 1, &tick);
    tn_forget(ticking);
    for (int i = 0; i < 5 && tn_event_wait(self, tick, NULL) == TN_OK; i++) {
        printf("%d\n", i + 1);
    }
}

int main(int argc, char **argv) {
    const int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), main_frame, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
