// spot_model.c - two threads that pass items on in a spot, and one of them closes or frees it.
// sources: src/sync/spot.c src/sync/turn.c
//
// Each looks for the other a few times, as two frames do that wait in no list.
// Invariant: what was received was sent, once, and is whole; who is closed has passed nothing on.
// Start reading at meet.
#include <string.h>

#include "model/model.h"
#include "sync/spot.h"

enum { TRIES = 2, ITEMS = 2 };

static struct spot spot;
static struct turn turn;
static bool is_closed; // with the turn
static int sent, received;

static void set_up(void) {
    memset(&spot, 0, sizeof spot);
    memset(&turn, 0, sizeof turn);
    atomic_store_relaxed(&turn.owner, TURN_SHARED);
    is_closed = false;
    sent = received = 0;
}

// One try, as in channel_pass and channel_accept.
static int try_once(uint64_t *item, bool sends) {
    const uint32_t thread = (uint32_t)model_self() + 1;
    turn_acquire(&turn, thread);
    if (sends ? spot_takes(&spot, item) : spot_gives(&spot, item)) {
        turn_release(&turn);
        return TN_OK;
    }
    int code = is_closed ? TN_CLOSED : TN_WOULD_WAIT;
    if (!is_closed && spot_is_free(&spot)) {
        code = spot_wait(&spot, &turn, thread, item, sends);
        if (code != TN_WOULD_WAIT) {
            return code;
        }
    }
    turn_release(&turn);
    return code;
}

static int meet(uint64_t *item, bool sends) {
    int code = TN_WOULD_WAIT;
    for (int i = 0; i < TRIES && code == TN_WOULD_WAIT; i++) {
        code = try_once(item, sends);
    }
    return code;
}

static void send_some(void) {
    for (int i = 0; i < ITEMS; i++) {
        uint64_t item = 100 + (uint64_t)sent;
        sent += meet(&item, true) == TN_OK;
    }
}

static void receive_some(void) {
    for (int i = 0; i < ITEMS; i++) {
        uint64_t item = 0;
        const int code = meet(&item, false);
        MODEL_EXPECT(code != TN_OK || item == 100 + (uint64_t)received);
        received += code == TN_OK;
    }
}

static void close_it(void) {
    turn_acquire(&turn, (uint32_t)model_self() + 1);
    is_closed = true;
    spot_close(&spot);
    turn_release(&turn);
}

static bool send_one(void) {
    uint64_t item = 100;
    const bool is_sent = meet(&item, true) == TN_OK;
    sent += is_sent;
    return is_sent;
}

static bool receive_one(void) {
    uint64_t item = 0;
    const bool is_received = meet(&item, false) == TN_OK;
    MODEL_EXPECT(!is_received || item == 100);
    received += is_received;
    return is_received;
}

static void send_one_and_close(void) {
    (void)send_one();
    close_it();
}

// The memory is used for something else.
static void free_it(void) {
    spot_settle(&spot);
    plain_write(&spot.item, UINT64_C(7));
}

static void only_send(void) {
    (void)send_one();
}

static void only_receive(void) {
    (void)receive_one();
}

static void send_and_free(void) {
    if (send_one()) {
        free_it();
    }
}

static void receive_and_free(void) {
    if (receive_one()) {
        free_it();
    }
}

static void expect_as_many(void) {
    MODEL_EXPECT(sent == received && atomic_load_relaxed(&spot.state) == SPOT_FREE);
}

MODEL(what_is_received_was_sent, .threads = 2, .setup = set_up, .thread = {send_some, receive_some},
      .finish = expect_as_many, .preemptions_max = 2)

MODEL(who_is_closed_has_passed_nothing_on, .threads = 2, .setup = set_up,
      .thread = {send_one_and_close, receive_some}, .finish = expect_as_many, .preemptions_max = 2)

MODEL(who_has_received_may_free_it, .threads = 2, .setup = set_up,
      .thread = {only_send, receive_and_free}, .finish = expect_as_many, .preemptions_max = 2)

MODEL(who_has_sent_may_free_it, .threads = 2, .setup = set_up,
      .thread = {send_and_free, only_receive}, .finish = expect_as_many, .preemptions_max = 2)
