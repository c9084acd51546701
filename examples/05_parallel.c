// 05_parallel.c - one word moves a function between levels, and what that changes.
//
// Three counters block their thread, as a call into a foreign library would. As Frames they share
// the thread of their parent, so each blocks the next. As PFrames they run on the threads that
// are free: the oldest waiting PFrame goes to the idle thread with the lowest number, and thread
// 0 is kept free for root, which is a Frame. With three threads `c` has to wait until `a` has
// ended; with one there is nothing but thread 0. The first line of each run shows who counted,
// the second on which thread, in the same order.
#include <stdatomic.h>
#include <stdio.h>
#include <tenon.h>

static _Atomic int printed;
static char digits[10];

static void count(int i) {
    tn_block(0.1 * i);
    for (int n = 0; n < 3; n++) {
        tn_block(0.3);
        digits[atomic_fetch_add(&printed, 1)] = (char)('0' + tn_thread_index());
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
    printf("\n%s\n", digits);
    printed = 0;
    return code < 0 ? tn_complain(code) : 0;
}

int main(void) {
    return finish_line(tn_run(count_using_frames, NULL)) |
           finish_line(tn_run_with(TN_RUN(.num_threads = 4), count_using_pframes, NULL)) |
           finish_line(tn_run_with(TN_RUN(.num_threads = 3), count_using_pframes, NULL)) |
           finish_line(tn_run_with(TN_RUN(.num_threads = 1), count_using_pframes, NULL));
}
