// origin_minimal.c - the smallest program of frames. After asyncframes' minimal.py.
#include <stdio.h>
#include <tenon.h>

TN_FRAME(void, main_frame) {
    printf("Hello World!\n");
}

int main(int argc, char **argv) {
    const int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), main_frame, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
