// channel_model.c - the two sides of a channel, the lists of those who wait, and closing, explored.
// sources: src/sync/channel.c src/sync/channel_items.c src/sync/channel_wait.c
// sources: src/sync/wait_list.c src/sync/turn.c
//
// Who waits is a thread that sleeps on a word. Each side belongs to the thread that uses it, or
// both are shared already.
//
// Invariant: every item arrives once, whole and in order; nobody waits for ever. Start reading at
// set_up.
#include <string.h>

#include "model/model.h"
#include "scheduler/worker.h"
#include "sync/channel.h"

enum { SENDER = 1, RECEIVER = 2, ITEMS = 2 };

static struct tn_channel room;
static struct tn_self selves[4];
static int received;
static bool was_closed;

// With a ring for one item, which one item has been through.
static void set_up_for(uint32_t sender, uint32_t receiver) {
    memset(&room, 0, sizeof room);
    memset(selves, 0, sizeof selves);
    for (uint32_t i = 0; i < 4; i++) {
        selves[i].thread = i;
    }
    atomic_store_relaxed(&turn_shared_count, 0);
    room.capacity = 1;
    struct channel *channel = channel_of(&room);
    atomic_store_relaxed(&channel->sending.turn.owner, sender);
    atomic_store_relaxed(&channel->receiving.turn.owner, receiver);
    selves[0].thread = sender == TURN_SHARED ? 0 : sender;
    uint64_t item = 1;
    MODEL_EXPECT(tn_channel_send(&selves[0], &room, &item, sizeof item, true) == TN_OK);
    MODEL_EXPECT(tn_channel_receive(&selves[0], &room, &item, sizeof item, true) == TN_OK);
    atomic_store_relaxed(&channel->receiving.turn.owner, receiver);
    atomic_store_relaxed(&channel->receiving.turn.inside, 0); // nobody comes late
    received = 0;
    was_closed = false;
}

static void set_up(void) {
    set_up_for(SENDER, RECEIVER);
}

static void set_up_shared(void) {
    set_up_for(TURN_SHARED, TURN_SHARED);
}

static void set_up_from_hand_to_hand(void) {
    set_up();
    memset(&room, 0, sizeof room);
    atomic_store_relaxed(&channel_of(&room)->sending.turn.owner, SENDER);
}

static void send(uint64_t number) {
    struct tn_self *self = &selves[model_self()];
    MODEL_EXPECT(tn_channel_send(self, &room, &number, sizeof number, true) == TN_OK);
}

static void send_all(void) {
    for (uint64_t i = 0; i < ITEMS; i++) {
        send(100 + i);
    }
}

static void receive_all(void) {
    struct tn_self *self = &selves[model_self()];
    for (; received < ITEMS; received++) {
        uint64_t number = 0;
        MODEL_EXPECT(tn_channel_receive(self, &room, &number, sizeof number, true) == TN_OK);
        MODEL_EXPECT(number == 100 + (uint64_t)received);
    }
}

static void send_and_close(void) {
    send(100);
    MODEL_EXPECT(tn_channel_close(&room) == TN_OK);
}

static void receive_to_the_end(void) {
    struct tn_self *self = &selves[model_self()];
    uint64_t number = 0;
    while (tn_channel_receive(self, &room, &number, sizeof number, true) == TN_OK) {
        received++;
    }
    was_closed = true;
}


static void expect_all(void) {
    struct channel *channel = channel_of(&room);
    MODEL_EXPECT(received == ITEMS && channel_count(channel) == 0);
    MODEL_EXPECT(wait_list_is_empty(&channel->senders) && wait_list_is_empty(&channel->receivers));
}

static void expect_end(void) {
    MODEL_EXPECT(was_closed && received == 1);
}


MODEL(items_arrive_in_order_from_owned_sides, .threads = 2, .setup = set_up,
      .thread = {send_all, receive_all}, .finish = expect_all, .preemptions_max = 1)

MODEL(items_arrive_in_order_from_shared_sides, .threads = 2, .setup = set_up_shared,
      .thread = {send_all, receive_all}, .finish = expect_all, .preemptions_max = 2,
      .search_preemptions_max = 1)

MODEL(items_arrive_in_order_from_hand_to_hand, .threads = 2, .setup = set_up_from_hand_to_hand,
      .thread = {send_all, receive_all}, .finish = expect_all, .preemptions_max = 1)

MODEL(a_close_ends_the_last_receive, .threads = 2, .setup = set_up,
      .thread = {send_and_close, receive_to_the_end}, .finish = expect_end, .preemptions_max = 1)

MODEL_SITE_UNNEEDED("turn.h", "(void)atomic_load_acquire(&turn->inside)",
                    "frames of one thread follow each other, which ThreadSanitizer is to see")
MODEL_SITE_UNNEEDED("turn.c", "atomic_store_release(&turn->owner, TURN_SHARED)",
                    "for those who look at the owner without the lock: mutex_model.c")

MODEL_MUTATION(channel_quick_too_early)
MODEL_MUTATION(turn_without_barrier)
