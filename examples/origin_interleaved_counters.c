// origin_interleaved_counters.c - two counters that take turns because they wait at different
// times. After asyncframes' interleaved_counters.py. Tested in virtual time.
#include <stdio.h>
#include <tenon.h>

TN_FRAME(void, counter, (char, name)) {
    for (int i = 0; i < 5; i++) {
        tn_sleep(self, 1);
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
    const int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), main_frame, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
