// turn_model.c - a turn that belongs to one thread and becomes shared, explored.
// sources: src/sync/turn.c
//
// Invariant: one thread at a time has the turn, and sees what the one before wrote, whether the
// turn was its own, was taken from its owner, or came late. Start reading at set_up.
#include "model/model.h"
#include "sync/turn.h"

static struct turn turn;
static int counter;

static void set_up(void) {
    atomic_store_relaxed(&turn.inside, 0);
    atomic_store_relaxed(&turn.owner, 1);
    atomic_store_relaxed(&turn.lock, 0);
    atomic_store_relaxed(&turn_shared_count, 0);
    counter = 0;
}

static void set_up_new(void) {
    set_up();
    atomic_store_relaxed(&turn.owner, TURN_NEW);
}

static void count_up(void) {
    turn_acquire(&turn, (uint32_t)model_self());
    plain_write(&counter, plain_read(&counter) + 1);
    turn_release(&turn);
}

static void count_twice(void) {
    count_up();
    count_up();
}

static void set_up_shared(void) {
    set_up();
    atomic_store_relaxed(&turn.owner, TURN_SHARED);
    atomic_store_relaxed(&turn_shared_count, 1);
}

static void count_and_keep(void) {
    turn_acquire(&turn, (uint32_t)model_self());
    plain_write(&counter, plain_read(&counter) + 1);
    if (turn_is_shared(&turn)) {
        turn_keep(&turn, (uint32_t)model_self());
    } else {
        turn_release(&turn);
    }
    count_up();
}

static void expect(int count) {
    MODEL_EXPECT(counter == count);
    const uint32_t owner = atomic_load_relaxed(&turn.owner);
    MODEL_EXPECT(owner == 1 || owner == 2 || owner == TURN_SHARED);
    MODEL_EXPECT(atomic_load_relaxed(&turn.lock) == 0);
}

static void expect_two(void) {
    expect(2);
}

static void expect_three(void) {
    expect(3);
}

MODEL(an_owner_and_another_exclude_each_other, .threads = 2, .setup = set_up,
      .thread = {count_twice, count_up}, .finish = expect_three)

MODEL(an_owner_that_comes_late_finds_it_shared, .threads = 3, .setup = set_up,
      .thread = {count_up, count_up, count_up}, .finish = expect_three, .preemptions_max = 2,
      .search_preemptions_max = 1)

MODEL(two_that_come_first_exclude_each_other, .threads = 2, .setup = set_up_new,
      .thread = {count_up, count_up}, .finish = expect_two)

MODEL(a_turn_that_was_kept_is_taken_again, .threads = 2, .setup = set_up_shared,
      .thread = {count_and_keep, count_up}, .finish = expect_three)

MODEL(a_former_owner_that_comes_late_does_not_disturb_the_next, .threads = 2, .preemptions_max = 3,
      .setup = set_up, .thread = {count_up, count_and_keep}, .finish = expect_three)

MODEL_SITE_UNNEEDED("turn.h", "(void)atomic_load_acquire(&turn->inside)",
                    "frames of one thread follow each other, which ThreadSanitizer is to see")
MODEL_SITE_UNNEEDED("turn.c", "atomic_store_release(&turn->owner, TURN_SHARED)",
                    "for those who look at the owner without the lock: mutex_model.c")

MODEL_MUTATION(turn_without_barrier)
MODEL_MUTATION(turn_without_wait)
MODEL_MUTATION(turn_without_mark)
