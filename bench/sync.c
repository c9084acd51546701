// sync - what locks cost, beside those of the C library in the same run.
//
//     RESULT mutex_ns=.. pthread_ns=.. ratio=.. shared_ns=.. two_ns=.. pthread_two_ns=..
//            two_ratio=.. semaphore_ns=.. rwlock_ns=..
//
//   mutex      lock and unlock by one frame, another thread of the process being alive
//   shared     the same of a mutex that two threads have used before
//   two        by two threads at once, each as fast as it can; time by all operations
//   semaphore  acquire and release by one frame
//   rwlock     read and end by one frame
//
// pthread stands for the same with pthread_mutex. Start reading at main.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

#include <tenon.h>

#include "measure.h"

static long repeats;

static struct tn_mutex mutex, contended, former;
static pthread_mutex_t others = PTHREAD_MUTEX_INITIALIZER;
static struct tn_semaphore semaphore = {.count = 1, .max = 1};
static struct tn_rwlock rwlock;
static volatile long counted; // inside of a lock

TN_FRAME(void, locks, (struct tn_mutex *, which)) {
    for (long i = 0; i < repeats; i++) {
        if (tn_mutex_lock(self, which) == TN_OK) {
            counted++;
            tn_mutex_unlock(self, which);
        }
    }
}

TN_FRAME(void, locks_with_pthread) {
    for (long i = 0; i < repeats; i++) {
        pthread_mutex_lock(&others);
        counted++;
        pthread_mutex_unlock(&others);
    }
}

TN_FRAME(void, acquires) {
    for (long i = 0; i < repeats; i++) {
        if (tn_semaphore_acquire(self, &semaphore) == TN_OK) {
            tn_semaphore_release(&semaphore);
        }
    }
}

TN_FRAME(void, reads) {
    for (long i = 0; i < repeats; i++) {
        if (tn_rwlock_read(self, &rwlock) == TN_OK) {
            tn_rwlock_read_end(self, &rwlock);
        }
    }
}

TN_PFRAME(void, locks_anywhere) {
    for (long i = 0; i < repeats / 2; i++) {
        if (tn_mutex_lock(self, &contended) == TN_OK) {
            counted++;
            tn_mutex_unlock(self, &contended);
        }
    }
}

TN_PFRAME(void, locks_pthread_anywhere) {
    for (long i = 0; i < repeats / 2; i++) {
        pthread_mutex_lock(&others);
        counted++;
        pthread_mutex_unlock(&others);
    }
}

TN_PFRAME(void, two) {
    tn_task(locks_anywhere) one = tn_spawn(locks_anywhere), other = tn_spawn(locks_anywhere);
    tn_await(locks_anywhere, other);
    tn_await(locks_anywhere, one);
}

TN_PFRAME(void, two_pthread) {
    tn_task(locks_pthread_anywhere) one = tn_spawn(locks_pthread_anywhere);
    tn_task(locks_pthread_anywhere) other = tn_spawn(locks_pthread_anywhere);
    tn_await(locks_pthread_anywhere, other);
    tn_await(locks_pthread_anywhere, one);
}

#define SIDE(name, threads, ...)                                                                   \
    static void name(void) {                                                                       \
        (void)!tn_run_with(TN_RUN(.num_threads = threads), __VA_ARGS__);                           \
    }
SIDE(run_mutex, 1, locks, NULL, &mutex)
SIDE(run_pthread, 1, locks_with_pthread, NULL)
SIDE(run_shared, 1, locks, NULL, &former)
SIDE(run_semaphore, 1, acquires, NULL)
SIDE(run_rwlock, 1, reads, NULL)
SIDE(run_two, 2, two, NULL)
SIDE(run_two_pthread, 2, two_pthread, NULL)

static pthread_mutex_t end = PTHREAD_MUTEX_INITIALIZER;

// The C library locks without locked instructions while there is only one thread.
static void *stay_alive(void *argument) {
    struct tn_self *self = tn_current();
    if (tn_mutex_lock(self, &former) == TN_OK) {
        tn_mutex_unlock(self, &former);
    }
    pthread_mutex_lock(&end);
    pthread_mutex_unlock(&end);
    return argument;
}

int main(void) {
    repeats = measure_is_quick() ? 20000 : 5000000;
    pthread_t other;
    pthread_mutex_lock(&end);
    if (pthread_create(&other, NULL, stay_alive, NULL) != 0) {
        return 1;
    }
    void (*const sides[])(void) = {run_mutex,       run_pthread,   run_two,   run_two_pthread,
                                   run_semaphore, run_rwlock, run_shared};
    enum { SIDES = sizeof sides / sizeof *sides };
    const size_t rounds = measure_rounds(5);
    double ns[SIDES];
    measure_all(sides, SIDES, rounds, ns);
    for (int i = 0; i < SIDES; i++) {
        ns[i] *= 1e9 / (double)repeats;
    }
    pthread_mutex_unlock(&end);
    pthread_join(other, NULL);
    if (counted != 5 * (long)(rounds + 1) * repeats) {
        printf("the locks have lost %ld of the counts\n",
               5 * (long)(rounds + 1) * repeats - counted);
        return 1;
    }
    printf("RESULT mutex_ns=%.1f pthread_ns=%.1f ratio=%.2f shared_ns=%.1f two_ns=%.1f "
           "pthread_two_ns=%.1f two_ratio=%.2f semaphore_ns=%.1f rwlock_ns=%.1f\n",
           ns[0], ns[1], ns[0] / ns[1], ns[6], ns[2], ns[3], ns[2] / ns[3], ns[4], ns[5]);
    return 0;
}
