// origin_many_frames.c - ten thousand frames that each block for a millisecond. After asyncframes'
// many_frames.py.
// Tested in virtual time.
#include <stdio.h>
#include <tenon.h>

enum { COUNT = 10000 };

TN_PFRAME(bool, sub_frame, (int, i)) {
    tn_block(0.001);
    return i % 2 == 0;
}

TN_FRAME(void, main_frame) {
    static tn_task(sub_frame) subframes[COUNT];
    for (int i = 0; i < COUNT; i++) {
        subframes[i] = tn_spawn(sub_frame, i);
    }
    int even = 0;
    for (int i = 0; i < COUNT; i++) {
        even += tn_await(sub_frame, subframes[i]);
    }
    printf("%d\n", even);
}

int main(int argc, char **argv) {
    const int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), main_frame, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
