// poll.c - waiting for many descriptors in the simulation.
//
// Invariant: between looking for events and waiting nobody else runs. Events come in an order drawn
// from the seed. Start reading at os_poll_wait.
#include <signal.h>

#include "base/check.h"
#include "os/fault.h"
#include "os/sim/file.h"
#include "os/sim/turn.h"
#include "os/signal.h"

enum { SPURIOUS_ONE_IN = 32 };

// How many watched signals have come, and for how many of them the sleepers were woken.
static volatile sig_atomic_t arrived;
static sig_atomic_t told;

int os_poll_init(struct os_poll *poll) {
    turn_pass();
    *poll = (struct os_poll){0};
    return fault_call() ? OS_TOO_MANY_FILES : OS_OK;
}

void os_poll_deinit(struct os_poll *poll) {
    poll->handle = -1;
}

void sim_poll_tell(struct sim_end *end, unsigned what) {
    if (end->poll != NULL) {
        end->pending |= what & (end->is_writer ? OS_POLL_OUT : OS_POLL_IN);
        turn_wake(SIM_FOR_POLL, end->poll, 1);
    }
}

int os_poll_add(struct os_poll *poll, int fd, uint64_t tag) {
    turn_pass();
    struct sim_end *end = sim_end_of(fd);
    REQUIRE(end != NULL && end->poll == NULL, "os_poll_add wants a descriptor that is not polled");
    if (fault_call()) {
        return OS_NO_MEMORY;
    }
    end->poll = poll;
    end->tag = tag;
    end->pending = 0;
    sim_poll_tell(end, sim_end_readiness(end));
    return OS_OK;
}

void os_poll_remove(struct os_poll *poll, int fd) {
    turn_pass();
    struct sim_end *end = sim_end_of(fd);
    REQUIRE(end != NULL && end->poll == poll, "os_poll_remove wants a descriptor polled here");
    end->poll = NULL;
}

static int collect(struct os_poll *poll, struct os_poll_event *events, int events_max) {
    const size_t start = (size_t)turn_random(SIM_ENDS_MAX);
    int count = 0;
    if (poll->signal_tag != 0 && poll->signals_seen != (uint64_t)arrived) {
        poll->signals_seen = (uint64_t)arrived;
        events[count++] = (struct os_poll_event){poll->signal_tag, OS_POLL_IN};
    }
    for (size_t i = 0; i < SIM_ENDS_MAX && count < events_max; i++) {
        struct sim_end *end = &sim_ends[(start + i) % SIM_ENDS_MAX];
        if (end->pipe != NULL && end->poll == poll && end->pending != 0) {
            events[count++] = (struct os_poll_event){end->tag, end->pending};
            end->pending = 0;
        }
    }
    return count;
}

int os_poll_wait(struct os_poll *poll, struct os_poll_event *events, int events_max,
                 uint64_t deadline_ns) {
    turn_advance(300);
    turn_pass();
    int count = collect(poll, events, events_max);
    const bool is_over = poll->bell != 0 || deadline_ns <= turn_now_ns();
    if (count == 0 && !is_over && turn_random(SPURIOUS_ONE_IN) != 0) {
        (void)turn_wait(SIM_FOR_POLL, poll, deadline_ns);
        count = collect(poll, events, events_max);
    }
    poll->bell = 0;
    return count;
}

int os_poll_descriptor(const struct os_poll *poll) {
    (void)poll;
    return -1;
}

void os_poll_wake(struct os_poll *poll) {
    turn_advance(200);
    turn_pass();
    poll->bell = 1;
    turn_wake(SIM_FOR_POLL, poll, 1);
    turn_pass();
}

// A real signal, at any point of the simulation: those who sleep hear of it at the next choice of
// whose turn it is.
void signal_arrived(void) {
    arrived = arrived + 1;
}

void sim_signals_tell(void) {
    if (told != arrived) {
        told = arrived;
        turn_wake_all(SIM_FOR_POLL);
    }
}

int os_poll_add_signals(struct os_poll *poll, uint64_t tag) {
    if (fault_call()) {
        return OS_TOO_MANY_FILES;
    }
    poll->signal_tag = tag;
    poll->signals_seen = (uint64_t)arrived;
    return OS_OK;
}
