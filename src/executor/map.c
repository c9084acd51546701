// map.c - one function over many values.
//
// A lane takes a chunk of items, runs them one after the other, and hands their results over
// together; who takes the results gives the chunk back when it has been through it. So both sides
// come to the gate once for each chunk. Where they may be two threads, results of a word go past
// the caches (base/stream.h): else to write where the other has read costs more than a small item.
//
//           take              work, done                   refill                refill
//     free -----> with a lane -----------> is_done, ready -----> with who takes -------> free
//                     ^  `-- done: the lane is doomed --> left over
//                     '---------------- take -----------------'
//
// Invariants (under the gate): `started` counts the items of chunks that are not free; it is at
// most the window. `ready` holds chunks by their items when the order is kept (also those that are
// not done yet), else as they were done. Items before `next` have been taken by lanes. Start
// reading at take.
#include "executor/map.h"

#include "base/bits.h"
#include "base/stream.h"
#include "executor/away.h"
#include "executor/in_place.h"
#include "frame/failure.h"
#include "frame/frame.h"
#include "frame/room.h"

// A chunk that took less is followed by one of twice as many items, one that took more by one of
// half as many: what it costs to hand a chunk over, which may be to wake a thread, is then little
// beside it.
#define CHUNK_NS_MIN 20000u
#define CHUNK_NS_MAX 100000u

// ---- chunks ----------------------------------------------------------------------------------

static void push_ready(struct tn_map *map, struct chunk *chunk) {
    chunk->later = NULL;
    if (map->ready_first == NULL) {
        map->ready_first = chunk;
    } else {
        map->ready_last->later = chunk;
    }
    map->ready_last = chunk;
}

// Room for `count` results: from those that are free, or new. NULL: no memory.
static struct chunk *take_room(struct tn_map *map, size_t count) {
    struct chunk *chunk;
    while ((chunk = map->free) != NULL) {
        map->free = chunk->later;
        if (chunk->room >= count) {
            return chunk;
        }
        os_free(chunk); // chunks have grown
    }
    const size_t values = bits_round_up(sizeof(struct chunk), 16);
    const size_t outcomes = bits_round_up(values + count * map->stride, 16);
    chunk = os_allocate_aligned(bits_round_up(outcomes + count * sizeof(int), 16), 16);
    if (chunk != NULL) {
        *chunk = (struct chunk){.room = count,
                                .values = (char *)chunk + values,
                                .outcomes = (int *)(void *)((char *)chunk + outcomes)};
    }
    return chunk;
}

void chunk_empty(struct chunk *chunk) {
    if (UNLIKELY(chunk->rooms != NULL)) {
        room_free_all(chunk->rooms);
        chunk->rooms = NULL;
    }
    while (UNLIKELY(chunk->oddities != NULL)) {
        struct oddity *oddity = chunk->oddities;
        chunk->oddities = oddity->next;
        failure_release(oddity->failure);
        os_free(oddity);
    }
}

// ---- what lanes do ---------------------------------------------------------------------------

static struct tn_map *map_of(const struct crew *crew) {
    return container_of((struct crew *)(uintptr_t)crew, struct tn_map, crew);
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

// Not before there is room in the window for a whole chunk, which there will be.
static bool has_work(struct lanes *lanes) {
    const struct tn_map *map = map_of(lanes->crew);
    if (lanes->level != map->level || map->broken != TN_OK) {
        return false;
    }
    const size_t left = map->plan.count - map->next;
    return map->left_over != NULL ||
           (left > 0 && map->window - map->started >= least(map->chunk, left));
}

static struct chunk *cut_chunk(struct tn_map *map) {
    const size_t count = least(map->chunk, map->plan.count - map->next);
    struct chunk *chunk = take_room(map, count);
    if (chunk == NULL) {
        map->broken = TN_NO_MEMORY;
        crew_changed(&map->crew);
        return NULL;
    }
    chunk->first = map->next;
    chunk->count = count;
    chunk->at = 0;
    chunk->is_done = false;
    chunk->is_odd = false;
    map->next += count;
    map->started += count;
    if (map->order == TN_IN_ORDER) {
        push_ready(map, chunk);
    }
    return chunk;
}

static void take(struct lane *lane) {
    struct tn_map *map = map_of(lane->lanes->crew);
    struct chunk *chunk = map->left_over;
    if (chunk != NULL) {
        map->left_over = chunk->left;
    } else {
        chunk = cut_chunk(map);
    }
    if (chunk != NULL) {
        chunk->began_ns = map->is_chunk_fixed ? 0 : os_now_ns();
    }
    lane->work = chunk;
    lane->failure_code = 0;
    lane->failure = NULL;
}

static void count_up(void *argument, size_t bytes, size_t by) {
    switch (bytes) {
    case 8:
        *(uint64_t *)argument += by;
        break;
    case 4:
        *(uint32_t *)argument += (uint32_t)by;
        break;
    case 2:
        *(uint16_t *)argument = (uint16_t)(*(uint16_t *)argument + by);
        break;
    default:
        *(uint8_t *)argument = (uint8_t)(*(uint8_t *)argument + by);
        break;
    }
}

// What failed is kept with the chunk; without memory for that its outcome is.
static void keep_failure(struct chunk *chunk, size_t i, struct failure *failure) {
    struct oddity *oddity = failure == NULL ? NULL : os_allocate(sizeof *oddity);
    if (oddity != NULL) {
        *oddity = (struct oddity){chunk->oddities, i, failure};
        chunk->oddities = oddity;
    } else if (failure != NULL) {
        failure_release(failure);
    }
}

static void note_outcome(struct chunk *chunk, size_t i, int outcome) {
    if (!chunk->is_odd) {
        chunk->is_odd = true;
        __builtin_memset(chunk->outcomes, 0, i * sizeof *chunk->outcomes);
    }
    chunk->outcomes[i] = outcome;
}

// Rooms that came with the result of item i, if it has one.
static void keep_rooms(struct chunk *chunk, size_t i, int outcome, struct room *rooms) {
    if (outcome != TN_OK) {
        room_free_all(rooms);
        return;
    }
    while (rooms != NULL) {
        struct room *older = rooms->older;
        rooms->number = i;
        rooms->older = chunk->rooms;
        chunk->rooms = rooms;
        rooms = older;
    }
}

static void write_arguments(const struct tn_map *map, size_t number, void *payload) {
    const size_t bytes = map->type->argument_bytes;
    if (LIKELY(map->is_plain_count)) {
        *(uint64_t *)payload = *(const uint64_t *)map->arguments + number;
        return;
    }
    if (LIKELY(bytes <= TN_PAYLOAD_BYTES)) {
        __builtin_memcpy(payload, map->arguments, TN_PAYLOAD_BYTES);
    } else {
        __builtin_memcpy(payload, map->arguments, bytes);
    }
    count_up((char *)payload + map->plan.last_offset, map->plan.last_bytes, number);
}

// A result of a word, which another thread may take.
static void stream_result(const struct chunk *chunk, size_t i, const void *result) {
    uint64_t word;
    __builtin_memcpy(&word, result, sizeof word);
    stream_word(chunk->values + i * sizeof word, word);
}

static void run_item(struct tn_self *self, struct lane *lane, struct chunk *chunk, void *payload) {
    struct tn_map *map = map_of(lane->lanes->crew);
    const struct tn_type *type = map->type;
    const size_t i = chunk->at;
    write_arguments(map, chunk->first + i, payload);
    const int code = UNLIKELY(away_is_possible(self, type))
                         ? away_run(self, type, map->line, payload)
                         : in_place_run(self, &map->bare, map->line, payload);
    const int outcome = crew_outcome(lane, code);
    if (UNLIKELY(outcome != TN_OK || chunk->is_odd)) {
        note_outcome(chunk, i, outcome);
    }
    if (UNLIKELY(outcome != TN_OK)) {
        keep_failure(chunk, i, lane->failure);
    } else if (map->is_streamed) {
        stream_result(chunk, i, payload);
    } else if (LIKELY(type->result_bytes == sizeof(uint64_t))) {
        __builtin_memcpy(chunk->values + i * sizeof(uint64_t), payload, sizeof(uint64_t));
    } else {
        __builtin_memcpy(chunk->values + i * map->stride, payload, type->result_bytes);
    }
    if (UNLIKELY(lane->frame->received != NULL)) {
        keep_rooms(chunk, i, outcome, room_take_received(lane->frame));
    }
    chunk->at = i + 1;
}

static void work(struct tn_self *self, struct lane *lane) {
    struct tn_map *map = map_of(lane->lanes->crew);
    struct chunk *chunk = lane->work;
    if (chunk == NULL) {
        return;
    }
    uint64_t room[TN_PAYLOAD_BYTES / sizeof(uint64_t)] __attribute__((aligned(16)));
    void *payload = room;
    if (UNLIKELY(map->payload_bytes > sizeof room)) {
        payload = os_allocate_aligned(map->payload_bytes, 16);
        if (payload == NULL) {
            note_outcome(chunk, chunk->at++, TN_NO_MEMORY);
            return;
        }
    }
    const struct task_stack *stack = task_stack_of(self);
    do {
        run_item(self, lane, chunk, payload);
    } while (chunk->at < chunk->count && !lane->is_doomed &&
             LIKELY(atomic_load_relaxed(&((struct task_stack *)(uintptr_t)stack)->cancels) == 0));
    if (map->is_streamed) {
        stream_end();
    }
    if (payload != room) {
        os_free(payload);
    }
}

static void choose_chunk(struct tn_map *map, const struct chunk *chunk) {
    const uint64_t taken_ns = os_now_ns() - chunk->began_ns;
    if (taken_ns < CHUNK_NS_MIN && chunk->count == map->chunk) {
        map->chunk = least(map->chunk * 2, map->chunk_max);
        if (!map->is_window_fixed && map->window < map->chunk * MAP_CHUNKS_AHEAD) {
            map->window = map->chunk * MAP_CHUNKS_AHEAD;
        }
    } else if (taken_ns > CHUNK_NS_MAX && map->chunk > 1) {
        map->chunk /= 2;
    }
}

static void done(struct lane *lane) {
    struct tn_map *map = map_of(lane->lanes->crew);
    struct chunk *const chunk = lane->work;
    if (chunk == NULL) {
        return;
    }
    if (chunk->at < chunk->count) { // its lane is of no more use: another one goes on
        chunk->left = map->left_over;
        map->left_over = chunk;
        return;
    }
    chunk->is_done = true;
    if (map->order == TN_AS_COMPLETED) {
        push_ready(map, chunk);
    }
    if (!map->is_chunk_fixed) {
        choose_chunk(map, chunk);
    }
    crew_changed(&map->crew);
}

static void give_up(struct lanes *lanes, int code) {
    struct tn_map *map = map_of(lanes->crew);
    if (lanes->level == map->level && map->broken == TN_OK) {
        map->broken = code;
    }
}

const struct crew_kind map_kind = {has_work, take, work, done, give_up, NULL};
