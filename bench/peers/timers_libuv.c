// timers_libuv - as many libuv timers of 0 to 1 s as there are sleeping frames in bench/million.c.
// Usage: PROGRAM COUNT; prints name=number. Start reading at main.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

struct sleeper {
    uv_timer_t timer;
    double due_ms;
};

static double late_ms;

static void wake(uv_timer_t *timer) {
    struct sleeper *sleeper = (struct sleeper *)timer;
    late_ms += (double)uv_hrtime() / 1e6 - sleeper->due_ms;
}

int main(int arguments, char **argument) {
    const long count = arguments > 1 ? atol(argument[1]) : 1000000;
    const clock_t before = clock();
    struct sleeper *sleepers = malloc((size_t)count * sizeof *sleepers);
    uv_loop_t *loop = uv_default_loop();
    uint32_t random = 1;
    for (long i = 0; i < count; i++) {
        random = random * 1664525u + 1013904223u;
        const uint64_t ms = (uint64_t)(random / 4294967.296);
        uv_timer_init(loop, &sleepers[i].timer);
        uv_update_time(loop);
        sleepers[i].due_ms = (double)uv_hrtime() / 1e6 + (double)ms;
        uv_timer_start(&sleepers[i].timer, wake, ms, 0);
    }
    uv_run(loop, UV_RUN_DEFAULT);
    printf("libuv_sleep_cpu_s=%.3f\n", (double)(clock() - before) / CLOCKS_PER_SEC);
    printf("libuv_late_ms=%.3f\n", late_ms / (double)count);
    free(sleepers);
    return 0;
}
