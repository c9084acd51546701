// map_take.c - the life of a map, and taking its results.
//
// Invariant: `taken` is the chunk whose result `at` was given last; it goes back when the next one
// is wanted. Start reading at next_result.
#include "base/bits.h"
#include "base/cache.h"
#include "executor/map.h"
#include "frame/cancel.h"
#include "frame/current.h"
#include "frame/failure.h"
#include "frame/misuse.h"
#include "frame/room.h"
#include "frame/scope.h"

#define WINDOW 256
#define CHUNK_MAX 4096

// Results of a word that another thread has written: each line of them is asked for some lines
// ahead, for it takes a time in which some come.
enum { FETCH_EACH = 8, FETCH_AHEAD = 8 * CACHE_LINE };

// ---- life ------------------------------------------------------------------------------------

static void free_chunks(struct chunk *chunk) {
    while (chunk != NULL) {
        struct chunk *const later = chunk->later;
        chunk_empty(chunk);
        os_free(chunk);
        chunk = later;
    }
}

static void destroy(struct object *object) {
    struct tn_map *map = container_of(object, struct tn_map, object);
    if (map->order == TN_AS_COMPLETED) { // else it is among those that are ready
        while (map->left_over != NULL) {
            struct chunk *chunk = map->left_over;
            map->left_over = chunk->left;
            chunk->later = NULL;
            free_chunks(chunk);
        }
    }
    if (map->taken != NULL) {
        map->taken->later = NULL;
        free_chunks(map->taken);
    }
    free_chunks(map->ready_first);
    free_chunks(map->free);
    os_free(map->arguments);
    os_free(map);
}

static bool copy_arguments(struct tn_map *map, const void *arguments) {
    const struct tn_type *type = map->type;
    const size_t bytes =
        type->argument_bytes > TN_PAYLOAD_BYTES ? type->argument_bytes : TN_PAYLOAD_BYTES;
    map->payload_bytes = bits_round_up(bytes > type->result_bytes ? bytes : type->result_bytes, 16);
    map->stride = bits_round_up(type->result_bytes, sizeof(uint64_t));
    map->is_plain_count = map->plan.last_offset == 0 && map->plan.last_bytes == sizeof(uint64_t) &&
                          type->argument_bytes == sizeof(uint64_t);
    map->arguments = os_allocate_aligned(bits_round_up(bytes, 16), 16);
    if (map->arguments == NULL) {
        return false;
    }
    __builtin_memset(map->arguments, 0, bytes);
    __builtin_memcpy(map->arguments, arguments, type->argument_bytes);
    return true;
}

static void set_sizes(struct tn_map *map, const struct tn_map_options *options) {
    map->is_window_fixed = options->window != 0;
    map->window = map->is_window_fixed ? options->window : WINDOW;
    map->is_chunk_fixed = options->chunk != 0;
    map->chunk = map->is_chunk_fixed ? options->chunk : 1;
    const size_t part = map->window / MAP_CHUNKS_IN_WINDOW;
    map->chunk_max = !map->is_window_fixed ? CHUNK_MAX : part > 0 ? part : 1;
}

// NULL: no memory, or the frame has to end.
static struct tn_map *make(struct tn_self *self, const struct tn_map_plan *plan,
                           const struct tn_map_options *options, const struct tn_type *type,
                           unsigned line, const void *arguments) {
    struct tn_map *map = object_create(self, sizeof *map, NULL);
    if (map == NULL) {
        return NULL;
    }
    map->object.destroy = destroy;
    map->object.may_be_dropped = false;
    map->type = type;
    map->bare = *type;
    map->bare.argument_bytes = 0;
    map->line = line;
    map->plan = *plan;
    map->level = type->level == TN_LEVEL_FRAME ? CREW_FRAMES : CREW_PFRAMES;
    map->order = options->order;
    set_sizes(map, options);
    const char *name = options->name != NULL ? options->name : "map";
    if (!copy_arguments(map, arguments) ||
        crew_begin(self, &map->crew, &map_kind, name, map->window, false) != TN_OK) {
        object_dispose(&map->object);
        return NULL;
    }
    map->is_streamed = !map->crew.gate.is_local && type->result_bytes == sizeof(uint64_t);
    return map;
}

struct tn_passed tn_map_type(struct tn_self *self, void *by, const struct tn_type *type,
                             unsigned line, const void *arguments) {
    static const struct tn_map_options defaults = {.name = NULL};
    const struct tn_map_plan *plan = by;
    const struct tn_map_options *options = plan->options != NULL ? plan->options : &defaults;
    struct tn_passed passed = {.outcome = TN_NO_MEMORY};
    if (current_is_outside(self)) {
        passed.outcome = misuse_outside();
        return passed;
    }
    const size_t window = options->window == 0 ? WINDOW : options->window;
    if (options->chunk > window) {
        passed.outcome = misuse(TN_OUT_OF_RANGE,
                                "a map with chunks of %zu items has a window of %zu: make "
                                "the window at least as wide",
                                options->chunk, window);
        return passed;
    }
    struct tn_map *map =
        cancel_due(self) == TN_OK ? make(self, plan, options, type, line, arguments) : NULL;
    if (map != NULL) {
        sanitizer_hand_over(&map->crew);
        gate_lock(&map->crew.gate);
        crew_call(&map->crew.lanes[map->level]);
        gate_unlock(&map->crew.gate);
        passed = (struct tn_passed){.object = map, .outcome = TN_OK};
    }
    return passed;
}

// ---- taking results --------------------------------------------------------------------------

static bool is_ready(const void *subject) {
    const struct tn_map *map = subject;
    const struct chunk *chunk = map->ready_first;
    return (chunk != NULL && chunk->is_done) || map->given == map->plan.count ||
           map->broken != TN_OK || map->crew.is_over;
}

static const struct gate_wish result_wish = {is_ready, "the next result of a map"};

static void give_back(struct tn_map *map) {
    struct chunk *chunk = map->taken;
    if (chunk == NULL) {
        return;
    }
    map->taken = NULL;
    chunk_empty(chunk);
    gate_lock(&map->crew.gate);
    map->started -= chunk->count;
    chunk->later = map->free;
    map->free = chunk;
    crew_call(&map->crew.lanes[map->level]);
    gate_unlock(&map->crew.gate);
}

static void put_in_order(struct chunk *chunk) {
    struct room *rooms = NULL;
    while (chunk->rooms != NULL) {
        struct room *room = chunk->rooms;
        chunk->rooms = room->older;
        room->older = rooms;
        rooms = room;
    }
    chunk->rooms = rooms;
}

// The next chunk, taken; NULL: there is none.
static struct chunk *refill(struct tn_self *self, struct tn_map *map) {
    give_back(map);
    struct gate *gate = &map->crew.gate;
    if (gate_wait(self, gate, &map->crew.watching, &result_wish, map) != TN_OK) {
        return NULL;
    }
    struct chunk *chunk = map->ready_first;
    if (chunk != NULL && chunk->is_done) {
        map->ready_first = chunk->later;
        chunk->at = 0;
        map->taken = chunk;
    }
    gate_unlock(gate);
    sanitizer_take_over(&map->crew);
    if (map->taken != NULL && UNLIKELY(map->taken->rooms != NULL)) {
        put_in_order(map->taken);
    }
    return map->taken;
}

// The rooms of the result that is given now belong to who takes it; those before nobody wanted.
static void give_rooms(struct tn_self *self, struct chunk *chunk) {
    while (chunk->rooms != NULL && chunk->rooms->number <= chunk->at) {
        struct room *room = chunk->rooms;
        chunk->rooms = room->older;
        room->older = NULL;
        if (room->number == chunk->at) {
            room_receive(self, room);
        } else {
            room_free_all(room);
        }
    }
}

// The chunk whose result `at` is the next one.
static struct chunk *next_result(struct tn_self *self, struct tn_map *map) {
    struct chunk *chunk = map->taken;
    if (LIKELY(chunk != NULL && chunk->at + 1 < chunk->count)) {
        chunk->at++;
    } else {
        chunk = refill(self, map);
    }
    if (LIKELY(chunk != NULL)) {
        map->given++;
        if (UNLIKELY(chunk->is_odd) && map->first_bad == TN_OK) {
            map->first_bad = chunk->outcomes[chunk->at];
        }
    }
    return chunk;
}

bool tn_map_next_type(struct tn_self *self, const struct tn_type *type, struct tn_map *map,
                      void *value) {
    if (map == NULL) {
        return false;
    }
    if (UNLIKELY(type != map->type && type->invoke != map->type->invoke)) {
        (void)misuse(TN_WRONG_TYPE, "tn_map_next(%s, ...) of a map of %s: name its own function",
                     type->name, map->type->name);
        return false;
    }
    struct chunk *chunk = next_result(self, map);
    if (chunk == NULL || value == NULL) {
        return chunk != NULL;
    }
    const char *from = chunk->values + chunk->at * map->stride;
    if (UNLIKELY(chunk->at % FETCH_EACH == 0)) { // beyond the last one, it is in vain
        cache_fetch(from + FETCH_AHEAD);
    }
    if (UNLIKELY(chunk_outcome(chunk, chunk->at) != TN_OK)) {
        __builtin_memset(value, 0, type->result_bytes);
    } else if (LIKELY(type->result_bytes == sizeof(uint64_t))) {
        __builtin_memcpy(value, from, sizeof(uint64_t));
    } else {
        __builtin_memcpy(value, from, type->result_bytes);
        if (UNLIKELY(chunk->rooms != NULL)) { // a view is longer than a word
            give_rooms(self, chunk);
        }
    }
    return true;
}

size_t tn_map_index(const struct tn_map *map) {
    return map == NULL || map->taken == NULL ? 0 : map->taken->first + map->taken->at;
}

int tn_map_outcome(const struct tn_map *map) {
    return map == NULL || map->taken == NULL ? TN_EMPTY : chunk_outcome(map->taken, map->taken->at);
}

const struct tn_failure *tn_map_failure(const struct tn_map *map) {
    if (map == NULL || map->taken == NULL) {
        return NULL;
    }
    const struct oddity *oddity = map->taken->oddities;
    while (oddity != NULL && oddity->i != map->taken->at) {
        oddity = oddity->next;
    }
    return oddity == NULL ? NULL : &oddity->failure->faces[FAILURE_OF_FRAME];
}

static void free_map(struct tn_map *map) {
    crew_forget(&map->crew);
    object_dispose(&map->object);
}

// From inside an item, the end of the map is the end of oneself.
static int check_owner(struct tn_self *self, const struct tn_map *map) {
    return !crew_runs(&map->crew, self)
               ? TN_OK
               : misuse(TN_NOT_YOURS,
                        "an item ends the map %s that it is an item of, which would wait for that "
                        "item: let the frame that made the map end it, by tn_map_finish or "
                        "tn_map_drop",
                        map->crew.name);
}

int tn_map_finish(struct tn_self *self, struct tn_map *map) {
    if (map == NULL) {
        return TN_NO_MEMORY;
    }
    const int wrong = check_owner(self, map);
    if (wrong != TN_OK) {
        return wrong;
    }
    while (next_result(self, map) != NULL) {
    }
    const int code = map->given == map->plan.count ? map->first_bad : map->broken;
    const int due = crew_end(self, &map->crew);
    if (due != TN_OK) {
        return due;
    }
    free_map(map);
    scope_hear(self, code);
    return code;
}

void tn_map_drop(struct tn_self *self, struct tn_map *map) {
    if (map != NULL && check_owner(self, map) == TN_OK && crew_cancel(self, &map->crew) == TN_OK) {
        free_map(map);
    }
}
