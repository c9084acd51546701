// 06_fib.c - a PFrame for every call: divide and conquer without a cutoff.
//
// Spawning a PFrame writes 64 bytes to a private stack of tasks. If nobody has stolen the task
// when it is awaited, it is called like a plain function, on the same stack. Only what an idle
// thread has taken becomes a frame with a stack of its own. A frame function is also a plain C
// function: fib(self, n - 2) is a call, as part of the caller's frame.
#include <stdio.h>
#include <tenon.h>

TN_PFRAME(long, fib, (int, n)) {
    if (n < 2) {
        return n;
    }
    tn_task(fib) left = tn_spawn(fib, n - 1);
    long right = fib(self, n - 2);
    return tn_await(fib, left) + right;
}

int main(int argc, char **argv) {
    long answer;
    // Root is a PFrame itself: every thread works.
    int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), fib, &answer, 30);
    if (code < 0) {
        return tn_complain(code);
    }
    printf("fib(30) = %ld\n", answer);
    return 0;
}
