// memory.c - the view machine of memory.h.
//
// Invariant: see memory.h. Each thread has three views, as in C11: `now`; `acquired`, what a later
// acquire fence will make visible; and `released`, what a relaxed store carries because of an
// earlier release fence. Start reading at memory_load.
#include "model/memory.h"

#include <string.h>

#include "model/model.h"

struct view {
    uint8_t seen[MEMORY_LOCATIONS_MAX];
    uint16_t clock[MEMORY_THREADS_MAX];
};

struct message {
    uint64_t value;
    struct view view;
};

struct location {
    size_t bytes;
    bool is_private;
    int count;
    struct message messages[MEMORY_MESSAGES_MAX];
};

struct actor {
    struct view now;
    struct view acquired;
    struct view released;
    uint8_t stale[MEMORY_LOCATIONS_MAX]; // Stale reads in a row.
    unsigned int stores;
};

struct plain {
    const volatile void *at;
    int writer;
    uint16_t written; // The writer's clock then; 0: never.
    uint16_t read[MEMORY_THREADS_MAX];
};

static struct {
    int locations;
    int plains;
    unsigned int stores;
    struct view consistent; // Shared by everything sequentially consistent.
    struct actor actors[MEMORY_THREADS_MAX];
    struct plain plain[MEMORY_PLAINS_MAX];
    const volatile void *at[MEMORY_LOCATIONS_MAX]; // the address of each location
    struct location location[MEMORY_LOCATIONS_MAX];
} memory;

static bool acquires(memory_order order) {
    return order == memory_order_acquire || order == memory_order_acq_rel ||
           order == memory_order_seq_cst;
}

static bool releases(memory_order order) {
    return order == memory_order_release || order == memory_order_acq_rel ||
           order == memory_order_seq_cst;
}

// Of all locations, known or not: a loop of a fixed length is a few instructions.
static void join_seen(struct view *to, const struct view *from) {
    for (int i = 0; i < MEMORY_LOCATIONS_MAX; i++) {
        to->seen[i] = to->seen[i] > from->seen[i] ? to->seen[i] : from->seen[i];
    }
}

static void join(struct view *to, const struct view *from) {
    join_seen(to, from);
    for (int i = 0; i < MEMORY_THREADS_MAX; i++) {
        to->clock[i] = to->clock[i] > from->clock[i] ? to->clock[i] : from->clock[i];
    }
}

void memory_reset(void) {
    memory.locations = 0;
    memory.plains = 0;
    memory.stores = 0;
    memset(&memory.consistent, 0, sizeof memory.consistent);
    memset(memory.actors, 0, sizeof memory.actors);
    for (int i = 0; i < MEMORY_THREADS_MAX; i++) {
        memory.actors[i].now.clock[i] = 1;
    }
}

static uint64_t contents(const volatile void *at, size_t bytes) {
    uint64_t value = 0;
    memcpy(&value, (const void *)at, bytes);
    return value;
}

// The object was (re)initialised by plain code: its history begins anew.
static void begin_history(int number, const volatile void *at, size_t bytes) {
    struct location *location = &memory.location[number];
    memory.at[number] = at;
    location->bytes = bytes;
    location->count = 1;
    memset(&location->messages[0], 0, sizeof location->messages[0]);
    location->messages[0].value = contents(at, bytes);
    memory.consistent.seen[number] = 0;
    for (int i = 0; i < MEMORY_THREADS_MAX; i++) {
        struct actor *actor = &memory.actors[i];
        actor->now.seen[number] = 0;
        actor->acquired.seen[number] = 0;
        actor->released.seen[number] = 0;
        actor->stale[number] = 0;
    }
}

int memory_find(const volatile void *at, size_t bytes) {
    for (int i = 0; i < memory.locations; i++) {
        if (memory.at[i] == at) {
            MODEL_EXPECT(memory.location[i].bytes == bytes);
            if (memory_newest(i) != contents(at, bytes)) {
                begin_history(i, at, bytes);
            }
            return i;
        }
    }
    MODEL_EXPECT(memory.locations < MEMORY_LOCATIONS_MAX);
    begin_history(memory.locations, at, bytes);
    return memory.locations++;
}

uint64_t memory_value(int number, int option) {
    const struct location *location = &memory.location[number];
    return location->messages[location->count - 1 - option].value;
}

uint64_t memory_newest(int number) {
    return memory_value(number, 0);
}

// The oldest message that the thread may still read.
static int oldest(int thread, int number, memory_order order) {
    int seen = memory.actors[thread].now.seen[number];
    int consistent = memory.consistent.seen[number];
    return order == memory_order_seq_cst && consistent > seen ? consistent : seen;
}

bool memory_may_be_stale(int thread, int number) {
    return memory.actors[thread].stale[number] < MEMORY_STALE_MAX;
}

int memory_messages(int number) {
    return memory.location[number].count;
}

// Whether the thread could read the same value from an older message.
static bool is_repeated(const struct location *location, int first, int at) {
    for (int i = first; i < at; i++) {
        if (location->messages[i].value == location->messages[at].value) {
            return true;
        }
    }
    return false;
}

int memory_options(int thread, int number, memory_order order, bool newest_only, int fresh_from,
                   uint8_t options[MEMORY_MESSAGES_MAX]) {
    const struct location *location = &memory.location[number];
    int newest = location->count - 1;
    if (newest_only || !memory_may_be_stale(thread, number)) {
        options[0] = 0;
        return newest >= fresh_from;
    }
    int count = 0;
    int first = oldest(thread, number, order);
    for (int at = newest; at >= first && at >= fresh_from; at--) {
        if (!is_repeated(location, first, at)) {
            options[count++] = (uint8_t)(newest - at);
        }
    }
    return count;
}

static void observe(struct actor *actor, int number, int at, memory_order order) {
    const struct message *message = &memory.location[number].messages[at];
    actor->now.seen[number] = (uint8_t)at;
    join(&actor->acquired, &message->view);
    if (acquires(order)) {
        join(&actor->now, &message->view);
    }
}

uint64_t memory_load(int thread, int number, memory_order order, int option) {
    struct actor *actor = &memory.actors[thread];
    struct location *location = &memory.location[number];
    int at = location->count - 1 - option;
    bool is_stale = location->messages[at].value != memory_newest(number);
    actor->stale[number] = is_stale ? (uint8_t)(actor->stale[number] + 1) : 0;
    observe(actor, number, at, order);
    return location->messages[at].value;
}

// `before`: the message that a read-modify-write replaces, whose release it carries on.
static void append(int thread, int number, uint64_t value, memory_order order,
                   const struct message *before) {
    struct actor *actor = &memory.actors[thread];
    struct location *location = &memory.location[number];
    MODEL_EXPECT(location->count < MEMORY_MESSAGES_MAX);
    int at = location->count++;
    struct message *message = &location->messages[at];
    actor->now.seen[number] = (uint8_t)at;
    actor->stale[number] = 0;
    message->value = value;
    message->view = releases(order) ? actor->now : actor->released;
    message->view.seen[number] = (uint8_t)at;
    if (before != NULL) {
        join(&message->view, &before->view);
    }
    if (order == memory_order_seq_cst) {
        memory.consistent.seen[number] = (uint8_t)at;
    }
    memcpy((void *)memory.at[number], &value, location->bytes);
    actor->now.clock[thread]++;
    actor->stores += !location->is_private;
    memory.stores += !location->is_private;
}

void memory_store(int thread, int number, uint64_t value, memory_order order) {
    append(thread, number, value, order, NULL);
}

void memory_replace(int thread, int number, uint64_t value, memory_order order) {
    struct location *location = &memory.location[number];
    int newest = location->count - 1;
    observe(&memory.actors[thread], number, newest, order);
    append(thread, number, value, order, &location->messages[newest]);
}

void memory_fence(int thread, memory_order order) {
    struct actor *actor = &memory.actors[thread];
    if (acquires(order)) {
        join(&actor->now, &actor->acquired);
    }
    if (order == memory_order_seq_cst) {
        join_seen(&actor->now, &memory.consistent);
        join_seen(&memory.consistent, &actor->now);
    }
    if (releases(order)) {
        actor->released = actor->now;
        actor->now.clock[thread]++;
    }
}

void memory_barrier_all(void) {
    for (int i = 0; i < MEMORY_THREADS_MAX; i++) {
        join_seen(&memory.consistent, &memory.actors[i].now);
    }
    for (int i = 0; i < MEMORY_THREADS_MAX; i++) {
        join_seen(&memory.actors[i].now, &memory.consistent);
    }
}

static struct plain *find_plain(const volatile void *at) {
    for (int i = 0; i < memory.plains; i++) {
        if (memory.plain[i].at == at) {
            return &memory.plain[i];
        }
    }
    MODEL_EXPECT(memory.plains < MEMORY_PLAINS_MAX);
    struct plain *plain = &memory.plain[memory.plains++];
    memset(plain, 0, sizeof *plain);
    plain->at = at;
    return plain;
}

bool memory_plain(int thread, const volatile void *at, bool is_write) {
    struct plain *plain = find_plain(at);
    const uint16_t *clock = memory.actors[thread].now.clock;
    bool ordered = plain->written <= clock[plain->writer];
    if (!is_write) {
        plain->read[thread] = clock[thread];
        return ordered;
    }
    for (int i = 0; i < MEMORY_THREADS_MAX; i++) {
        ordered = ordered && plain->read[i] <= clock[i];
    }
    plain->writer = thread;
    plain->written = clock[thread];
    return ordered;
}

void memory_fork(int parent, int child) {
    struct actor *from = &memory.actors[parent];
    join(&memory.actors[child].now, &from->now);
    from->now.clock[parent]++;
}

void memory_join(int parent, int child) {
    struct actor *from = &memory.actors[child];
    join(&memory.actors[parent].now, &from->now);
    from->now.clock[child]++;
}

void memory_mark(int number, bool is_private) {
    memory.location[number].is_private = is_private;
}

unsigned int memory_stores_of_others(int thread) {
    return memory.stores - memory.actors[thread].stores;
}
