// 05_parallel.c - one word moves a function between levels, and what that changes.
//
// Three counters block their thread, as a call into a foreign library would. As Frames they share
// their parent's, so each blocks the next. As PFrames they run on free threads: the oldest goes to
// the idle thread with the lowest number, and thread 0 is kept for root, a Frame. With three
// threads `c` waits until `a` has ended. What is printed shows its threads: who counted, and below
// on which one. It takes its time, nine seconds.
#include <stdio.h>
#include <tenon.h>

static _Atomic int printed;
static char digits[10];

static void count(int i) {
    tn_block(0.1 * i);
    for (int n = 0; n < 3; n++) {
        tn_block(0.3);
        digits[printed++] = (char)('0' + tn_thread_index());
        putchar("abc"[i]);
        fflush(stdout);
    }
}

TN_FRAME(void, frame_counter, (int, i)) {
    count(i);
}

TN_PFRAME(void, pframe_counter, (int, i)) {
    count(i);
}

TN_FRAME(void, count_using_frames) {
    tn_task(frame_counter) a = tn_spawn(frame_counter, 0);
    tn_task(frame_counter) b = tn_spawn(frame_counter, 1);
    tn_task(frame_counter) c = tn_spawn(frame_counter, 2);
    tn_await_all(self, &a, &b, &c);
}

TN_FRAME(void, count_using_pframes) {
    tn_task(pframe_counter) a = tn_spawn(pframe_counter, 0);
    tn_task(pframe_counter) b = tn_spawn(pframe_counter, 1);
    tn_task(pframe_counter) c = tn_spawn(pframe_counter, 2);
    tn_await_all(self, &a, &b, &c);
}

static int finish_line(int code) {
    printed = 0;
    return code < 0 ? tn_complain(code) : printf("\n%s\n", digits) < 0;
}

int main(int argc, char **argv) {
    static const int threads[] = {4, 3, 1};
    int failed = finish_line(tn_run_with(TN_RUN_ARGUMENTS(argc, argv), count_using_frames, NULL));
    for (int i = 0; i < 3 && failed == 0; i++) {
        const struct tn_run_options *fixed = TN_RUN(.num_threads = threads[i]);
        failed = finish_line(tn_run_with(fixed, count_using_pframes, NULL));
    }
    return failed;
}
