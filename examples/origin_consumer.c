// origin_consumer.c - a consumer that waits for a flag on the thread of the producer who sets it.
// After the talk "Concepts for parallel programming" (M. Bergemann), where the consumer sleeps with
// the thread instead of itself, and never ends. It has to wait as a frame, tn_sleep; and the flag
// has to be taken away, which the origin forgets. Better than a look each second is an event.
// Tested in virtual time.
#include <stdio.h>
#include <tenon.h>

static bool is_locked = true;

TN_FRAME(void, consumer) {
    while (is_locked) {
        printf("Waiting for lock\n");
        if (tn_sleep(self, 1) != TN_OK) {
            return;
        }
    }
    printf("Waiting done, exiting\n");
}

TN_FRAME(void, producer) {
    tn_task(consumer) task = tn_spawn(consumer);
    tn_sleep(self, 0.5);
    is_locked = false;
    tn_await(consumer, task);
}

int main(int argc, char **argv) {
    const int code =
        tn_run_with(tn_run_arguments(TN_RUN(.num_threads = 1), argc, argv), producer, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
