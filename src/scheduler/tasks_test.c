// Tests of the task stack against a plain array, by one thread that plays owner and thieves.
// Invariant: after every step tasks_check holds, and every task was either run by its owner or
// stolen, exactly once. The interleavings of several threads are explored in tests/model.
// Start reading at random_steps_agree_with_an_array.
#include "scheduler/tasks.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/random.h"
#include "support/test.h"

#define PLACES 64
#define BYTES ((PLACES + TASKS_RESERVE) * sizeof(struct tn_task))

static void *memory;

static void invoke(struct tn_self *self, void *payload) {
    (void)self;
    (void)payload;
}

static const struct tn_type type = {"task", __FILE__, 1, TN_LEVEL_PFRAME, 8, 8, 0, invoke, NULL};

static void set_up(struct tasks *tasks, bool is_shared) {
    memory = aligned_alloc(64, BYTES);
    EXPECT(memory != NULL);
    memset(memory, 0, BYTES);
    memset(tasks, 0, sizeof *tasks);
    tasks_init(tasks, memory, BYTES, is_shared);
}

// As tn_spawn and its slow half do it.
static struct tn_task *spawn(struct tasks *tasks, uint64_t value) {
    struct tn_task *task = tn_task_push(&tasks->self, &type, 7, &value, sizeof value);
    if (!tn_task_may_stay(&tasks->self, task)) {
        if (task >= tasks->end) {
            tasks->self.top--;
            return NULL;
        }
        tasks_arm(tasks);
    }
    return task;
}

static uint64_t value_of(const struct tn_task *task) {
    return task->payload[0];
}

TEST(an_empty_task_stack_gives_nothing) {
    struct tasks tasks;
    set_up(&tasks, true);
    EXPECT(tasks_steal(&tasks) == NULL);
    EXPECT(!tasks_has_public(&tasks));
    EXPECT(!tasks_publish(&tasks, tasks.self.top, true));
    EXPECT(tasks_in_place(&tasks, tasks.self.top) == NULL);
    EXPECT_EQ(tasks_check(&tasks), 0);
}

TEST(thieves_take_the_oldest_and_only_what_was_published) {
    struct tasks tasks;
    set_up(&tasks, true);
    for (uint64_t i = 0; i < 8; i++) {
        EXPECT_EQ(value_of(spawn(&tasks, i)), i);
    }
    EXPECT(tasks_steal(&tasks) == NULL);
    EXPECT(tasks_publish(&tasks, tasks.self.top, true));
    for (uint64_t i = 0; i < 8; i++) {
        struct tn_task *task = tasks.first + i;
        EXPECT_EQ(tasks_steal(&tasks), task);
        EXPECT_EQ(value_of(task), i);
        EXPECT(tasks_is_stolen(&tasks, task));
        EXPECT_EQ(task_line(task), 7);
    }
    EXPECT(tasks_steal(&tasks) == NULL);
    EXPECT_EQ(tasks_check(&tasks), 8);
}

TEST(a_stolen_task_ends_once_and_tells_who_waits) {
    struct tasks tasks;
    set_up(&tasks, true);
    struct tn_task *waited = spawn(&tasks, 1);
    struct tn_task *unwaited = spawn(&tasks, 2);
    EXPECT(tasks_publish(&tasks, tasks.self.top, true));
    EXPECT(tasks_steal(&tasks) == waited && tasks_steal(&tasks) == unwaited);
    EXPECT(!tasks_reclaim(&tasks, waited));
    uint32_t ticket = 0;
    EXPECT(tasks_await(waited, 41));
    EXPECT(!task_has_ended(waited));
    EXPECT(tasks_finish(waited, -5, &ticket));
    EXPECT_EQ(ticket, 41);
    EXPECT(task_has_ended(waited));
    EXPECT_EQ(task_outcome(waited), -5);
    EXPECT(tasks_await(unwaited, 43));
    tasks_await_cancel(unwaited);
    EXPECT(!tasks_finish(unwaited, 0, &ticket));
    EXPECT(!tasks_await(unwaited, 45));
    tasks_drop(&tasks, waited);
    EXPECT_EQ(tasks_check(&tasks), 2);
    tasks_drop(&tasks, unwaited);
    EXPECT_EQ(tasks_check(&tasks), 0);
}

TEST(a_task_in_place_is_found_by_those_above_it) {
    struct tasks tasks;
    set_up(&tasks, false);
    struct tn_task *outer = spawn(&tasks, 1);
    EXPECT(tn_task_enter(&tasks.self, outer));
    struct tn_task *inner = spawn(&tasks, 2);
    EXPECT(tasks_in_place(&tasks, tasks.self.top) == outer);
    EXPECT(tn_task_enter(&tasks.self, inner));
    EXPECT(tasks_in_place(&tasks, tasks.self.top) == inner);
    EXPECT(tasks_in_place(&tasks, inner) == outer);
    EXPECT(tasks_in_place(&tasks, outer) == NULL);
    int frame;
    EXPECT(task_adopter(inner) == NULL);
    task_adopt(inner, &frame);
    EXPECT(task_adopter(inner) == &frame);
    EXPECT_EQ(task_state(inner), TASK_IN_PLACE);
    EXPECT_EQ(task_line(inner), 7);
    EXPECT_EQ(task_line(outer), 7);
}

TEST(what_runs_in_place_does_not_wait_to_be_started) {
    struct tasks tasks;
    set_up(&tasks, false);
    EXPECT(!tasks_has_new(&tasks, 4));
    for (int i = 0; i < 4; i++) {
        struct tn_task *task = spawn(&tasks, 1);
        EXPECT(tasks_has_new(&tasks, 4));
        EXPECT(tn_task_enter(&tasks.self, task));
        EXPECT(!tasks_has_new(&tasks, 4));
    }
    EXPECT(tasks_has_new(&tasks, 3)); // that is as far as it looks
    struct tn_task *last = spawn(&tasks, 2);
    EXPECT(tasks_publish(&tasks, tasks.self.top, true));
    EXPECT(tasks_has_new(&tasks, 4));
    for (struct tn_task *stolen; (stolen = tasks_steal(&tasks)) != last;) {
        EXPECT(stolen != NULL);
    }
    EXPECT(!tasks_has_new(&tasks, 4));
}

TEST(a_poke_sends_the_next_spawn_and_await_down_the_slow_path) {
    struct tasks tasks;
    set_up(&tasks, false);
    struct tn_task *task = spawn(&tasks, 1);
    tasks_poke(&tasks);
    const uint64_t value = 2;
    struct tn_task *next = tn_task_push(&tasks.self, &type, 1, &value, sizeof value);
    EXPECT(!tn_task_may_stay(&tasks.self, next));
    EXPECT(!tn_task_enter(&tasks.self, next));
    tasks_arm(&tasks);
    EXPECT(tn_task_may_stay(&tasks.self, next));
    EXPECT(!tn_task_enter(&tasks.self, task)); // not the newest
    EXPECT(tn_task_enter(&tasks.self, next));
}

// ---- random steps ----------------------------------------------------------------------------

enum fate { OWNED, STOLEN, ENDED };

struct item {
    struct tn_task *task;
    uint64_t value;
    enum fate fate;
};

// What the task stack should hold, oldest first.
struct array {
    struct item items[PLACES];
    unsigned count;
    uint64_t next;
};

static void step_spawn(struct tasks *tasks, struct array *array) {
    struct tn_task *task = spawn(tasks, array->next);
    if (task == NULL) {
        EXPECT(tasks->self.top >= tasks->end);
        return;
    }
    array->items[array->count++] = (struct item){task, array->next++, OWNED};
}

// The newest item leaves, in whichever way it has to.
static void step_await(struct tasks *tasks, struct array *array) {
    struct item *item = &array->items[array->count - 1];
    if (item->fate == OWNED) {
        EXPECT(tasks_reclaim(tasks, item->task));
        EXPECT_EQ(value_of(item->task), item->value);
        task_set(item->task, TASK_IN_PLACE, 0);
    } else {
        EXPECT(!tasks_reclaim(tasks, item->task));
        if (item->fate == STOLEN) {
            return;
        }
        EXPECT_EQ(task_outcome(item->task), (int)item->value);
    }
    tasks_drop(tasks, item->task);
    array->count--;
}

static void step_steal(struct tasks *tasks, struct array *array) {
    struct tn_task *task = tasks_steal(tasks);
    if (task == NULL) {
        EXPECT(!tasks_has_public(tasks));
        return;
    }
    // The oldest that nobody has.
    unsigned at = 0;
    while (at < array->count && array->items[at].fate != OWNED) {
        at++;
    }
    EXPECT(at < array->count);
    EXPECT_EQ(array->items[at].task, task);
    EXPECT_EQ(array->items[at].value, value_of(task));
    array->items[at].fate = STOLEN;
}

static void step_end(struct array *array, unsigned at) {
    struct item *item = &array->items[at];
    if (item->fate == STOLEN) {
        uint32_t ticket;
        EXPECT(!tasks_finish(item->task, (int)item->value, &ticket));
        item->fate = ENDED;
    }
}

TEST(random_steps_agree_with_an_array, .seconds = 30) {
    struct random random;
    random_init(&random, test_seed());
    for (int round = 0; round < 200; round++) {
        struct tasks tasks;
        struct array array = {.count = 0, .next = 1};
        set_up(&tasks, round % 4 != 0);
        for (int step = 0; step < 500; step++) {
            const uint64_t dice = random_below(&random, 100);
            if (dice < 40) {
                step_spawn(&tasks, &array);
            } else if (dice < 65 && array.count > 0) {
                step_await(&tasks, &array);
            } else if (dice < 75) {
                (void)tasks_publish(&tasks, tasks.self.top, dice < 70);
            } else if (dice < 90) {
                step_steal(&tasks, &array);
            } else if (dice < 92) {
                tasks_poke(&tasks);
            } else if (array.count > 0) {
                step_end(&array, (unsigned)random_below(&random, array.count));
            }
            EXPECT_EQ(tasks_check(&tasks), array.count);
        }
        free(memory);
    }
}

TEST(what_runs_in_place_far_below_is_remembered_until_that_may_change) {
    struct tasks tasks;
    enum { MANY = 200 };
    void *place = aligned_alloc(64, (MANY + TASKS_RESERVE) * sizeof(struct tn_task));
    EXPECT(place != NULL);
    memset(&tasks, 0, sizeof tasks);
    tasks_init(&tasks, place, (MANY + TASKS_RESERVE) * sizeof(struct tn_task), false);
    EXPECT(tasks_current(&tasks) == NULL);
    struct tn_task *running = spawn(&tasks, 1);
    EXPECT(tn_task_enter(&tasks.self, running));
    for (int i = 0; i < 150; i++) {
        EXPECT(spawn(&tasks, 2) != NULL);
    }
    EXPECT(tasks_current(&tasks) == running);
    EXPECT(tasks.known_top == tasks.self.top);
    struct tn_task *newest = spawn(&tasks, 3);
    EXPECT(tasks_current(&tasks) == running);
    EXPECT(!tn_task_enter(&tasks.self, newest)); // the slow half forgets it first
    tasks_forget_current(&tasks);
    EXPECT(tn_task_enter(&tasks.self, newest));
    EXPECT(tasks_current(&tasks) == newest);
    EXPECT(tn_task_leave(&tasks.self, newest));
    EXPECT(tasks_current(&tasks) == running);
    tasks_drop(&tasks, tasks.self.top - 1);
    EXPECT(tasks.known_top == NULL);
    EXPECT(tasks_current(&tasks) == running);
    free(place);
}
