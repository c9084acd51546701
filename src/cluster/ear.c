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

// Also if it is armed: the bell may have rung since.
static bool arm(struct ear *ear) {
    ear->is_armed = true;
    return ear->link->calls->sleep(ear->link) || MUTATED(ear_arms_without_a_look);
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
        if (atomic_load_relaxed(&ear->listeners) == 0 && !arm(ear)) {
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

// The agent goes: it watches if listeners have come and gone often, and still do.
static void choose_to_watch(struct ear *ear, int listeners) {
    const bool is_often = ear->left_to_run >= EAR_WATCH_LEAVES;
    ear->is_watched = is_often && (listeners > 0 || ear->is_left_to_run);
    ear->left_to_run = 0;
}

bool ear_end(struct ear *ear, const struct worker *worker, bool has_listened) {
    const int listeners = atomic_load_relaxed(&ear->listeners) - (has_listened ? 1 : 0);
    atomic_store_relaxed(&ear->listeners, listeners);
    if (worker->is_agent) {
        choose_to_watch(ear, listeners);
    }
    if (listeners > 0 || ear->link == NULL) {
        return true;
    }
    if (!worker->is_agent) {
        ear->is_left_to_run = !worker->is_announced;
        ear->left_to_run += ear->is_left_to_run;
    }
    if (ear->is_left_to_run && ear->is_watched) {
        return true;
    }
    if (ear->is_left_to_run && ear->left_to_run >= EAR_WATCH_LEAVES) {
        return false;
    }
    return arm(ear);
}

uint64_t ear_agent_until(const struct ear *ear, uint64_t until_ns) {
    const bool is_watched = ear->is_watched && !MUTATED(ear_watches_without_an_end);
    const uint64_t look_ns = is_watched ? os_now_ns() + EAR_WATCH_NS : OS_NEVER;
    return look_ns < until_ns ? look_ns : until_ns;
}
