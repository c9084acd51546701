// mutex_model.c - tn_mutex with its inline half and the list of those who wait, explored.
// sources: src/sync/mutex.c src/sync/wait_list.c src/sync/turn.c
//
// Who waits is a thread that sleeps on a word; suspended frames are in ticket_model.c. The mutex
// belongs to the first thread at the beginning.
//
// Invariant: one holder at a time, which sees what the one before wrote; nobody waits for ever.
// Start reading at set_up.
#include <string.h>

#include <tenon/mutex.h>

#include "model/model.h"
#include "sync/mutex.h"

static struct tn_mutex mutex;
static struct tn_self selves[4];
static int counter;
static int missed;

void knot_tie(struct knot_tie *tie, struct task_stack *stack, const struct note *note,
              const void *site) {
    (void)tie;
    (void)stack;
    (void)note;
    (void)site;
}

void knot_untie(struct knot_tie *tie) {
    (void)tie;
}

static void set_up(void) {
    memset(&mutex, 0, sizeof mutex);
    memset(selves, 0, sizeof selves);
    for (uint32_t i = 0; i < 4; i++) {
        selves[i].thread = i;
    }
    atomic_store_relaxed(&mutex_of(&mutex)->lock.owner, 1);
    atomic_store_relaxed(&turn_shared_count, 0);
    counter = 0;
    missed = 0;
}

static void set_up_strict(void) {
    set_up();
    mutex.is_strict = true;
}

static void set_up_shared(void) {
    set_up();
    atomic_store_relaxed(&mutex_of(&mutex)->lock.owner, TURN_SHARED);
}

static void count_up(void) {
    struct tn_self *self = &selves[model_self()];
    MODEL_EXPECT(tn_mutex_lock(self, &mutex) == TN_OK);
    plain_write(&counter, plain_read(&counter) + 1);
    MODEL_EXPECT(tn_mutex_unlock(self, &mutex) == TN_OK);
}

static void count_twice(void) {
    count_up();
    count_up();
}

static void try_to_count(void) {
    struct tn_self *self = &selves[model_self()];
    if (tn_mutex_try(self, &mutex) != TN_OK) {
        missed++;
        return;
    }
    plain_write(&counter, plain_read(&counter) + 1);
    MODEL_EXPECT(tn_mutex_unlock(self, &mutex) == TN_OK);
}

static void expect(int count) {
    MODEL_EXPECT(counter == count);
    struct mutex *inner = mutex_of(&mutex);
    MODEL_EXPECT(atomic_load_relaxed(&inner->state) == MUTEX_FREE);
    MODEL_EXPECT(wait_list_is_empty(&inner->waits));
}

static void expect_two(void) {
    expect(2);
}

static void expect_some(void) {
    expect(3 - missed);
}

MODEL(an_owner_and_another_hold_it_in_turn, .threads = 2, .setup = set_up,
      .thread = {count_up, count_up}, .finish = expect_two, .preemptions_max = 1)

MODEL(who_tries_never_gets_a_held_one, .threads = 2, .setup = set_up,
      .thread = {count_twice, try_to_count}, .finish = expect_some, .preemptions_max = 1)

MODEL(a_strict_one_is_handed_over, .threads = 2, .setup = set_up_strict,
      .thread = {count_up, count_up}, .finish = expect_two, .preemptions_max = 2,
      .search_preemptions_max = 1)

MODEL(two_hold_a_shared_one_in_turn, .threads = 2, .setup = set_up_shared,
      .thread = {count_up, count_up}, .finish = expect_two, .preemptions_max = 1)

// What these order needs a third thread, which makes the search too long.
MODEL_SITE_UNNEEDED("mutex.h", "return TN_LOAD_ACQUIRE_(mutex->tn_owner) == TN_SHARED_",
                    "another thread has made it shared, and the owner's writes reach a third by it")
MODEL_SITE_UNNEEDED("turn.c", "atomic_store_release(&turn->owner, TURN_SHARED)", "its partner")
MODEL_SITE_UNNEEDED("mutex.c", "atomic_store_release(&mutex->state, MUTEX_FREE)",
                    "a third one takes it from the state alone; the second has been fired after it")
MODEL_SITE_UNNEEDED("mutex.c", "atomic_store_release(&mutex->state, held_state(mutex))",
                    "of a handed mutex the next who comes is a third one")
// And these are seen by what the explorer does not look at, or are doubled here.
MODEL_SITE_UNNEEDED("mutex.h", "(void)TN_LOAD_ACQUIRE_(mutex->tn_inside)",
                    "frames of one thread follow each other, which ThreadSanitizer is to see")
MODEL_SITE_UNNEEDED("wait_list.c", "atomic_store_release(&waiter->has_fired, WAIT_FIRED)",
                    "who was fired takes the mutex or its turn next")
MODEL_SITE_UNNEEDED("wait_inline.h", "atomic_load_acquire(&waiter->has_fired)",
                    "who was fired takes the mutex or its turn next")

MODEL_MUTATION(mutex_without_mark)
MODEL_MUTATION(turn_without_barrier)
