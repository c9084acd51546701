// origin_pframe.c - two blocking counters side by side, because they are PFrames. After
// asyncframes' pframe.py. Its output shows its threads.
// Tested in virtual time.
#include <stdio.h>
#include <tenon.h>

TN_PFRAME(void, counter, (char, name)) {
    tn_yield(self);
    for (int i = 0; i < 4; i++) {
        tn_block(1);
        printf("%c\n", name);
    }
}

TN_FRAME(void, main_frame) {
    tn_task(counter) a = tn_spawn(counter, 'a');
    tn_sleep(self, 0.5);
    tn_task(counter) b = tn_spawn(counter, 'b');
    tn_await_all(self, &a, &b);
}

int main(int argc, char **argv) {
    const int code =
        tn_run_with(tn_run_arguments(TN_RUN(.num_threads = 3), argc, argv), main_frame, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
