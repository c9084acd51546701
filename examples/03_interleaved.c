// 03_interleaved.c - two counters that take turns on one thread.
//
// Frames of one thread start in the order of creation and run until they wait; nothing interrupts
// them in between. So `a` prints and sleeps, then `b` does, and their sleeps end in the order in
// which they began: a b a b on every run. No lock is needed for what only Frames of one thread
// use.
#include <stdio.h>
#include <tenon.h>

TN_FRAME(void, counter, (char, name)) {
    for (int i = 0; i < 5; i++) {
        printf("%c\n", name);
        tn_sleep(self, 0.1);
    }
}

TN_FRAME(void, root) {
    tn_task(counter) a = tn_spawn(counter, 'a');
    tn_task(counter) b = tn_spawn(counter, 'b');
    tn_await_all(self, &a, &b); // without this, root would return now and remove both
}

int main(int argc, char **argv) {
    int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), root, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
