// origin_counter.c - counts once a second. After asyncframes' counter.py.
// Tested in virtual time.
#include <stdio.h>
#include <tenon.h>

TN_FRAME(void, main_frame) {
    for (int i = 0; i < 5; i++) {
        tn_sleep(self, 1);
        printf("%d\n", i + 1);
    }
}

int main(int argc, char **argv) {
    const int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), main_frame, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
