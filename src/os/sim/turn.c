// turn.c - whose turn it is: the seed, the virtual clock and the choice of the next thread.
//
// Invariant: every choice comes from sim.random, which comes from the seed; ready and waiting
// threads are visited in the order in which they were started. Start reading at turn_pass.
#include "os/sim/turn.h"

#include <stdlib.h>

#include "base/atomic.h"
#include "base/check.h"
#include "base/random.h"
#include "os/os.h"
#include "os/sim/sim.h"

static _Thread_local char real_thread;

// All of the simulation. It starts inside a process at the first use and is inherited by fork.
static struct {
    bool is_started;
    const char *real_thread; // Something that only the one real thread which may call has.
    uint64_t seed;
    struct random random;
    uint64_t now_ns;
    uint64_t ran_ns;
    uint64_t turns;
    uint64_t period;      // A turn ends at one of this many points, on average.
    uint64_t points_left; // Until the next point at which the turn ends.
    struct list threads;
    struct sim_thread *current;
    struct sim_thread first; // The one that main runs on.
} sim;

// Turns of very different length: short ones find what needs many switches, long ones what needs
// one thread to be far ahead.
static uint64_t draw_period(void) {
    static const uint64_t periods[] = {1, 2, 4, 12, 60};
    return periods[random_below(&sim.random, sizeof periods / sizeof periods[0])];
}

static void draw_points(void) {
    sim.points_left = 1 + random_below(&sim.random, 2 * sim.period - 1);
}

static void start(void) {
    const char *text = os_environment("TENON_SEED");
    sim.is_started = true;
    sim.real_thread = &real_thread;
    sim.seed = text == NULL ? 1 : strtoull(text, NULL, 0);
    random_init(&sim.random, sim.seed);
    sim.now_ns = UINT64_C(1000000000);
    sim.period = draw_period();
    draw_points();
    list_init(&sim.threads);
    sim.first.state = SIM_RUNNING;
    sim.first.id = 1;
    sim.first.name = "main";
    sim.first.deadline_ns = OS_NEVER;
    sim.first.look_at_ns = OS_NEVER;
    context_init_thread(&sim.first.begin);
    list_push_back(&sim.threads, &sim.first.node);
    sim.current = &sim.first;
}

struct sim_thread *turn_current(void) {
    if (UNLIKELY(!sim.is_started)) {
        start();
    }
    REQUIRE(sim.real_thread == &real_thread,
            "the simulated os was called from a real second thread");
    return sim.current;
}

uint64_t sim_seed(void) {
    (void)turn_current();
    return sim.seed;
}

int turn_threads(void) {
    int count = 0;
    (void)turn_current(); // which begins the simulation
    LIST_EACH(&sim.threads, node) {
        count += container_of(node, struct sim_thread, node)->state != SIM_ENDED ? 1 : 0;
    }
    return count;
}

uint64_t sim_turns(void) {
    return sim.turns;
}

uint64_t turn_random(uint64_t bound) {
    (void)turn_current();
    return random_below(&sim.random, bound);
}

uint64_t turn_now_ns(void) {
    (void)turn_current();
    return sim.now_ns;
}

// The one way in which time passes, other than by jumping.
void turn_advance(uint64_t duration_ns) {
    struct sim_thread *me = turn_current();
    me->ran_ns += duration_ns;
    sim.ran_ns += duration_ns;
    sim.now_ns += duration_ns;
    if (UNLIKELY(me->ran_ns >= me->look_at_ns)) {
        watch_look(me);
    }
}

uint64_t turn_process_ns(void) {
    (void)turn_current();
    return sim.ran_ns;
}

void turn_add(struct sim_thread *thread) {
    (void)turn_current();
    struct sim_thread *newest = container_of(list_last(&sim.threads), struct sim_thread, node);
    thread->id = newest->id + 1;
    thread->state = SIM_READY;
    list_push_back(&sim.threads, &thread->node);
}

// Everyone whose deadline has come is ready, and will learn that it timed out.
static void release_due(void) {
    LIST_EACH(&sim.threads, node) {
        struct sim_thread *thread = container_of(node, struct sim_thread, node);
        if (thread->state == SIM_WAITING && thread->deadline_ns <= sim.now_ns) {
            thread->state = SIM_READY;
            thread->timed_out = true;
        }
    }
}

// Nobody can run: time jumps to the first deadline.
static void jump(void) {
    uint64_t earliest = OS_NEVER;
    LIST_EACH(&sim.threads, node) {
        struct sim_thread *thread = container_of(node, struct sim_thread, node);
        if (thread->state == SIM_WAITING && thread->deadline_ns < earliest) {
            earliest = thread->deadline_ns;
        }
    }
    if (earliest == OS_NEVER) {
        deadlock_report(&sim.threads, sim.seed, sim.now_ns);
    }
    ASSERT(earliest > sim.now_ns);
    sim.now_ns = earliest;
    release_due();
}

// Any ready thread but `except`, each as likely as the others; NULL when there is none.
static struct sim_thread *choose(const struct sim_thread *except) {
    struct sim_thread *chosen = NULL;
    uint64_t seen = 0;
    LIST_EACH(&sim.threads, node) {
        struct sim_thread *thread = container_of(node, struct sim_thread, node);
        if (thread->state == SIM_READY && thread != except &&
            random_below(&sim.random, ++seen) == 0) {
            chosen = thread;
        }
    }
    return chosen;
}

static void count_turn(struct sim_thread *next) {
    sim.turns++;
    // Now and then the length of the turns changes, so that one run sees several.
    if (random_once_in(&sim.random, 16)) {
        sim.period = draw_period();
    }
    draw_points();
    next->state = SIM_RUNNING;
    sim.current = next;
}

static struct sim_thread *choose_or_jump(void) {
    release_due();
    sim_signals_tell();
    struct sim_thread *next = choose(NULL);
    while (next == NULL) {
        jump();
        next = choose(NULL);
    }
    return next;
}

// Wherever `me` is now, perhaps on a stack of its own making: the place is described anew each
// time, for the sanitizers.
static void continue_with(struct sim_thread *me, struct sim_thread *next) {
    count_turn(next);
    if (next != me) {
        context_init_thread(&me->here);
        me->place = &me->here;
        context_switch(&me->here, next->place);
        context_deinit(&me->here);
    }
}

void turn_pass(void) {
    struct sim_thread *me = turn_current();
    me->state = SIM_READY;
    continue_with(me, choose_or_jump());
}

bool turn_wait(enum sim_reason reason, const void *object, uint64_t deadline_ns) {
    struct sim_thread *me = turn_current();
    me->state = SIM_WAITING;
    me->reason = reason;
    me->object = object;
    me->deadline_ns = deadline_ns;
    me->timed_out = false;
    continue_with(me, choose_or_jump());
    me->deadline_ns = OS_NEVER;
    return me->timed_out;
}

// Among several waiters any may come first, as on a real system.
static struct sim_thread *choose_waiter(enum sim_reason reason, const void *object) {
    struct sim_thread *chosen = NULL;
    uint64_t seen = 0;
    LIST_EACH(&sim.threads, node) {
        struct sim_thread *thread = container_of(node, struct sim_thread, node);
        if (thread->state == SIM_WAITING && thread->reason == reason && thread->object == object &&
            random_below(&sim.random, ++seen) == 0) {
            chosen = thread;
        }
    }
    return chosen;
}

void turn_wake(enum sim_reason reason, const void *object, int count) {
    (void)turn_current();
    for (int i = 0; i < count; i++) {
        struct sim_thread *thread = choose_waiter(reason, object);
        if (thread == NULL) {
            return;
        }
        thread->state = SIM_READY;
    }
}

void turn_wake_all(enum sim_reason reason) {
    LIST_EACH(&sim.threads, node) {
        struct sim_thread *thread = container_of(node, struct sim_thread, node);
        if (thread->state == SIM_WAITING && thread->reason == reason) {
            thread->state = SIM_READY;
        }
    }
}

void turn_end(void) {
    struct sim_thread *me = turn_current();
    me->state = SIM_ENDED;
    turn_wake(SIM_FOR_END, me, 1);
    struct sim_thread *next = choose_or_jump();
    list_remove(&me->node);
    count_turn(next);
    context_switch_last(&me->begin, next->place);
}

// A moment passes at every point; the seed decides whether the turn ends there. Threads that a test
// made without the os run beside the simulation and are left alone.
void sim_point(void) {
    if (UNLIKELY(!sim.is_started)) {
        start();
    }
    if (UNLIKELY(sim.real_thread != &real_thread)) {
        return;
    }
    turn_advance(1);
    if (UNLIKELY(--sim.points_left == 0)) {
        turn_pass();
    }
}

// A thread that waits by spinning gives others their turn, or what it waits for would never come.
void sim_pause(void) {
    if (UNLIKELY(sim.is_started && sim.real_thread != &real_thread)) {
        return;
    }
    struct sim_thread *me = turn_current();
    turn_advance(20);
    release_due();
    struct sim_thread *next = choose(me);
    if (next != NULL) {
        me->state = SIM_READY;
        continue_with(me, next);
    }
}
