// lock_model.c - struct os_lock, explored. sources: src/os/lock.c
//
// Invariant: what is written under the lock by one is seen under it by the next, and nobody sleeps
// for ever. The spinning part is short here: it repeats what the rest does.
#include "base/atomic.h"
#include "model/model.h"
#include "os/os.h"

static struct os_lock lock;
static int counter;

static void set_up(void) {
    atomic_store_relaxed(&lock.word, 0);
    counter = 0;
}

static void count_up(void) {
    os_lock_acquire(&lock);
    plain_write(&counter, plain_read(&counter) + 1);
    os_lock_release(&lock);
}

static void try_to_count(void) {
    if (os_lock_try(&lock)) {
        plain_write(&counter, plain_read(&counter) + 1);
        os_lock_release(&lock);
    } else {
        count_up();
    }
}

static void expect_two(void) {
    MODEL_EXPECT(counter == 2);
    MODEL_EXPECT(os_lock_try(&lock));
    os_lock_release(&lock);
}

static void expect_three(void) {
    MODEL_EXPECT(counter == 3);
}

MODEL(two_threads_count_under_the_lock, .threads = 2, .setup = set_up,
      .thread = {count_up, try_to_count}, .finish = expect_two)

MODEL(three_threads_count_under_the_lock, .threads = 3, .setup = set_up,
      .thread = {count_up, count_up, count_up}, .finish = expect_three)

MODEL_MUTATION(lock_without_wake)
MODEL_MUTATION(lock_without_mark)
