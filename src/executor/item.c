// item.c - see item.h.
#include "executor/item.h"

#include <stdio.h>

#include "base/bits.h"
#include "frame/failure.h"
#include "frame/misuse.h"
#include "frame/room.h"

#define BLOCK_ITEMS 16

struct item_block {
    struct item_block *next;
    struct tn_item items[BLOCK_ITEMS];
};

// ---- as an awaitable -------------------------------------------------------------------------

static void retain(struct awaitable *awaitable) {
    object_retain(&container_of(awaitable, struct tn_item, done)->executor->object);
}

static void release(struct awaitable *awaitable) {
    object_release(&container_of(awaitable, struct tn_item, done)->executor->object);
}

static void tell(const struct awaitable *awaitable, char *text, size_t bytes) {
    const struct tn_item *item = container_of(awaitable, const struct tn_item, done);
    (void)snprintf(text, bytes, "waits for %s in an executor", item->type->name);
}

static const struct awaitable_kind item_kind = {retain, release, tell};

// ---- memory ----------------------------------------------------------------------------------

static bool add_block(struct tn_executor *executor) {
    struct item_block *block = os_allocate_aligned(sizeof *block, _Alignof(struct item_block));
    if (block == NULL) {
        return false;
    }
    block->next = executor->blocks;
    executor->blocks = block;
    for (size_t i = 0; i < BLOCK_ITEMS; i++) {
        struct tn_item *item = &block->items[i];
        *item = (struct tn_item){.executor = executor};
        list_push_back(&executor->free, &item->link);
    }
    return true;
}

static void *make_space(struct tn_item *item, const struct tn_type *type) {
    const size_t bytes =
        type->argument_bytes > type->result_bytes ? type->argument_bytes : type->result_bytes;
    return LIKELY(bytes <= sizeof item->space) ? item->space
                                               : os_allocate_aligned(bits_round_up(bytes, 16), 16);
}

struct tn_item *item_take(struct tn_executor *executor, const struct tn_type *type, unsigned line,
                          const void *arguments) {
    if (list_is_empty(&executor->free) && !add_block(executor)) {
        return NULL;
    }
    // The one used last: its memory is near.
    struct tn_item *item = container_of(list_last(&executor->free), struct tn_item, link);
    void *payload = make_space(item, type);
    if (payload == NULL) {
        return NULL;
    }
    list_remove(&item->link);
    awaitable_init(&item->done, &item_kind, executor->object.awaitable.is_local);
    item->state = ITEM_QUEUED;
    item->is_forgotten = false;
    item->line = line;
    item->type = type;
    item->lane = NULL;
    item->failure = NULL;
    item->rooms = NULL;
    item->payload = payload;
    frame_copy(payload, arguments, type->argument_bytes);
    executor->unfinished++;
    return item;
}

static void empty(struct tn_item *item) {
    if (UNLIKELY(item->payload != item->space)) {
        os_free(item->payload);
    }
    if (UNLIKELY(item->failure != NULL)) {
        failure_release(item->failure);
    }
    if (UNLIKELY(item->rooms != NULL)) {
        room_free_all(item->rooms);
    }
}

void item_free(struct tn_item *item) {
    empty(item);
    item->state = ITEM_FREE;
    item->number++;
    list_push_back(&item->executor->free, &item->link);
}

void item_finish(struct tn_item *item, int outcome) {
    struct tn_executor *executor = item->executor;
    item->state = ITEM_DONE;
    item->lane = NULL;
    executor->unfinished--;
    if (outcome != TN_OK && executor->first_bad == TN_OK) {
        executor->first_bad = outcome;
    }
    // Under the gate: who finds it DONE finds it completed, and nobody uses it anew before that.
    awaitable_complete(&item->done, outcome, NULL, true, NULL);
    if (item->is_forgotten) {
        item_free(item);
    } else {
        list_push_back(&executor->finished, &item->link);
    }
    crew_changed(&executor->crew);
}

void items_deinit(struct tn_executor *executor) {
    while (executor->blocks != NULL) {
        struct item_block *block = executor->blocks;
        executor->blocks = block->next;
        for (size_t i = 0; i < BLOCK_ITEMS; i++) {
            if (block->items[i].state != ITEM_FREE) {
                empty(&block->items[i]);
            }
        }
        os_free(block);
    }
}

struct tn_item *item_of(struct tn_future future, int *code) {
    struct tn_item *item = future.item;
    if (item == NULL) {
        *code = future.outcome;
        return NULL;
    }
    struct gate *gate = &item->executor->crew.gate;
    gate_lock(gate);
    if (item->number == future.number && item->state != ITEM_FREE) {
        *code = TN_OK;
        return item;
    }
    gate_unlock(gate);
    *code = misuse(TN_NOT_YOURS, "a future was used after tn_take or tn_future_drop: those use it "
                                 "up; tn_result leaves it as it is");
    return NULL;
}
