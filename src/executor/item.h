// item.h - one call that was handed to an executor, and the executor.
//
//             item_take            take, outside_run            item_finish
//     FREE ------------> QUEUED ----------------------> RUNNING ------------> DONE
//      ^                    `-------- item_finish: removed, given up ----------^ |
//      '------------------------------ item_free -------------------------------'
//
// Ownership: an item is completed once, by item_finish, under the executor's gate; whoever waits
// for it hangs on `done`, and keeps the executor's memory by a reference. Items stay memory of
// their executor until that goes, so that a future that is used too late finds another number.
// Invariants (under the gate): `unfinished` counts the items QUEUED or RUNNING; `finished` holds
// the items DONE that nobody has been given by tn_next_completed, oldest first.
// Start reading at tn_submit_type in executor.c.
#ifndef TENON_EXECUTOR_ITEM_H
#define TENON_EXECUTOR_ITEM_H

#include <tenon/executor.h>

#include "executor/crew.h"
#include "frame/object.h"

enum item_state { ITEM_FREE, ITEM_QUEUED, ITEM_RUNNING, ITEM_DONE };

struct tn_item {
    struct awaitable done;
    struct tn_executor *executor;
    struct list_node link; // free, queued, returned or finished
    enum item_state state;
    unsigned number;   // grows with each use of the memory
    bool is_forgotten; // nobody has its future
    unsigned line;
    const struct tn_type *type;
    struct lane *lane;       // that runs it; NULL: none, or a thread of the executor's own
    struct failure *failure; // NULL: none
    struct room *rooms;      // that belong to the result: frame/room.h
    void *payload;           // arguments, then the result
    uint64_t space[TN_PAYLOAD_BYTES / sizeof(uint64_t)] __attribute__((aligned(16)));
};

struct outside;
struct room;

struct tn_executor {
    struct object object; // first
    struct crew crew;
    struct outside *outside; // its own threads; NULL: none
    // Under the crew's gate:
    bool is_closed;
    size_t unfinished;
    int first_bad; // outcome that was not TN_OK; TN_OK: none
    struct list queues[CREW_LEVELS];
    struct list finished;
    struct list free;
    struct item_block *blocks;
};

static inline struct tn_executor *executor_of(struct crew *crew) {
    return container_of(crew, struct tn_executor, crew);
}

// Memory for an item, QUEUED nowhere yet; NULL: none. Under the gate, as those that follow.
struct tn_item *item_take(struct tn_executor *executor, const struct tn_type *type, unsigned line,
                          const void *arguments);
// An item that is not on a list becomes free.
void item_free(struct tn_item *item);
// An item that is on no list ends; whoever waits for it or for a change is woken.
void item_finish(struct tn_item *item, int outcome);
// All of them, when nobody can use any of it any more.
void items_deinit(struct tn_executor *executor);

// The item that the future is of, under the gate; NULL: it was used up, which is a programmer's
// error, or there never was one: *code says which, and the gate is not held.
struct tn_item *item_of(struct tn_future future, int *code);

#endif
