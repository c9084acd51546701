// passing - what the ring of Concurrency Kit costs between two threads that never sleep: they spin,
// and yield when the ring stays full or empty. Beside bench/channel.c, whose words it uses. Usage:
// PROGRAM ITEMS; prints name=number, nanoseconds an item. Start reading at main.
#include <ck_ring.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROOM = 1024, ROOM_OF_MANY = 128, PAIRS = 4, SPINS = 200 };

struct queue {
    ck_ring_t ring;
    ck_ring_buffer_t items[ROOM];
};

static struct queue forth, back;
static long items;
static _Atomic long received;

static void wait_a_moment(int *spins) {
    if (++*spins < SPINS) {
        __builtin_ia32_pause();
    } else {
        sched_yield();
        *spins = 0;
    }
}

static void push(struct queue *queue, long item) {
    for (int spins = 0; !ck_ring_enqueue_spsc(&queue->ring, queue->items, (void *)item);) {
        wait_a_moment(&spins);
    }
}

static long pop(struct queue *queue) {
    void *item = NULL;
    for (int spins = 0; !ck_ring_dequeue_spsc(&queue->ring, queue->items, &item);) {
        wait_a_moment(&spins);
    }
    return (long)item;
}

static void *answer(void *argument) {
    for (long i = 0; i < items; i++) {
        push(&back, pop(&forth));
    }
    return argument;
}

static void *ask(void *argument) {
    for (long i = 0; i < items; i++) {
        push(&forth, 1);
        received += pop(&back);
    }
    return argument;
}

static void *send(void *argument) {
    for (long i = 0; i < items; i++) {
        push(&forth, 1);
    }
    return argument;
}

static void *receive(void *argument) {
    long sum = 0;
    for (long i = 0; i < items; i++) {
        sum += pop(&forth);
    }
    received += sum;
    return argument;
}

static void *send_as_one_of_many(void *argument) {
    for (long i = 0; i < items / PAIRS; i++) {
        for (int spins = 0; !ck_ring_enqueue_mpmc(&forth.ring, forth.items, (void *)1);) {
            wait_a_moment(&spins);
        }
    }
    return argument;
}

static void *receive_as_one_of_many(void *argument) {
    long sum = 0;
    for (long i = 0; i < items / PAIRS; i++) {
        void *item = NULL;
        for (int spins = 0; !ck_ring_dequeue_mpmc(&forth.ring, forth.items, &item);) {
            wait_a_moment(&spins);
        }
        sum += (long)item;
    }
    received += sum;
    return argument;
}

// As many threads for each of the two as `pairs`.
static void measure(const char *name, unsigned room, int pairs, void *(*one)(void *),
                    void *(*other)(void *)) {
    pthread_t threads[2 * PAIRS];
    struct timespec start, end;
    ck_ring_init(&forth.ring, room);
    ck_ring_init(&back.ring, room);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < 2 * pairs; i++) {
        if (pthread_create(&threads[i], NULL, i % 2 == 0 ? one : other, NULL) != 0) {
            exit(1);
        }
    }
    for (int i = 0; i < 2 * pairs; i++) {
        pthread_join(threads[i], NULL);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    const double ns = (double)(end.tv_sec - start.tv_sec) * 1e9 +
                      (double)(end.tv_nsec - start.tv_nsec);
    printf("ck_%s=%.1f\n", name, ns / (double)items);
}

int main(int argc, char **argv) {
    items = argc > 1 ? atol(argv[1]) : 0;
    measure("across", ROOM, 1, ask, answer);
    measure("spsc", ROOM, 1, send, receive);
    measure("mpmc", ROOM_OF_MANY, PAIRS, send_as_one_of_many, receive_as_one_of_many);
    return received == 3 * items ? 0 : 1;
}
