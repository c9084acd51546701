// origin_invoke.c - a thread that Tenon knows nothing of posts an event.
// After asyncframes' invoke.py.
// Tested in real time, because the simulated system has no such threads.
#include <pthread.h>
#include <stdio.h>
#include <tenon.h>

static void *work(void *event) {
    tn_block(1.5); // blocks the calling thread: any thread may
    (void)tn_event_post(event, NULL);
    return NULL;
}

TN_FRAME(void, print_dots) {
    for (int i = 0; i < 9 && tn_sleep(self, 0.1) == TN_OK; i++) {
        putchar('.');
        fflush(stdout);
    }
}

TN_FRAME(void, main_frame) {
    printf("start\n");
    struct tn_event *event = tn_event_create(self, "thread.event");
    pthread_t thread;
    if (event == NULL || pthread_create(&thread, NULL, work, event) != 0) {
        TN_FAIL(self, TN_NO_THREAD, "no thread to work");
        return;
    }
    tn_task(print_dots) dots = tn_spawn(print_dots);
    tn_forget(dots);
    (void)tn_event_wait(self, event, NULL);
    printf("\ndone\n");
    pthread_join(thread, NULL); // it has posted: the event outlives its use
}

int main(int argc, char **argv) {
    const int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), main_frame, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
