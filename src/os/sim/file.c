// file.c - pipes of the simulation: a ring of bytes each, of a size drawn from the seed.
//
// Reads and writes are cut short now and then, as the contract allows, so that whoever relies on
// whole ones is found. Invariant: used <= capacity; a pipe lives until both ends are closed.
// Start reading at os_read.
#include "os/sim/file.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "os/fault.h"
#include "os/sim/turn.h"

enum { CAPACITY_MAX = 4096, SHORT_ONE_IN = 4 };

struct sim_pipe {
    size_t capacity;
    size_t first; // the oldest byte
    size_t used;
    unsigned char bytes[CAPACITY_MAX];
};

struct sim_end sim_ends[SIM_ENDS_MAX];

struct sim_end *sim_end_of(int fd) {
    const int place = fd - SIM_FIRST;
    return place >= 0 && place < SIM_ENDS_MAX && sim_ends[place].pipe != NULL ? &sim_ends[place]
                                                                              : NULL;
}

static struct sim_end *other(const struct sim_end *end) {
    const ptrdiff_t place = end - sim_ends;
    return &sim_ends[place ^ 1];
}

unsigned sim_end_readiness(const struct sim_end *end) {
    const struct sim_pipe *pipe = end->pipe;
    const bool is_alone = other(end)->pipe == NULL;
    if (end->is_writer) {
        return pipe->used < pipe->capacity || is_alone ? OS_POLL_OUT : 0;
    }
    return pipe->used > 0 || is_alone ? OS_POLL_IN : 0;
}

int os_pipe(int ends[2]) {
    static const size_t capacities[] = {1, 16, 256, CAPACITY_MAX};
    turn_pass();
    if (fault_call()) {
        return OS_TOO_MANY_FILES;
    }
    int place = 0;
    while (place < SIM_ENDS_MAX &&
           (sim_ends[place].pipe != NULL || sim_ends[place + 1].pipe != NULL)) {
        place += 2;
    }
    if (place == SIM_ENDS_MAX) {
        return OS_TOO_MANY_FILES;
    }
    struct sim_pipe *pipe = calloc(1, sizeof *pipe);
    if (pipe == NULL) {
        return OS_NO_MEMORY;
    }
    pipe->capacity = capacities[turn_random(sizeof capacities / sizeof capacities[0])];
    for (int i = 0; i < 2; i++) {
        sim_ends[place + i] = (struct sim_end){.pipe = pipe, .is_writer = i == 1};
        ends[i] = SIM_FIRST + place + i;
    }
    return OS_OK;
}

int os_adopt(int fd, int *former) {
    (void)fd;
    (void)former;
    return OS_UNSUPPORTED;
}

void os_restore(int fd, int former) {
    (void)fd;
    (void)former;
}

// Of so many bytes that could go, those that go this time.
static size_t cut(size_t bytes) {
    return turn_random(SHORT_ONE_IN) == 0 ? 1 + (size_t)turn_random(bytes) : bytes;
}

ptrdiff_t os_read(int fd, void *into, size_t bytes) {
    turn_advance(300);
    turn_pass();
    struct sim_end *end = sim_end_of(fd);
    if (fault_call()) {
        return -EIO;
    }
    if (end == NULL || end->is_writer) {
        return -EBADF;
    }
    struct sim_pipe *pipe = end->pipe;
    if (pipe->used == 0) {
        return other(end)->pipe == NULL ? 0 : OS_AGAIN;
    }
    const size_t count = cut(bytes < pipe->used ? bytes : pipe->used);
    unsigned char *at = into;
    for (size_t i = 0; i < count; i++) {
        at[i] = pipe->bytes[(pipe->first + i) % pipe->capacity];
    }
    pipe->first = (pipe->first + count) % pipe->capacity;
    pipe->used -= count;
    sim_poll_tell(other(end), OS_POLL_OUT);
    return (ptrdiff_t)count;
}

ptrdiff_t os_write(int fd, const void *from, size_t bytes) {
    turn_advance(300);
    turn_pass();
    struct sim_end *end = sim_end_of(fd);
    if (fault_call()) {
        return -EIO;
    }
    if (end == NULL || !end->is_writer) {
        return -EBADF;
    }
    struct sim_pipe *pipe = end->pipe;
    const size_t room = pipe->capacity - pipe->used;
    if (other(end)->pipe == NULL) {
        return OS_BROKEN;
    }
    if (room == 0) {
        return OS_AGAIN;
    }
    const size_t count = cut(bytes < room ? bytes : room);
    const unsigned char *at = from;
    for (size_t i = 0; i < count; i++) {
        pipe->bytes[(pipe->first + pipe->used + i) % pipe->capacity] = at[i];
    }
    pipe->used += count;
    sim_poll_tell(other(end), OS_POLL_IN);
    return (ptrdiff_t)count;
}

void os_close(int fd) {
    turn_pass();
    struct sim_end *end = sim_end_of(fd);
    REQUIRE(end != NULL && end->poll == NULL, "os_close was given no descriptor, or a polled one");
    struct sim_pipe *pipe = end->pipe;
    end->pipe = NULL;
    if (other(end)->pipe == NULL) {
        free(pipe);
    } else {
        sim_poll_tell(other(end), OS_POLL_IN | OS_POLL_OUT);
    }
}
