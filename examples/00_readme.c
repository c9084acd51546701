// 00_readme.c - the program that README.md shows.
#include <stdio.h>
#include <tenon.h>

TN_PFRAME(long, fib, (int, n)) {              // may run on any thread
    if (n < 2) {
        return n;
    }
    tn_task(fib) left = tn_spawn(fib, n - 1); // starts when a thread is free for it
    long right = fib(self, n - 2);            // a plain call of a plain C function
    return tn_await(fib, left) + right;       // a typed result
}

TN_FRAME(void, root) {                        // stays on the thread that called tn_run
    tn_task(fib) task = tn_spawn(fib, 30);
    tn_sleep(self, 0.1);                      // the frame waits, its thread does not
    printf("fib(30) = %ld\n", tn_await(fib, task));
}

int main(int argc, char **argv) {             // takes --threads N, --processes N
    int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), root, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
