// A stranger's program, built against an installed Tenon as C11, C17 and C++17: it runs a few
// frames and fails loudly when their result is wrong. Compiled with CLIENT_OWN_NAMES it also has
// functions whose names the runtime might use inside; neither may disturb the other.
#include <stdio.h>
#include <tenon.h>

#ifdef CLIENT_OWN_NAMES
#ifdef __cplusplus
extern "C" {
#endif
int worker_park(void);
int stack_acquire(void);
int frame_create(void);
int context_switch(void);
int check_panic(void);
int os_now_ns(void);
int own_calls;
int worker_park(void) {
    return ++own_calls;
}
int stack_acquire(void) {
    return ++own_calls;
}
int frame_create(void) {
    return ++own_calls;
}
int context_switch(void) {
    return ++own_calls;
}
int check_panic(void) {
    return ++own_calls;
}
int os_now_ns(void) {
    return ++own_calls;
}
#ifdef __cplusplus
}
#endif

// True when only the calls made here reached the functions above.
static int own_names_are_own(void) {
    int before = own_calls;
    worker_park();
    stack_acquire();
    frame_create();
    context_switch();
    check_panic();
    os_now_ns();
    return before == 0 && own_calls == 6;
}
#else
static int own_names_are_own(void) {
    return 1;
}
#endif

TN_PFRAME(long, fib, (int, n)) {
    if (n < 2)
        return n;
    tn_task(fib) left = tn_spawn(fib, n - 1);
    long right = fib(self, n - 2);
    return tn_await(fib, left) + right;
}

int main(void) {
    long answer = 0;
    int code = tn_run(fib, &answer, 15);
    if (code < 0 || answer != 610) {
        printf("tn_run gave %d, fib(15) = %ld\n", code, answer);
        return 1;
    }
    if (!own_names_are_own()) {
        printf("the runtime called a function of this program\n");
        return 1;
    }
    printf("610\n");
    return 0;
}
