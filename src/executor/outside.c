// outside.c - see outside.h.
#include "executor/outside.h"

#include <limits.h>

#include <tenon/scope.h>

#include "executor/item.h"
#include "frame/frame.h"

#define RESTING_NS 1000000000u // until a thread ends that has nothing to do

struct thread {
    struct list_node link; // of all that were started and not joined, or of those that have ended
    struct outside *outside;
    struct os_thread thread;
};

struct outside {
    struct tn_executor *executor;
    struct scheduler *scheduler;
    size_t count_max;
    // Under the gate:
    size_t count;   // threads that have not ended
    size_t resting; // of them, without a call, and not called yet
    bool is_closed;
    struct list threads;
    struct list ended; // to be joined
    struct list returned;
    bool is_token_queued;
    struct runnable token;
    _Atomic uint32_t calls; // what resting threads wait on: changes when one of them is called
};

static struct gate *gate_of(struct outside *outside) {
    return &outside->executor->crew.gate;
}

// ---- back to the run -------------------------------------------------------------------------

// On a worker of the run: what has returned is done.
static struct task_stack *finish_returned(struct worker *worker, struct runnable *runnable) {
    (void)worker;
    struct outside *outside = container_of(runnable, struct outside, token);
    struct tn_executor *executor = outside->executor;
    gate_lock(gate_of(outside));
    struct list_node *node;
    while ((node = list_pop_front(&outside->returned)) != NULL) {
        item_finish(container_of(node, struct tn_item, link), TN_OK);
    }
    outside->is_token_queued = false;
    crew_changed(&executor->crew);
    gate_unlock(gate_of(outside));
    object_release(&executor->object);
    return NULL;
}

// Under the gate, on a thread of the executor's own.
static void give_back(struct outside *outside, struct tn_item *item) {
    list_push_back(&outside->returned, &item->link);
    if (!outside->is_token_queued) {
        outside->is_token_queued = true;
        object_retain(&outside->executor->object); // the token's
        scheduler_submit_anyone(outside->scheduler, &outside->token, false);
    }
}

// ---- threads ---------------------------------------------------------------------------------

// Any: the levels mean nothing here.
static struct tn_item *next_item(struct outside *outside) {
    for (int i = 0; i < CREW_LEVELS; i++) {
        struct list_node *node = list_pop_front(&outside->executor->queues[i]);
        if (node != NULL) {
            return container_of(node, struct tn_item, link);
        }
    }
    return NULL;
}

static bool has_item(struct outside *outside) {
    return !list_is_empty(&outside->executor->queues[CREW_FRAMES]) ||
           !list_is_empty(&outside->executor->queues[CREW_PFRAMES]);
}

// Under the gate, also when it returns. False: nothing came for a second, or all is over.
static bool rest(struct outside *outside) {
    const uint64_t deadline_ns = os_now_ns() + RESTING_NS;
    const uint32_t seen = atomic_load_relaxed(&outside->calls);
    outside->resting++;
    int code = OS_OK;
    while (code != OS_TIMED_OUT && atomic_load_relaxed(&outside->calls) == seen) {
        gate_unlock(gate_of(outside));
        code = os_wait_word(&outside->calls, seen, deadline_ns);
        gate_lock(gate_of(outside));
    }
    if (atomic_load_relaxed(&outside->calls) == seen) { // else who called has counted it out
        outside->resting--;
    }
    return !outside->is_closed && (code != OS_TIMED_OUT || has_item(outside));
}

static void run_thread(void *argument) {
    struct thread *thread = argument;
    struct outside *outside = thread->outside;
    gate_lock(gate_of(outside));
    for (;;) {
        struct tn_item *item = next_item(outside);
        if (item == NULL) {
            if (outside->is_closed || !rest(outside)) {
                break;
            }
            continue;
        }
        item->state = ITEM_RUNNING;
        gate_unlock(gate_of(outside));
        sanitizer_take_over(&outside->executor->crew);
        item->type->invoke(tn_current(), item->payload);
        sanitizer_hand_over(&item->done);
        gate_lock(gate_of(outside));
        give_back(outside, item);
    }
    outside->count--;
    list_remove(&thread->link);
    list_push_back(&outside->ended, &thread->link);
    gate_unlock(gate_of(outside));
}

// Threads that have ended, or are about to, are joined by who starts the next. Under the gate,
// which is let go of meanwhile.
static void join_ended(struct outside *outside) {
    struct list_node *node;
    while ((node = list_pop_front(&outside->ended)) != NULL) {
        struct thread *thread = container_of(node, struct thread, link);
        gate_unlock(gate_of(outside));
        os_thread_join(&thread->thread);
        os_free(thread);
        gate_lock(gate_of(outside));
    }
}

// Under the gate: false when the system refuses.
static bool start_thread(struct outside *outside) {
    struct thread *thread = os_allocate(sizeof *thread);
    if (thread == NULL) {
        return false;
    }
    *thread = (struct thread){.outside = outside};
    list_push_back(&outside->threads, &thread->link);
    outside->count++;
    if (os_thread_start(&thread->thread, run_thread, thread, "tenon-outside") == OS_OK) {
        return true;
    }
    outside->count--;
    list_remove(&thread->link);
    os_free(thread);
    return false;
}

void outside_call(struct outside *outside) {
    if (outside->resting > 0) {
        outside->resting = 0; // all look; those that find nothing rest again
        atomic_fetch_add_relaxed(&outside->calls, 1);
        os_wake_word(&outside->calls, INT_MAX);
        return;
    }
    join_ended(outside);
    if (outside->count < outside->count_max && !start_thread(outside) && outside->count == 0) {
        struct tn_item *item;
        while ((item = next_item(outside)) != NULL) {
            item_finish(item, TN_NO_THREAD);
        }
    }
}

// ---- life ------------------------------------------------------------------------------------

struct outside *outside_create(struct tn_executor *executor, size_t count_max) {
    struct outside *outside = os_allocate(sizeof *outside);
    if (outside == NULL) {
        return NULL;
    }
    *outside = (struct outside){.executor = executor,
                                .scheduler = worker_current()->scheduler,
                                .count_max = count_max,
                                .token.run = finish_returned};
    list_init(&outside->threads);
    list_init(&outside->ended);
    list_init(&outside->returned);
    return outside;
}

static bool has_returned(const void *subject) {
    return ((const struct outside *)subject)->executor->unfinished == 0;
}

static const struct gate_wish return_wish = {
    has_returned, "calls that block, on threads of an executor's own, to return"};

void outside_close(struct tn_self *self, struct outside *outside) {
    struct gate *gate = gate_of(outside);
    struct tn_scope shield;
    tn_shield_begin(self, &shield);
    if (gate_wait(self, gate, &outside->executor->crew.watching, &return_wish, outside) != TN_OK) {
        gate_lock(gate); // not in a shield; and the threads are waited for in any case
    }
    outside->is_closed = true;
    atomic_fetch_add_relaxed(&outside->calls, 1);
    os_wake_word(&outside->calls, INT_MAX);
    while (outside->count > 0 || !list_is_empty(&outside->ended)) {
        join_ended(outside);
        struct list_node *node = list_first(&outside->threads);
        if (node != NULL) { // it is on its way out, and moves to the other list by itself
            gate_unlock(gate);
            os_thread_yield();
            gate_lock(gate);
        }
    }
    gate_unlock(gate);
    (void)tn_scope_end(self, &shield);
}

void outside_destroy(struct outside *outside) {
    os_free(outside);
}
