// 02_counter.c - a frame that waits, and one that waits for it.
//
// tn_spawn creates a child and returns at once with a handle. tn_await waits for the child and
// gives its result, typed as the function declares it. tn_sleep suspends the frame; its thread is
// free meanwhile. `self`, in scope in every frame function, says where the code runs: whatever
// waits takes it as its first argument.
#include <stdio.h>
#include <tenon.h>

TN_FRAME(int, counter, (int, last)) {
    int sum = 0;
    for (int i = 1; i <= last; i++) {
        printf("%d\n", i);
        sum += i;
        tn_sleep(self, 0.1);
    }
    return sum;
}

TN_FRAME(int, root) {
    tn_task(counter) task = tn_spawn(counter, 5);
    return tn_await(counter, task);
}

int main(int argc, char **argv) {
    int sum;
    int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), root, &sum);
    if (code < 0) {
        return tn_complain(code);
    }
    printf("sum %d\n", sum);
    return 0;
}
