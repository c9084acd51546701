// 11_children.c - what becomes of children when their parent returns.
//
// A frame that returns removes the children that still run: what waits is cancelled, what has not
// started never will. That is the default. A frame that wants them to finish awaits them, or
// calls tn_children_wait, which waits for all of them, also for those it has no handle of.
#include <stdio.h>
#include <tenon.h>

TN_FRAME(void, child, (const char *, parent)) {
    const char *end = tn_sleep(self, 0.1) == TN_OK ? "finished" : "removed";
    printf("child of %s: %s\n", parent, end);
}

TN_FRAME(void, hasty) {
    tn_spawn(child, "hasty"); // no handle, but a child all the same
}

TN_FRAME(void, slow) {
    tn_spawn(child, "slow");
    tn_yield(self); // the child starts and waits
}

TN_FRAME(void, patient) {
    tn_spawn(child, "patient");
    tn_children_wait(self);
}

int main(int argc, char **argv) {
    printf("hasty\n"); // its child never starts
    int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), hasty, NULL);
    printf("slow\n");
    code = code < 0 ? code : tn_run_with(TN_RUN_ARGUMENTS(argc, argv), slow, NULL);
    printf("patient\n");
    code = code < 0 ? code : tn_run_with(TN_RUN_ARGUMENTS(argc, argv), patient, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
