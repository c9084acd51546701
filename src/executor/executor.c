// executor.c - handing calls to lanes, and the life of an executor.
//
// Invariant: an item that was taken in is finished once: by the lane that ran it, by who cancels it
// before that, or when the crew is over. Start reading at tn_submit_type.
#include <tenon/executor.h>

#include "executor/away.h"
#include "executor/in_place.h"
#include "executor/item.h"
#include "executor/outside.h"
#include "frame/cancel.h"
#include "frame/current.h"
#include "frame/misuse.h"
#include "frame/room.h"

// ---- what lanes do ---------------------------------------------------------------------------

static bool has_work(struct lanes *lanes) {
    struct tn_executor *executor = executor_of(lanes->crew);
    return executor->outside == NULL && !list_is_empty(&executor->queues[lanes->level]);
}

static void take(struct lane *lane) {
    struct tn_executor *executor = executor_of(lane->lanes->crew);
    struct list_node *node = list_pop_front(&executor->queues[lane->lanes->level]);
    struct tn_item *item = container_of(node, struct tn_item, link);
    item->state = ITEM_RUNNING;
    item->lane = lane;
    lane->work = item;
    lane->failure_code = 0;
    lane->failure = NULL;
}

// The frame that a call in place becomes, if it does, copies the arguments of its type from the
// task; those of a large one do not lie there, and have been taken out anyway.
static void work(struct tn_self *self, struct lane *lane) {
    struct tn_item *item = lane->work;
    struct tn_type bare;
    const struct tn_type *type = item->type;
    if (UNLIKELY(away_is_possible(self, type))) {
        item->done.outcome = away_run(self, type, item->line, item->payload);
        return;
    }
    if (UNLIKELY(type->argument_bytes > TN_PAYLOAD_BYTES)) {
        bare = *type;
        bare.argument_bytes = 0;
        type = &bare;
    }
    item->done.outcome = in_place_run(self, type, item->line, item->payload);
}

static void done(struct lane *lane) {
    struct tn_item *item = lane->work;
    item->failure = lane->failure;
    item->rooms = room_take_received(lane->frame);
    item_finish(item, crew_outcome(lane, item->done.outcome));
}

static void give_up(struct lanes *lanes, int code) {
    struct tn_executor *executor = executor_of(lanes->crew);
    struct list_node *node;
    while ((node = list_pop_front(&executor->queues[lanes->level])) != NULL) {
        item_finish(container_of(node, struct tn_item, link), code);
    }
}

static void close(struct tn_self *self, struct crew *crew) {
    struct tn_executor *executor = executor_of(crew);
    if (executor->outside != NULL) {
        outside_close(self, executor->outside);
    }
}

static const struct crew_kind executor_kind = {has_work, take, work, done, give_up, close};

// ---- life ------------------------------------------------------------------------------------

static void destroy(struct object *object) {
    struct tn_executor *executor = container_of(object, struct tn_executor, object);
    items_deinit(executor);
    if (executor->outside != NULL) {
        outside_destroy(executor->outside);
    }
    os_free(executor);
}

// NULL: no memory.
static struct tn_executor *make(struct tn_self *self, const struct tn_executor_options *options) {
    struct tn_executor *executor = object_create(self, sizeof *executor, NULL);
    if (executor == NULL) {
        return NULL;
    }
    executor->object.destroy = destroy;
    executor->object.name = options->name;
    executor->object.may_be_dropped = false;
    for (int i = 0; i < CREW_LEVELS; i++) {
        list_init(&executor->queues[i]);
    }
    list_init(&executor->finished);
    list_init(&executor->free);
    if (options->blocking_threads > 0) {
        executor->outside = outside_create(executor, (size_t)options->blocking_threads);
        if (executor->outside == NULL) {
            object_dispose(&executor->object);
            return NULL;
        }
    }
    return executor;
}

struct tn_executor *tn_executor_create(struct tn_self *self,
                                       const struct tn_executor_options *options) {
    static const struct tn_executor_options defaults = {.name = NULL};
    options = options != NULL ? options : &defaults;
    if (current_is_outside(self)) {
        (void)misuse_outside();
        return NULL;
    }
    if (options->at_once < 0 || options->blocking_threads < 0) {
        (void)misuse(TN_OUT_OF_RANGE,
                     "an executor has no %d items at once on %d threads of its "
                     "own: both numbers are at least 0",
                     options->at_once, options->blocking_threads);
        return NULL;
    }
    struct tn_executor *executor = cancel_due(self) == TN_OK ? make(self, options) : NULL;
    if (executor == NULL) {
        return NULL;
    }
    const char *name = options->name != NULL ? options->name : "executor";
    if (crew_begin(self, &executor->crew, &executor_kind, name, (size_t)options->at_once,
                   executor->outside != NULL) != TN_OK) {
        object_dispose(&executor->object);
        return NULL;
    }
    return executor;
}

// From inside an item, waiting for all items is waiting for oneself.
static int check_waiter(struct tn_self *self, struct tn_executor *executor) {
    return !crew_runs(&executor->crew, self)
               ? TN_OK
               : misuse(TN_NOT_YOURS,
                        "an item waits for the end of its own executor, which would "
                        "wait for that item: let the frame that made %s end it",
                        executor->crew.name);
}

static bool is_idle(const void *subject) {
    return ((const struct tn_executor *)subject)->unfinished == 0;
}

static const struct gate_wish idle_wish = {is_idle, "the items of an executor"};

int tn_executor_end(struct tn_self *self, struct tn_executor *executor) {
    if (executor == NULL) {
        return TN_NO_MEMORY;
    }
    int code = check_waiter(self, executor);
    if (code != TN_OK) {
        return code;
    }
    struct gate *gate = &executor->crew.gate;
    gate_lock(gate);
    executor->is_closed = true;
    gate_unlock(gate);
    code = gate_wait(self, gate, &executor->crew.watching, &idle_wish, executor);
    if (code != TN_OK) {
        return code;
    }
    const int first_bad = executor->first_bad;
    gate_unlock(gate);
    code = crew_end(self, &executor->crew);
    return code != TN_OK ? code : first_bad;
}

int tn_executor_cancel(struct tn_self *self, struct tn_executor *executor) {
    if (executor == NULL) {
        return TN_NO_MEMORY;
    }
    gate_lock(&executor->crew.gate);
    executor->is_closed = true;
    gate_unlock(&executor->crew.gate);
    return crew_cancel(self, &executor->crew);
}

void tn_executor_drop(struct tn_self *self, struct tn_executor *executor) {
    if (executor != NULL && check_waiter(self, executor) == TN_OK &&
        tn_executor_cancel(self, executor) == TN_OK) {
        crew_forget(&executor->crew);
        object_dispose(&executor->object);
    }
}

// ---- submitting ------------------------------------------------------------------------------

// Under the gate: why nothing is taken in; TN_OK: it is.
static int refusal(const struct tn_executor *executor) {
    return executor->is_closed ? TN_CLOSED : executor->crew.is_over ? executor->crew.reason : TN_OK;
}

struct tn_passed tn_submit_type(struct tn_self *self, void *by, const struct tn_type *type,
                                unsigned line, const void *arguments) {
    struct tn_executor *executor = by;
    struct tn_passed passed = {.outcome = TN_NO_MEMORY};
    if (executor == NULL) {
        return passed;
    }
    if (current_is_outside(self)) {
        passed.outcome = misuse_outside();
        return passed;
    }
    sanitizer_hand_over(&executor->crew);
    gate_lock(&executor->crew.gate);
    passed.outcome = refusal(executor);
    if (passed.outcome == TN_OK) {
        struct tn_item *item = item_take(executor, type, line, arguments);
        if (item == NULL) {
            passed.outcome = TN_NO_MEMORY;
        } else {
            passed.object = item;
            passed.number = item->number;
            const enum crew_level level =
                type->level == TN_LEVEL_FRAME ? CREW_FRAMES : CREW_PFRAMES;
            list_push_back(&executor->queues[level], &item->link);
            if (executor->outside == NULL) {
                crew_call(&executor->crew.lanes[level]);
            } else {
                outside_call(executor->outside);
            }
        }
    }
    gate_unlock(&executor->crew.gate);
    if (passed.outcome == TN_CLOSED) {
        (void)misuse(TN_CLOSED,
                     "tn_submit(%s) after the end of the executor %s: submit before "
                     "tn_executor_end and tn_executor_cancel",
                     type->name, executor->crew.name);
    }
    return passed;
}
