// channel - what it costs to pass an item on, beside a queue of a mutex and two conditions of the C
// library in the same run.
//
//     RESULT pingpong_ns=.. buffered_ns=.. across_ns=.. spsc_ns=.. mpmc_ns=.. pthread_spsc_ns=..
//            spsc_ratio=.. select_ns=..
//
//   pingpong  an item there and one back between two frames of one thread, unbuffered
//   buffered  an item from frame to frame on one thread, through a channel for 128
//   across    there and back between two PFrames, with two threads
//   spsc      an item from one PFrame to another, with two threads, for 1024
//   mpmc      an item from one of four PFrames to one of four, with two threads, for 128
//   select    an item from frame to frame on one thread, received by a select over two channels
//
// Start reading at main.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

#include <tenon.h>

#include "measure.h"

TN_CHANNEL(long, longs);

static long repeats;
static _Atomic long received; // the sum of all items

struct pair {
    tn_channel(longs) forth, back;
};
static struct pair near, far; // of one thread, of two
static tn_channel(longs) middling = TN_CHANNEL_OF(.capacity = 128);
static tn_channel(longs) large = TN_CHANNEL_OF(.capacity = 1024);

// ---- there and back --------------------------------------------------------------------------

TN_PFRAME(void, answers, (struct pair *, pair)) {
    for (long item; tn_receive(longs, &pair->forth, &item) == TN_OK;) {
        (void)tn_send(longs, &pair->back, item);
    }
}

TN_PFRAME(void, asks, (struct pair *, pair)) {
    tn_spawn(answers, pair);
    for (long i = 0; i < repeats; i++) {
        long item = 0;
        (void)tn_send(longs, &pair->forth, 1);
        (void)tn_receive(longs, &pair->back, &item);
        received += item;
    }
    tn_close(&pair->forth);
    tn_children_wait(self);
    tn_channel_free(&pair->forth);
}

// ---- one way ---------------------------------------------------------------------------------

TN_PFRAME(void, sends, (tn_channel(longs) *, to), (long, times)) {
    for (long i = 0; i < times; i++) {
        (void)tn_send(longs, to, 1);
    }
}

TN_PFRAME(void, receives, (tn_channel(longs) *, from)) {
    long sum = 0;
    for (long item; tn_receive(longs, from, &item) == TN_OK;) {
        sum += item;
    }
    received += sum;
}

TN_PFRAME(void, passes, (tn_channel(longs) *, channel), (int, pairs)) {
    for (int i = 0; i < pairs; i++) {
        tn_spawn(receives, channel);
    }
    tn_task(sends) senders[4];
    for (int i = 0; i < pairs; i++) {
        senders[i] = tn_spawn(sends, channel, repeats / pairs);
        (void)tn_share(senders[i]); // one that runs of its own, not in the place of the await
    }
    for (int i = 0; i < pairs; i++) {
        tn_await(sends, senders[i]);
    }
    tn_close(channel);
    tn_children_wait(self);
    tn_channel_free(channel);
}

TN_FRAME(void, selects) {
    tn_task(sends) sender = tn_spawn(sends, &middling, repeats);
    (void)tn_share(sender);
    long item = 0;
    struct tn_choice choices[] = {tn_can_receive(longs, &near.back, &item),
                                  tn_can_receive(longs, &middling, &item)};
    for (long i = 0; i < repeats; i++) {
        if (tn_select(self, choices, 2, TN_NO_LIMIT) == 1) {
            received += item;
        }
    }
    tn_await(sends, sender);
    tn_channel_free(&middling);
}

// ---- the C library ---------------------------------------------------------------------------

enum { ROOM = 1024 };
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t has_room, has_items;
    long items[ROOM];
    long head, count;
} queue = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER,
           {0}, 0, 0};

static void *send_with_pthread(void *argument) {
    for (long i = 0; i < repeats; i++) {
        pthread_mutex_lock(&queue.mutex);
        while (queue.count == ROOM) {
            pthread_cond_wait(&queue.has_room, &queue.mutex);
        }
        queue.items[(queue.head + queue.count++) % ROOM] = 1;
        pthread_cond_signal(&queue.has_items);
        pthread_mutex_unlock(&queue.mutex);
    }
    return argument;
}

static void run_pthread(void) {
    pthread_t sender;
    if (pthread_create(&sender, NULL, send_with_pthread, NULL) != 0) {
        return;
    }
    for (long i = 0; i < repeats; i++) {
        pthread_mutex_lock(&queue.mutex);
        while (queue.count == 0) {
            pthread_cond_wait(&queue.has_items, &queue.mutex);
        }
        received += queue.items[queue.head];
        queue.head = (queue.head + 1) % ROOM;
        queue.count--;
        pthread_cond_signal(&queue.has_room);
        pthread_mutex_unlock(&queue.mutex);
    }
    pthread_join(sender, NULL);
}

// ---- measuring -------------------------------------------------------------------------------

#define SIDE(name, threads, ...)                                                                   \
    static void name(void) {                                                                       \
        (void)!tn_run_with(TN_RUN(.num_threads = threads), __VA_ARGS__);                           \
    }
SIDE(run_pingpong, 1, asks, NULL, &near)
SIDE(run_across, 2, asks, NULL, &far)
SIDE(run_buffered, 1, passes, NULL, &middling, 1)
SIDE(run_spsc, 2, passes, NULL, &large, 1)
SIDE(run_mpmc, 2, passes, NULL, &middling, 4)
SIDE(run_select, 1, selects, NULL)

int main(void) {
    repeats = measure_is_quick() ? 8000 : 400000;
    void (*const sides[])(void) = {run_pingpong, run_buffered, run_across, run_spsc,
                                   run_mpmc,     run_pthread,  run_select};
    enum { SIDES = sizeof sides / sizeof *sides };
    const size_t rounds = measure_rounds(7);
    double ns[SIDES];
    measure_all(sides, SIDES, rounds, ns);
    for (int i = 0; i < SIDES; i++) {
        ns[i] *= 1e9 / (double)repeats;
    }
    const long expected = SIDES * (long)(rounds + 1) * repeats;
    if (received != expected) {
        printf("%ld items of %ld have arrived\n", (long)received, expected);
        return 1;
    }
    printf("RESULT pingpong_ns=%.1f buffered_ns=%.1f across_ns=%.1f spsc_ns=%.1f mpmc_ns=%.1f "
           "pthread_spsc_ns=%.1f spsc_ratio=%.2f select_ns=%.1f\n",
           ns[0], ns[1], ns[2], ns[3], ns[4], ns[5], ns[3] / ns[5], ns[6]);
    return 0;
}
