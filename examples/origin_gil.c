// origin_gil.c - five calls that block for a second each, in one second. After gil.py of the
// workshop "distance matrix" (A. Pinkert).
//
// The calls block their threads, as those into a foreign library do. So they run on threads of the
// executor's own, and the thread of this run is free meanwhile.
// Tested in virtual time.
#include <stdio.h>
#include <tenon.h>

TN_PFRAME(void, sleep_a_second) {
    tn_block(1);
    printf("Done\n");
}

TN_FRAME(void, main_frame) {
    const double start = tn_now();
    struct tn_executor *threads = tn_executor_create(self, TN_EXECUTOR(.blocking_threads = 5));
    for (int i = 0; i < 5; i++) {
        tn_submit(threads, sleep_a_second);
    }
    tn_executor_end(self, threads);
    printf("%.3f\n", tn_now() - start);
}

int main(int argc, char **argv) {
    const int code =
        tn_run_with(tn_run_arguments(TN_RUN(.num_threads = 1), argc, argv), main_frame, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
