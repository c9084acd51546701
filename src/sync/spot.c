// spot.c - see spot.h.
#include "sync/spot.h"

// Looks at the spot, of one pause each; about as long as wait_spin (wait_list.c), which is not done
// as well.
enum { LOOKS_MAX = 128 };

static int leave(struct spot *spot, uint32_t state, void *item, bool sends) {
    if (state == SPOT_DONE && !sends) {
        const uint64_t word = plain_read(&spot->item);
        memcpy(item, &word, sizeof word);
    }
    // release: pairs with spot_is_free.
    atomic_store_release(&spot->state, SPOT_FREE);
    return state == SPOT_CLOSED ? TN_CLOSED : TN_OK;
}

void spot_settle(struct spot *spot) {
    uint32_t looks = 0, state;
    // acquire: pairs with leave.
    while ((state = atomic_load_acquire(&spot->state)) == SPOT_DONE || state == SPOT_CLOSED) {
        turn_wait_a_moment(looks++);
    }
}

int spot_wait(struct spot *spot, struct turn *turn, uint32_t thread, void *item, bool sends) {
    const uint32_t mine = sends ? SPOT_HAS : SPOT_WANTS;
    if (sends) {
        uint64_t word;
        memcpy(&word, item, sizeof word);
        plain_write(&spot->item, word);
    }
    atomic_store_relaxed(&spot->state, mine);
    turn_release(turn);
    uint32_t state = mine;
    for (int looks = 0; looks < cpu_looks(LOOKS_MAX) && state == mine; looks++) {
        cpu_pauses(1);
        // acquire: pairs with spot_takes and spot_gives.
        state = atomic_load_acquire(&spot->state);
    }
    if (state != mine) {
        return leave(spot, state, item, sends);
    }
    turn_acquire(turn, thread);
    state = atomic_load_relaxed(&spot->state);
    if (state == mine) {
        atomic_store_relaxed(&spot->state, SPOT_FREE);
        return TN_WOULD_WAIT;
    }
    turn_release(turn);
    return leave(spot, state, item, sends);
}
