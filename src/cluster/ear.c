// ear.c - see ear.h.
#include "cluster/ear.h"

#define DOORBELL 1

static struct ear *ear_from(struct world *world) {
    return container_of(world, struct ear, world);
}

static void wait(struct world *world, _Atomic uint32_t *word, uint32_t expected,
                 uint64_t deadline_ns) {
    struct os_poll_event event;
    if (atomic_load_relaxed(word) == expected) {
        (void)os_poll_wait(&ear_from(world)->poll, &event, 1, deadline_ns);
    }
}

static void wake(struct world *world) {
    os_poll_wake(&ear_from(world)->poll);
}

int ear_init(struct ear *ear) {
    *ear = (struct ear){.world = {.wait = wait, .wake = wake}};
    os_lock_init(&ear->turn);
    return os_poll_init(&ear->poll);
}

void ear_deinit(struct ear *ear) {
    os_poll_deinit(&ear->poll);
}

// Somebody may have listened when there was no link yet, or sleep.
int ear_open(struct ear *ear, struct link *link) {
    const int code = os_poll_add(&ear->poll, link->calls->doorbell(link), DOORBELL);
    if (code == OS_OK) {
        ear->link = link;
        ear->is_armed = false;
        if (!ear_end(ear, false)) {
            os_poll_wake(&ear->poll);
        }
    }
    return code;
}

void ear_close(struct ear *ear) {
    os_poll_remove(&ear->poll, ear->link->calls->doorbell(ear->link));
    ear->link = NULL;
}

void ear_begin(struct ear *ear) {
    atomic_store_relaxed(&ear->listeners, atomic_load_relaxed(&ear->listeners) + 1);
    if (ear->link != NULL && ear->is_armed) {
        ear->is_armed = false;
        ear->link->calls->awake(ear->link);
    }
}

bool ear_end(struct ear *ear, bool has_listened) {
    const int listeners = atomic_load_relaxed(&ear->listeners) - (has_listened ? 1 : 0);
    atomic_store_relaxed(&ear->listeners, listeners);
    if (listeners > 0 || ear->link == NULL) {
        return true;
    }
    // Also if it is armed: the bell may have rung since.
    ear->is_armed = true;
    return ear->link->calls->sleep(ear->link) || MUTATED(ear_arms_without_a_look);
}
