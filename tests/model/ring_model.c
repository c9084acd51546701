// ring_model.c - a ring of one slot between one who pushes and one who takes, both of whom sleep.
// sources: src/cluster/ring.c
//
// Invariant: every message arrives once, whole and in order, and nobody sleeps for ever.
// Start reading at push_all.
#include <string.h>

#include "cluster/ring.h"
#include "model/model.h"
#include "os/os.h"

enum { MESSAGES = 2, SLOTS = 1, PAYLOAD_BYTES = 64 };

static _Alignas(CACHE_LINE) unsigned char memory[sizeof(struct ring_shared) +
                                                 SLOTS * sizeof(struct ring_slot) + PAYLOAD_BYTES];
static struct ring pushing, taking;
// As an eventfd, what was rung stays rung; but these order nothing, so that the ring has to.
static _Atomic uint32_t bell_of_pusher, bell_of_taker;
static int taken;

static void set_up(void) {
    memset(memory, 0, sizeof memory);
    ring_attach(&pushing, memory, SLOTS, PAYLOAD_BYTES);
    ring_attach(&taking, memory, SLOTS, PAYLOAD_BYTES);
    atomic_store_relaxed(&bell_of_pusher, 0);
    atomic_store_relaxed(&bell_of_taker, 0);
    taken = 0;
}

static void ring_bell(_Atomic uint32_t *bell) {
    atomic_store_relaxed(bell, 1);
    os_wake_word(bell, 1);
}

static void sleep_on(_Atomic uint32_t *bell) {
    while (atomic_load_relaxed(bell) == 0) {
        (void)os_wait_word(bell, 0, OS_NEVER);
    }
    atomic_store_relaxed(bell, 0);
}

static void push_all(void) {
    for (int i = 0; i < MESSAGES; i++) {
        const uint64_t number = 100 + (uint64_t)i;
        // In its slot, and elsewhere.
        const struct message message = {
            .kind = MESSAGE_RUN, .task = number, .bytes = i == 0 ? 8 : PAYLOAD_BYTES};
        unsigned char payload[PAYLOAD_BYTES] = {0};
        memcpy(payload, &number, sizeof number);
        bool wakes;
        enum ring_code code;
        while ((code = ring_push(&pushing, &message, payload, &wakes)) == RING_NONE) {
            if (ring_sleep_full(&pushing)) {
                sleep_on(&bell_of_pusher);
                ring_awake_full(&pushing);
            }
        }
        MODEL_EXPECT(code == RING_OK);
        if (wakes) {
            ring_bell(&bell_of_taker);
        }
    }
}

static void take_all(void) {
    while (taken < MESSAGES) {
        struct message message;
        const void *payload;
        const enum ring_code code = ring_take(&taking, &message, &payload);
        MODEL_EXPECT(code != RING_BAD);
        if (code == RING_NONE) {
            if (ring_sleep_empty(&taking)) {
                sleep_on(&bell_of_taker);
                ring_awake_empty(&taking);
            }
            continue;
        }
        uint64_t number;
        memcpy(&number, payload, sizeof number);
        MODEL_EXPECT(message.task == 100 + (uint64_t)taken && number == message.task);
        taken++;
        if (ring_release(&taking, &message)) {
            ring_bell(&bell_of_pusher);
        }
    }
}

static void finish(void) {
    MODEL_EXPECT(taken == MESSAGES);
}

MODEL(every_message_arrives_in_order, .threads = 2, .setup = set_up, .thread = {push_all, take_all},
      .finish = finish)

MODEL_MUTATION(ring_without_wake)
MODEL_MUTATION(ring_without_second_look)
