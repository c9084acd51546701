// memory.h - the weak memory on which a model runs: what each load may return.
//
// Every atomic object has its history, the messages stored to it, oldest first. A thread has a
// view: how far it has seen each history at least. A load may return any message from there on, so
// a stale value is read whenever nothing forbids it; an acquire takes over the view with which a
// message was released. That is the view machine for C11 without load buffering, with two
// simplifications: a store always goes to the end of its history, and a load cannot read what is
// stored later. Sequentially consistent fences and accesses share one more view, as in C++20.
//
// The same views carry vector clocks, by which plain accesses are checked for races.
//
// Invariant: view.seen[i] < location[i].count for every thread and location.
// Start reading at memory_load.
#ifndef MODEL_MEMORY_H
#define MODEL_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MEMORY_THREADS_MAX = 4, // 0 is the one that sets up and finishes.
    MEMORY_LOCATIONS_MAX = 48,
    MEMORY_MESSAGES_MAX = 120,
    MEMORY_PLAINS_MAX = 64,
    // A thread reads the same stale message at most so often in a row, or waiting would not end.
    MEMORY_STALE_MAX = 3,
};

// Forgets everything. Each execution begins with this.
void memory_reset(void);

// The number of the location at this address, which holds its present contents at first sight.
int memory_find(const volatile void *at, size_t bytes);

// In which ways the thread may load, and how many they are: option 0 is the newest message, 1 the
// one before it, ... Of several with one value only the oldest counts: whoever reads it knows
// least, so may do whatever the others would allow. And none of the first `fresh_from` messages.
int memory_options(int thread, int location, memory_order order, bool newest_only, int fresh_from,
                   uint8_t options[MEMORY_MESSAGES_MAX]);

// False when the thread has read so many stale messages in a row that it reads the newest next.
bool memory_may_be_stale(int thread, int location);

// How many messages the location has had.
int memory_messages(int location);

// Loads in that way.
uint64_t memory_load(int thread, int location, memory_order order, int option);

// Stores at the end of the history, and to the object itself.
void memory_store(int thread, int location, uint64_t value, memory_order order);

// The value that a load in that way would return.
uint64_t memory_value(int location, int option);

// The newest value, and replacing it in one step (a read-modify-write always takes the newest).
uint64_t memory_newest(int location);
void memory_replace(int thread, int location, uint64_t value, memory_order order);

void memory_fence(int thread, memory_order order);

// What each thread has stored is seen by all from now on. It orders nothing else: what a thread has
// read without acquiring stays so.
void memory_barrier_all(void);

// A plain access; false when nothing orders it against an earlier one by another thread.
bool memory_plain(int thread, const volatile void *at, bool is_write);

// `child` begins where `parent` is; `parent` learns all that `child` saw and did.
void memory_fork(int parent, int child);
void memory_join(int parent, int child);

// Whether the location is private to one thread: storing there is no news to others.
void memory_mark(int location, bool is_private);

// How many stores were made by others than `thread`, where they can be seen.
unsigned int memory_stores_of_others(int thread);

#endif
