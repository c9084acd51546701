// memory_test.c - each call that may fail does, one after the other, in a program of locks,
// channels, selects and queues.
//
// Invariant: waiting allocates nothing, so a lock is taken or its frame is told to end, whatever
// fails; a channel that gets no memory says so to the sender, and loses no item; and (under
// AddressSanitizer) nothing leaks. Start reading at uses_much.
#include <tenon.h>

#include <sys/mman.h>

#include "os/fault.h"
#include "support/test.h"

enum { FRAMES = 3, ITEMS = 40 };

TN_CHANNEL(long, longs);
TN_QUEUE(long, jobs);

struct shared {
    struct tn_mutex mutex;
    struct tn_recursive_mutex tree;
    struct tn_rwlock rwlock;
    struct tn_semaphore semaphore;
    struct tn_condition condition;
    struct tn_flag flag;
    struct tn_latch latch;
    struct tn_once once;
    tn_channel(longs) items;
    tn_channel(longs) replies;
    tn_queue(jobs) jobs;
    long counted; // under the mutex
    long sent;    // by all, likewise
    long lost;    // items for which there was no memory
};

static bool has_ended(int code) {
    return code == TN_CANCELLED;
}

static int counts_once(struct tn_self *self, void *data) {
    struct shared *shared = data;
    tn_yield(self);
    shared->counted++;
    return TN_OK;
}

// Takes each lock while others want it. TN_OK, or TN_CANCELLED: this frame has to end.
static int take_all(struct tn_self *self, struct shared *shared) {
    int code = tn_mutex_lock(self, &shared->mutex);
    if (code != TN_OK) {
        return code;
    }
    tn_yield(self); // the others come and wait
    EXPECT_EQ(tn_mutex_unlock(self, &shared->mutex), TN_OK);
    if ((code = tn_recursive_mutex_lock(self, &shared->tree)) != TN_OK) {
        return code;
    }
    EXPECT_EQ(tn_recursive_mutex_lock(self, &shared->tree), TN_OK);
    tn_yield(self);
    EXPECT_EQ(tn_recursive_mutex_unlock(self, &shared->tree), TN_OK);
    EXPECT_EQ(tn_recursive_mutex_unlock(self, &shared->tree), TN_OK);
    if ((code = tn_rwlock_write(self, &shared->rwlock)) != TN_OK) {
        return code;
    }
    tn_yield(self);
    EXPECT_EQ(tn_rwlock_write_end(self, &shared->rwlock), TN_OK);
    if ((code = tn_rwlock_read(self, &shared->rwlock)) != TN_OK) {
        return code;
    }
    EXPECT_EQ(tn_rwlock_read_end(self, &shared->rwlock), TN_OK);
    if ((code = tn_semaphore_acquire(self, &shared->semaphore)) != TN_OK) {
        return code;
    }
    tn_yield(self);
    EXPECT_EQ(tn_semaphore_release(&shared->semaphore), TN_OK);
    return tn_once_do(self, &shared->once, counts_once, shared);
}

TN_PFRAME(void, takes, (struct shared *, shared)) {
    int code = take_all(self, shared);
    EXPECT(code == TN_OK || has_ended(code));
    code = tn_flag_wait(self, &shared->flag);
    EXPECT(code == TN_OK || has_ended(code));
    EXPECT_EQ(tn_latch_done(&shared->latch), TN_OK);
}

static void use_locks(struct tn_self *self, struct shared *shared) {
    for (int i = 0; i < FRAMES; i++) {
        tn_latch_add(&shared->latch, 1);
        tn_spawn(takes, shared);
    }
    (void)tn_sleep(self, 0.001);
    tn_flag_set(&shared->flag);
    const int code = tn_children_wait(self); // those for whom there was no memory have failed
    EXPECT(code == TN_OK || has_ended(code));
}

TN_PFRAME(void, waits_for_change, (struct shared *, shared)) {
    int code = tn_mutex_lock(self, &shared->mutex);
    if (code == TN_OK) {
        while (shared->counted < 10 && code == TN_OK) {
            code = tn_condition_wait(self, &shared->condition, &shared->mutex);
        }
        EXPECT_EQ(tn_mutex_unlock(self, &shared->mutex), TN_OK);
    }
    EXPECT(code == TN_OK || has_ended(code));
}

static void use_condition(struct tn_self *self, struct shared *shared) {
    tn_task(waits_for_change) task = tn_spawn(waits_for_change, shared);
    (void)tn_sleep(self, 0.001);
    if (tn_mutex_lock(self, &shared->mutex) == TN_OK) {
        shared->counted = 10;
        (void)tn_condition_notify_all(&shared->condition);
        EXPECT_EQ(tn_mutex_unlock(self, &shared->mutex), TN_OK);
    }
    const int code = tn_try_await(waits_for_change, task, NULL);
    EXPECT(code == TN_OK || code == TN_NO_MEMORY || has_ended(code));
}

// Without a reader the memory grows; what there is no memory for was not sent.
TN_PFRAME(void, sends, (struct shared *, shared)) {
    for (long i = 1; i <= ITEMS; i++) {
        const int code = tn_send(longs, &shared->items, i);
        EXPECT(code == TN_OK || code == TN_NO_MEMORY || has_ended(code));
        shared->sent += code == TN_OK ? i : 0;
        shared->lost += code == TN_NO_MEMORY;
    }
    EXPECT_EQ(tn_close(&shared->items), TN_OK);
}

static void use_channels(struct tn_self *self, struct shared *shared) {
    tn_task(sends) task = tn_spawn(sends, shared);
    const int code = tn_try_await(sends, task, NULL);
    EXPECT(code == TN_OK || code == TN_NO_MEMORY || has_ended(code));
    if (code != TN_OK) {
        return;
    }
    long sum = 0;
    for (;;) {
        long item = 0, none = 0;
        struct tn_choice choices[] = {tn_can_receive(longs, &shared->items, &item),
                                      tn_can_receive(longs, &shared->replies, &none)};
        const int made = tn_select(self, choices, 2, 1.0);
        if (made != 0 || choices[0].outcome != TN_OK) {
            EXPECT(has_ended(made) || (made == 0 && choices[0].outcome == TN_CLOSED));
            EXPECT(made != 0 || sum == shared->sent);
            return;
        }
        sum += item;
    }
}

TN_PFRAME(void, works, (struct shared *, shared)) {
    for (long job; tn_get(jobs, &shared->jobs, &job) == TN_OK;) {
        tn_yield(self);
        EXPECT_EQ(tn_task_done(&shared->jobs), TN_OK);
    }
}

static bool comes_before(const void *one, const void *other) {
    return *(const long *)one < *(const long *)other;
}

static void use_queue(struct tn_self *self, struct shared *shared) {
    tn_spawn(works, shared);
    for (long i = 0; i < ITEMS; i++) {
        const int code = tn_try_put(jobs, &shared->jobs, ITEMS - i);
        EXPECT(code == TN_OK || code == TN_NO_MEMORY);
        shared->lost += code == TN_NO_MEMORY;
    }
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 0.05); // the worker may not have come
    const int code = tn_queue_join(self, &shared->jobs);
    (void)tn_scope_end(self, &scope);
    EXPECT(code == TN_OK || code == TN_TIMED_OUT || has_ended(code));
    EXPECT_EQ(tn_queue_close(&shared->jobs), TN_OK);
}

TN_PFRAME(void, uses_much, (struct shared *, shared)) {
    use_locks(self, shared);
    use_condition(self, shared);
    use_channels(self, shared);
    use_queue(self, shared);
}

static bool is_lack(int code) {
    return code == TN_NO_MEMORY || code == TN_NO_THREAD || code == TN_CANCELLED;
}

// In memory that the processes share.
struct course {
    uint64_t fails_at;
    uint64_t calls; // of one run
    long lost;      // items, in all runs
};

static void run_much(void *argument) {
    struct course *course = argument;
    fault_fail_call(course->fails_at);
    for (int i = 0; i < 2; i++) { // and once more, when nothing fails
        const bool may_fail = i == 0 && course->fails_at != 0;
        struct shared shared = {
            .semaphore = {.count = 1, .max = 1},
            .items = TN_CHANNEL_OF(.limit = SIZE_MAX),
            .jobs = TN_QUEUE_OF(.order = TN_LEAST_FIRST, .is_before = comes_before)};
        const int code = tn_run_with(TN_RUN(.num_threads = 2), uses_much, NULL, &shared);
        EXPECT(code == TN_OK || (may_fail && is_lack(code)));
        EXPECT(shared.lost <= may_fail);
        course->lost += shared.lost;
        EXPECT_EQ(tn_mutex_try(tn_current(), &shared.mutex), TN_OK); // all were given back
        EXPECT_EQ(tn_recursive_mutex_try(tn_current(), &shared.tree), TN_OK);
        EXPECT_EQ(tn_rwlock_try_write(tn_current(), &shared.rwlock), TN_OK);
        EXPECT_EQ(tn_semaphore_try(&shared.semaphore), TN_OK);
        EXPECT_EQ(tn_channel_free(&shared.items), TN_OK);
        EXPECT_EQ(tn_queue_free(&shared.jobs), TN_OK);
        fault_fail_call(0);
    }
}

static void count_calls(void *argument) {
    struct course *course = argument;
    const uint64_t before = fault_calls();
    run_much(course);
    course->calls = (fault_calls() - before) / 2 + 3; // it depends on who runs what
}

TEST(each_call_that_may_fail_does_and_no_lock_and_no_item_is_lost, .seconds = 60) {
    struct course *course =
        mmap(NULL, sizeof *course, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(course != MAP_FAILED);
    EXPECT_DIES(count_calls, course, 0, "");
    while (course->fails_at++ < course->calls) {
        EXPECT_DIES(run_much, course, 0, "");
    }
    TEST_NOTE("%d calls failed, one at a time", (int)course->calls);
    EXPECT(course->calls >= 8);
    EXPECT(course->lost >= 2); // items of the channel and of the queue had no memory
}
