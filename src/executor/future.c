// future.c - what became of items: one, several, as they complete.
//
// Invariant: an item is read under the gate, or after it has completed and by who holds a future
// that is not used up. Start reading at tn_result_type.
#include <tenon/executor.h>

#include "executor/item.h"
#include "executor/outside.h"
#include "frame/failure.h"
#include "frame/misuse.h"
#include "frame/room.h"
#include "frame/scope.h"
#include "scheduler/hard.h"

// The constant that describes a function exists once in each file that includes its declaration.
static bool is_same(const struct tn_type *one, const struct tn_type *other) {
    return one == other || one->invoke == other->invoke;
}

static bool is_done(const struct tn_item *item) {
    return item->state == ITEM_DONE;
}

// ---- one -------------------------------------------------------------------------------------

// Waits for the item of a future: TN_OK, and the item has ended. Else what keeps it from that.
static int wait_for(struct tn_self *self, const struct tn_type *type, struct tn_future future) {
    int code;
    struct tn_item *item = item_of(future, &code);
    if (item == NULL) {
        return code;
    }
    const struct tn_type *its_type = item->type;
    const bool has_ended = is_done(item);
    gate_unlock(&item->executor->crew.gate);
    if (type != NULL && !is_same(type, its_type)) {
        return misuse(TN_WRONG_TYPE, "tn_result(%s, ...) of an item of %s: name its own function",
                      type->name, its_type->name);
    }
    if (has_ended) {
        sanitizer_take_over(&item->done);
        hard_await(task_stack_of(self));
        return TN_OK;
    }
    code = awaitable_wait(self, &item->done, NULL, false);
    int outcome;
    return awaitable_is_done(&item->done, &outcome) ? TN_OK : code;
}

int tn_result_type(struct tn_self *self, const struct tn_type *type, struct tn_future future,
                   void *value, bool is_taken) {
    int code = wait_for(self, type, future);
    if (code != TN_OK) {
        return code;
    }
    struct tn_item *item = item_of(future, &code);
    if (item == NULL) { // another frame has taken it meanwhile
        return code;
    }
    struct gate *gate = &item->executor->crew.gate;
    const int outcome = item->done.outcome;
    struct room *rooms = NULL;
    if (value != NULL && outcome == TN_OK) {
        frame_copy(value, item->payload, type->result_bytes);
    }
    if (is_taken) {
        if (UNLIKELY(item->rooms != NULL) && value != NULL && outcome == TN_OK) {
            rooms = item->rooms;
            item->rooms = NULL;
        }
        if (list_is_linked(&item->link)) {
            list_remove(&item->link);
        }
        item_free(item);
    }
    gate_unlock(gate);
    room_receive(self, rooms);
    scope_hear(self, outcome);
    return outcome;
}

bool tn_future_is_done(struct tn_future future) {
    int code;
    struct tn_item *item = item_of(future, &code);
    if (item == NULL) {
        return true;
    }
    const bool has_ended = is_done(item);
    gate_unlock(&item->executor->crew.gate);
    return has_ended;
}

bool tn_future_cancel(struct tn_self *self, struct tn_future future) {
    (void)self;
    int code;
    struct tn_item *item = item_of(future, &code);
    if (item == NULL) {
        return false;
    }
    struct gate *gate = &item->executor->crew.gate;
    bool is_cancelled = false;
    if (item->state == ITEM_QUEUED) {
        list_remove(&item->link);
        item_finish(item, TN_REMOVED);
        is_cancelled = true;
    } else if (item->state == ITEM_RUNNING && item->lane != NULL) {
        crew_doom(item->lane);
        is_cancelled = true;
    }
    gate_unlock(gate);
    return is_cancelled;
}

const struct tn_failure *tn_future_failure(struct tn_future future) {
    int code;
    struct tn_item *item = item_of(future, &code);
    if (item == NULL) {
        return NULL;
    }
    struct failure *failure = is_done(item) ? item->failure : NULL;
    gate_unlock(&item->executor->crew.gate);
    return failure == NULL ? NULL : &failure->faces[FAILURE_OF_FRAME];
}

struct tn_awaitable *tn_of_future(struct tn_future future) {
    int code;
    struct tn_item *item = item_of(future, &code);
    if (item == NULL) {
        return NULL;
    }
    gate_unlock(&item->executor->crew.gate);
    return (struct tn_awaitable *)(void *)&item->done;
}

void tn_future_drop(struct tn_self *self, struct tn_future future) {
    (void)self;
    int code;
    struct tn_item *item = item_of(future, &code);
    if (item == NULL) {
        return;
    }
    struct gate *gate = &item->executor->crew.gate;
    if (is_done(item)) {
        if (list_is_linked(&item->link)) {
            list_remove(&item->link);
        }
        item_free(item);
    } else {
        item->is_forgotten = true;
    }
    gate_unlock(gate);
}

// ---- several ---------------------------------------------------------------------------------

static bool has_news(const void *subject) {
    const struct tn_executor *executor = subject;
    return !list_is_empty(&executor->finished) || executor->unfinished == 0;
}

static const struct gate_wish news_wish = {has_news, "the next item that completes"};

bool tn_next_completed(struct tn_self *self, struct tn_executor *executor,
                       struct tn_future *future) {
    *future = (struct tn_future){.outcome = TN_EMPTY};
    if (executor == NULL) {
        return false;
    }
    struct gate *gate = &executor->crew.gate;
    if (gate_wait(self, gate, &executor->crew.watching, &news_wish, executor) != TN_OK) {
        return false;
    }
    struct list_node *node = list_pop_front(&executor->finished);
    if (node != NULL) {
        struct tn_item *item = container_of(node, struct tn_item, link);
        *future = (struct tn_future){.item = item, .number = item->number};
    }
    gate_unlock(gate);
    sanitizer_take_over(&executor->crew);
    return node != NULL;
}

struct several {
    size_t count;
    const struct tn_future *futures;
    enum tn_until until;
};

static bool has_come(const void *subject) {
    const struct several *several = subject;
    size_t ended = 0;
    for (size_t i = 0; i < several->count; i++) {
        const struct tn_future *future = &several->futures[i];
        const struct tn_item *item = future->item;
        // One that another frame has used up has ended.
        const bool is_gone = item == NULL || item->number != future->number;
        if (!is_gone && !is_done(item)) {
            continue;
        }
        ended++;
        const int outcome = item == NULL ? future->outcome : is_gone ? TN_OK : item->done.outcome;
        if (several->until == TN_UNTIL_FIRST ||
            (several->until == TN_UNTIL_FAILURE && outcome != TN_OK)) {
            return true;
        }
    }
    return ended == several->count;
}

static const struct gate_wish several_wish = {has_come, "items of an executor"};

int tn_await_futures(struct tn_self *self, size_t count, const struct tn_future *futures,
                     enum tn_until until) {
    struct tn_executor *executor = NULL;
    for (size_t i = 0; i < count; i++) {
        struct tn_executor *its = futures[i].item == NULL ? executor : futures[i].item->executor;
        if (executor != NULL && its != executor) {
            return misuse(TN_NOT_YOURS,
                          "tn_await_futures of futures of %s and of %s: wait for "
                          "those of one executor, or use tn_any and tn_all of "
                          "tn_of_future",
                          executor->crew.name, its->crew.name);
        }
        executor = its;
    }
    if (executor == NULL) {
        return TN_OK;
    }
    const struct several several = {count, futures, until};
    struct gate *gate = &executor->crew.gate;
    const int code = gate_wait(self, gate, &executor->crew.watching, &several_wish, &several);
    if (code == TN_OK) {
        gate_unlock(gate);
        sanitizer_take_over(&executor->crew);
    }
    return code;
}

int tn_gather(struct tn_self *self, size_t count, const struct tn_future *futures, int *outcomes) {
    int cut = TN_OK;
    for (size_t i = 0; i < count; i++) {
        const int code = cut == TN_OK ? wait_for(self, NULL, futures[i]) : TN_OK;
        int ignored;
        struct tn_item *item = item_of(futures[i], &ignored);
        if (item == NULL) {
            outcomes[i] = ignored;
            continue;
        }
        outcomes[i] = is_done(item) ? item->done.outcome : cut != TN_OK ? cut : code;
        cut = is_done(item) || cut != TN_OK ? cut : code;
        gate_unlock(&item->executor->crew.gate);
    }
    return cut;
}
