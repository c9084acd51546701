// serve.c - see serve.h.
#include "cluster/serve.h"

#include "cluster/guest.h"
#include "frame/current.h"
#include "frame/run.h"

// How many tasks wait here for a thread, for each that runs: so the next one is there when one
// ends.
#define SLOTS_PER_THREAD 32
#define SLOTS_MAX 64

// ---- root ------------------------------------------------------------------------------------

static void serve_root(struct tn_self *self, void *payload) {
    struct serve *serve;
    __builtin_memcpy(&serve, payload, sizeof(struct serve *));
    struct frame *root = frame_current(self);
    os_lock_acquire(&serve->ear.turn);
    serve->root = root;
    os_lock_release(&serve->ear.turn);
    (void)awaitable_wait(self, &serve->over, NULL, false);
    os_lock_acquire(&serve->ear.turn);
    serve->root = NULL; // nothing more begins
    os_lock_release(&serve->ear.turn);
}

static const struct tn_type root_type = {.name = "serve",
                                         .file = __FILE__,
                                         .line = __LINE__,
                                         .level = TN_LEVEL_PFRAME,
                                         .argument_bytes = sizeof(struct serve *),
                                         .invoke = serve_root};

void serve_update(struct serve *serve) {
    const bool is_over = serve->is_down || serve->taker.state == TAKER_LEFT;
    if (is_over && serve->taker.running == 0) {
        awaitable_complete(&serve->over, TN_OK, NULL, true, NULL);
    }
}

// ---- the link --------------------------------------------------------------------------------

static void up(void *upper, unsigned peer) {
    (void)upper, (void)peer;
}

static void make_due(struct serve *serve) {
    atomic_store_relaxed(&serve->elsewhere.wire.due_ns, 0);
}

// As bridge_heard_ns: all is heard at once, but what a lease is counted by. That, and what is said
// again where it may be lost, may make something due earlier.
static void note_time(struct serve *serve, const struct message *message) {
    const bool is_run = message->kind == MESSAGE_RUN;
    if (!is_run) {
        serve->heard_ns = os_now_ns();
    } else if (serve->heard_ns == 0) {
        serve->heard_ns = serve->spins_ns != 0 ? serve->spins_ns : os_now_ns();
    }
    if (!is_run || !serve->link->is_reliable) {
        make_due(serve);
    }
}

static void hear_message(void *upper, unsigned peer, const struct message *message,
                         const void *payload) {
    struct serve *serve = upper;
    (void)peer;
    note_time(serve, message);
    taker_hear(&serve->taker, message, payload, serve->heard_ns);
}

static void writable(void *upper, unsigned peer) {
    struct serve *serve = upper;
    (void)peer;
    make_due(serve);
    taker_writable(&serve->taker, os_now_ns());
}

static void down(void *upper, unsigned peer, int detail) {
    struct serve *serve = upper;
    (void)peer, (void)detail;
    make_due(serve);
    taker_down(&serve->taker, os_now_ns());
    serve->is_down = true;
}

static void leave_owner(void *upper, unsigned peer) {
    struct serve *serve = upper;
    (void)peer;
    make_due(serve);
    atomic_store_relaxed(&serve->is_leaving, true);
    taker_leave(&serve->taker, os_now_ns());
}

static const struct link_events events = {
    .up = up, .hear = hear_message, .writable = writable, .down = down, .leave = leave_owner};

// ---- what the scheduler asks -----------------------------------------------------------------

static void tick(struct serve *serve) {
    const uint64_t now_ns = serve->heard_ns != 0 ? serve->heard_ns : os_now_ns();
    if (now_ns >= atomic_load_relaxed(&serve->elsewhere.wire.due_ns)) {
        atomic_store_relaxed(&serve->elsewhere.wire.due_ns, taker_tick(&serve->taker, now_ns));
    }
}

void serve_show_next(struct serve *serve) {
    const bool is_more = serve->root != NULL && !list_is_empty(&serve->taker.waiting);
    atomic_store_relaxed(&serve->elsewhere.wire.has_next, is_more);
}

void serve_take(struct serve *serve, struct worker *worker, struct taker_slot *slot,
                struct frame *host, uint64_t now) {
    struct guest *guest = slot->upper;
    guest->begun = now;
    guest->frame = host;
    worker->taken = slot;
    serve_show_next(serve);
}

// With the turn: the next task, if there is one, and this worker may run it. It begins at now_ns;
// 0: that is not known.
static bool take_task(struct serve *serve, struct worker *worker, uint64_t now_ns) {
    struct taker_slot *slot = NULL;
    if (serve->root != NULL && worker->takes_free && !list_is_empty(&serve->taker.waiting)) {
        now_ns = now_ns != 0 ? now_ns : os_now_ns();
        slot = taker_next(&serve->taker, now_ns);
    }
    if (slot != NULL) {
        serve_take(serve, worker, slot, worker->host, os_ticks());
    } else {
        serve_show_next(serve);
    }
    return slot != NULL;
}

static bool hear(struct wire *wire, struct worker *worker, bool is_first) {
    struct serve *serve = container_of(wire, struct serve, elsewhere.wire);
    if (!ear_take(&serve->ear, worker, is_first)) {
        return false;
    }
    if (is_first) {
        worker->listens = true;
        ear_begin(&serve->ear, worker);
    }
    serve->heard_ns = 0;
    serve->spins_ns = spin_clock_ns(&worker->spin);
    const unsigned heard = ear_hear(serve->link, is_first);
    if (ear_is_timed(&serve->ear, heard > 0 || is_first)) {
        tick(serve);
    }
    serve_update(serve);
    const bool has_taken = take_task(serve, worker, serve->heard_ns);
    os_lock_release(&serve->ear.turn);
    if (atomic_load_relaxed(&wire->has_next) && (heard > 0 || has_taken)) {
        scheduler_work_published(&serve->run->scheduler);
    }
    return heard > 0 || has_taken;
}

static bool next(struct wire *wire, struct worker *worker, struct runnable **found) {
    struct serve *serve = container_of(wire, struct serve, elsewhere.wire);
    if (worker->taken == NULL) {
        os_lock_acquire(&serve->ear.turn);
        (void)take_task(serve, worker, 0);
        os_lock_release(&serve->ear.turn);
    }
    struct taker_slot *slot = worker->taken;
    worker->taken = NULL;
    struct task_stack *stack = slot == NULL ? NULL : guest_start(serve, worker, slot);
    *found = stack == NULL ? NULL : &stack->resume;
    return slot != NULL;
}

static bool leave(struct wire *wire, struct worker *worker, bool has_listened) {
    struct serve *serve = container_of(wire, struct serve, elsewhere.wire);
    os_lock_acquire(&serve->ear.turn);
    const bool is_quiet = ear_end(&serve->ear, worker, has_listened);
    const bool is_task = worker->is_announced && worker->takes_free && serve->root != NULL &&
                         !list_is_empty(&serve->taker.waiting);
    if (worker->is_agent) {
        wire->until_ns = ear_agent_until(&serve->ear, atomic_load_relaxed(&wire->due_ns));
    }
    const bool wakes = serve->ear.calls_agent;
    os_lock_release(&serve->ear.turn);
    if (wakes) {
        wire_wake_agent(&serve->run->scheduler);
    }
    return is_quiet && !is_task;
}

// ---- what the frame layer asks ---------------------------------------------------------------

static bool claim(struct elsewhere *elsewhere, const struct frame *frame, bool is_away) {
    (void)elsewhere, (void)frame, (void)is_away;
    return false;
}

static void begin(struct elsewhere *elsewhere, struct run *run) {
    struct serve *serve = container_of(elsewhere, struct serve, elsewhere);
    serve->run = run;
    os_lock_acquire(&serve->ear.turn);
    if (ear_open(&serve->ear, serve->link) != OS_OK) {
        serve->is_down = true; // it can't listen: the owner will see it end
    }
    os_lock_release(&serve->ear.turn);
}

static void close_serve(struct elsewhere *elsewhere) {
    struct serve *serve = container_of(elsewhere, struct serve, elsewhere);
    if (serve->ear.link != NULL) {
        ear_close(&serve->ear);
    }
}

int serve_greeted(struct link *link, const void *greeting, size_t bytes) {
    struct serve_options options;
    if (bytes != sizeof options) {
        return 1;
    }
    __builtin_memcpy(&options, greeting, sizeof options);
    return cluster_serve(link, &options) == TN_OK ? 0 : 1;
}

int cluster_serve(struct link *link, const struct serve_options *options) {
    uint32_t count = (uint32_t)options->threads * SLOTS_PER_THREAD;
    count = count < SLOTS_MAX ? count : SLOTS_MAX;
    struct serve *serve = os_allocate_aligned(sizeof *serve, CACHE_LINE);
    struct taker_slot *slots = os_allocate(count * sizeof *slots);
    int code = TN_NO_MEMORY;
    if (serve != NULL && slots != NULL && ear_init(&serve->ear) == OS_OK) {
        const struct ear ear = serve->ear;
        *serve = (struct serve){.elsewhere = {.wire = {.hear = hear, .next = next, .leave = leave},
                                              .claim = claim,
                                              .post = guest_post,
                                              .ask = guest_ask,
                                              .take_back = guest_take_back,
                                              .attempt_of = guest_attempt_of,
                                              .begin = begin,
                                              .close = close_serve},
                                .ear = ear,
                                .link = link,
                                .slots = slots};
        serve->elsewhere.wire.world = &serve->ear.world;
        awaitable_init(&serve->over, NULL, false);
        struct taker_options taker_options = {.link = link,
                                              .timing = session_timing_of_taker(link->is_reliable),
                                              .fenced_code = TN_CANCELLED,
                                              .calls = &guest_calls,
                                              .upper = serve};
        os_random(&taker_options.seed, sizeof taker_options.seed);
        taker_init(&serve->taker, &taker_options, slots, count);
        link->events = &events;
        link->upper = serve;
        code = elsewhere_run(&root_type, TN_RUN(.num_threads = options->threads), &serve,
                             &serve->elsewhere);
        ear_deinit(&serve->ear);
        guest_trim(serve);
    }
    link->calls->close(link);
    os_free(slots);
    os_free(serve);
    return code;
}
