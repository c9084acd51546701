// ear.c - see ear.h.
#include "cluster/ear.h"

#include "base/check.h"

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

// ---- coming and going ------------------------------------------------------------------------

static void get_up(struct ear *ear, struct worker *worker) {
    if (worker->is_at_bell) {
        worker->is_at_bell = false;
        ear->sleeper = NULL;
    }
}

static void lie_down(struct ear *ear, struct worker *worker) {
    ASSERT(ear->sleeper == NULL);
    worker->is_at_bell = true;
    ear->sleeper = worker;
}

static bool lie_down_armed(struct ear *ear, struct worker *worker) {
    if (!arm(ear)) {
        return false;
    }
    lie_down(ear, worker);
    return true;
}

void ear_begin(struct ear *ear, struct worker *worker) {
    atomic_store_relaxed(&ear->listeners, atomic_load_relaxed(&ear->listeners) + 1);
    get_up(ear, worker);
    if (ear->link != NULL && ear->is_armed) {
        ear->is_armed = false;
        ear->link->calls->awake(ear->link);
    }
}

// The agent goes. Before there is a link, its place is where the bell will be.
static bool end_agent(struct ear *ear, struct worker *agent, int listeners) {
    const unsigned often = (unsigned)EAR_WATCH_LEAVES << ear->doubled;
    const bool comes_back = listeners > 0 || ear->is_left_to_run || ear->sleeper != NULL;
    const bool is_often = ear->left_to_run >= often && comes_back;
    ear->doubled = is_often ? ear->doubled + (ear->doubled < EAR_WATCH_DOUBLES) : 0;
    ear->is_watched = is_often || ear->is_asked;
    ear->is_asked = false;
    ear->left_to_run = 0;
    if (ear->link == NULL) {
        lie_down(ear, agent);
        return true;
    }
    if (listeners > 0 || (is_often && ear->is_left_to_run)) {
        return true;
    }
    if (ear->sleeper != NULL) { // who has come back to the bell
        return arm(ear);
    }
    return ear->is_watched || lie_down_armed(ear, agent);
}

// The last listener goes to sleep: at the bell, if it can. If the agent lies there, it is asked to
// leave that to others the next time.
static bool end_to_sleep(struct ear *ear, struct worker *worker) {
    ear->is_left_to_run = false;
    if (ear->sleeper != NULL) {
        ear->is_asked = ear->sleeper->is_agent;
        return arm(ear);
    }
    if (worker->sleeps_in_world) {
        ear->calls_agent = true;
        return true;
    }
    return lie_down_armed(ear, worker);
}

// The last listener goes to run something.
static bool end_to_run(struct ear *ear) {
    ear->is_left_to_run = true;
    ear->left_to_run++;
    if (ear->is_watched) {
        return true;
    }
    if (ear->sleeper == NULL && !MUTATED(ear_leaves_the_bell_alone)) {
        ear->is_asked = true;
        return false;
    }
    return ear->left_to_run < EAR_WATCH_LEAVES && arm(ear);
}

bool ear_end(struct ear *ear, struct worker *worker, bool has_listened) {
    const int listeners = atomic_load_relaxed(&ear->listeners) - (has_listened ? 1 : 0);
    atomic_store_relaxed(&ear->listeners, listeners);
    ear->calls_agent = false;
    get_up(ear, worker);
    if (worker->is_agent) {
        return end_agent(ear, worker, listeners);
    }
    if (listeners > 0 || ear->link == NULL) {
        return true;
    }
    return worker->is_announced ? end_to_sleep(ear, worker) : end_to_run(ear);
}

uint64_t ear_agent_until(const struct ear *ear, uint64_t until_ns) {
    const bool is_watched = ear->is_watched && !MUTATED(ear_watches_without_an_end);
    const uint64_t watch_ns = (uint64_t)EAR_WATCH_NS << ear->doubled;
    const uint64_t look_ns = is_watched ? os_now_ns() + watch_ns : OS_NEVER;
    return look_ns < until_ns ? look_ns : until_ns;
}
