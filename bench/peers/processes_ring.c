// A round trip between two processes over two words of shared memory, bare: each side spins, and
// then parks on a futex. Nothing is faster that way between processes that may sleep.
//
//     round_us=0.45 one_per_s=..
//
// one_per_s: numbers through a ring of 64 places and back, one after the other. Start reading at
// main.
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SPINS = 3000, WINDOW = 64 };

struct word {
    _Alignas(64) _Atomic uint32_t value;
    _Atomic uint32_t is_asleep;
};

static struct word *words; // there, and back

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void set(struct word *word, uint32_t value) {
    atomic_store(&word->value, value);
    if (atomic_load(&word->is_asleep) != 0) {
        atomic_store(&word->is_asleep, 0);
        syscall(SYS_futex, &word->value, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

// Until it is another value than `known`.
static uint32_t wait_for_change(struct word *word, uint32_t known) {
    for (;;) {
        for (int i = 0; i < SPINS; i++) {
            const uint32_t value = atomic_load(&word->value);
            if (value != known) {
                return value;
            }
#if defined(__x86_64__)
            __builtin_ia32_pause();
#endif
        }
        atomic_store(&word->is_asleep, 1);
        if (atomic_load(&word->value) == known) {
            syscall(SYS_futex, &word->value, FUTEX_WAIT, known, NULL, NULL, 0);
        }
        atomic_store(&word->is_asleep, 0);
    }
}

static int compare(const void *a, const void *b) {
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

int main(int count, char **arguments) {
    const uint32_t rounds = count > 1 ? (uint32_t)atoi(arguments[1]) : 20000;
    words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const pid_t child = fork();
    if (child == 0) {
        for (uint32_t seen = 0; seen < 2 * rounds;) {
            seen = wait_for_change(&words[0], seen);
            set(&words[1], seen);
        }
        _exit(0);
    }
    double *samples = malloc(rounds * sizeof *samples);
    uint32_t back = 0;
    for (uint32_t i = 1; i <= rounds; i++) {
        const double begin = now();
        set(&words[0], i);
        while (back != i) {
            back = wait_for_change(&words[1], back);
        }
        samples[i - 1] = now() - begin;
    }
    const double begin = now();
    for (uint32_t sent = rounds; back < 2 * rounds;) {
        while (sent < 2 * rounds && sent - back < WINDOW) {
            set(&words[0], ++sent);
        }
        back = wait_for_change(&words[1], back);
    }
    const double seconds = now() - begin;
    qsort(samples, rounds, sizeof *samples, compare);
    printf("round_us=%.3f one_per_s=%.0f\n", samples[rounds / 2] * 1e6, rounds / seconds);
    return waitpid(child, NULL, 0) == child ? 0 : 1;
}
