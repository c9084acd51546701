// ends [--seed N] [--seconds S]: random trees of frames of both levels that end in every way there
// is: by returning, waiting for their children, removal, refused removal, deadlines and failures,
// with cleanup handlers, shields, classes, primitives, locals and free events on the way.
//
// Invariants: what began has ended, what was constructed is destructed, what was made is disposed
// of, every cleanup handler has run once; inside a shield no wait is cut short; a local is what the
// nearest ancestor has set. One seed makes one tree; what the threads make of it differs from time
// to time. Start reading at live.
#include <tenon.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/simulated.h"

#define CHILDREN_MAX 6
#define FAILED_CODE (-4711)

static _Atomic long begun, ended;
static _Atomic long constructed, destructed;
static _Atomic long made, disposed;
static _Atomic long pushed, cleaned;
static _Atomic long removed, refused, timed_out, failed, freed, shielded;

static _Noreturn void broken(const char *what, uint64_t seed, long found, long wanted) {
    printf("FAIL %s in frame %llx: %ld instead of %ld\n0 passed, 1 failed\n", what,
           (unsigned long long)seed, found, wanted);
    fflush(stdout);
    abort();
}

// SplitMix64 (S. Vigna): the seed of a child, and each draw.
static uint64_t draw(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static unsigned below(uint64_t *state, unsigned bound) {
    return (unsigned)(draw(state) >> 33) % bound;
}

static double moment(uint64_t *state) {
    return 0.000001 * below(state, 300);
}

// ---- what frames own -------------------------------------------------------------------------

struct thing {
    uint64_t seed;
};

TN_CLASS(thing, (uint64_t, seed)) {
    object->seed = seed;
    if (seed % 16 == 0) {
        return FAILED_CODE; // then it is not destructed
    }
    constructed++;
    return TN_OK;
}

TN_DESTRUCTOR(thing) {
    destructed++;
}

struct part {
    struct thing *of;
};

TN_PRIMITIVE(thing, part) {
    object->of = owner;
    made++;
    return TN_OK;
}

TN_DESTRUCTOR(part) {
    (void)object->of->seed; // its owner outlives it
    disposed++;
}

static void clean(struct tn_self *self, void *data) {
    if ((uintptr_t)data % 3 == 0) {
        (void)tn_sleep(self, 0.00005);
    }
    cleaned++;
}

TN_LOCAL(uint64_t, mood);

// ---- the tree --------------------------------------------------------------------------------

struct plan {
    uint64_t seed;
    uint64_t mood; // that the nearest ancestor has set
    int depth;
};

static void live(struct tn_self *self, struct plan plan);

TN_PFRAME(void, free_node, (struct plan, plan)) {
    live(self, plan);
}

TN_FRAME(void, bound_node, (struct plan, plan)) {
    live(self, plan);
}

struct child {
    bool is_bound;
    tn_task(free_node) free;
    tn_task(bound_node) bound;
    struct tn_frame *frame; // NULL: not shared, or no memory
};

static void spawn_child(struct tn_self *self, struct child *child, struct plan plan,
                        uint64_t *dice) {
    *child = (struct child){.is_bound = below(dice, 2) == 0};
    const bool is_plain = below(dice, 2) == 0;
    const struct tn_options options = {
        .name = "child",
        .is_immediate = below(dice, 4) == 0,
        .waits_for_children = below(dice, 4) == 0,
        .thread =
            below(dice, 4) == 0 ? TN_THREAD((int)below(dice, (unsigned)tn_thread_count())) : 0,
        .seconds = below(dice, 6) == 0 ? moment(dice) : 0};
    if (child->is_bound) {
        child->bound =
            is_plain ? tn_spawn(bound_node, plan) : tn_spawn_with(&options, bound_node, plan);
    } else {
        child->free =
            is_plain ? tn_spawn(free_node, plan) : tn_spawn_with(&options, free_node, plan);
    }
    if (below(dice, 2) == 0) {
        child->frame = child->is_bound ? tn_share(child->bound) : tn_share(child->free);
    }
}

static int await_child(struct tn_self *self, struct child *child) {
    return child->is_bound ? tn_try_await(bound_node, child->bound, NULL)
                           : tn_try_await(free_node, child->free, NULL);
}

static void check_code(uint64_t seed, int code) {
    const bool is_known = code == TN_OK || code == TN_CANCELLED || code == TN_TIMED_OUT ||
                          code == TN_REMOVED || code == FAILED_CODE;
    if (!is_known) {
        broken("an outcome", seed, code, TN_OK);
    }
    timed_out += code == TN_TIMED_OUT;
}

// Hears that a frame is about to go, and may be against it.
TN_PFRAME(void, guards, (struct tn_frame *, frame), (bool, refuses)) {
    begun++;
    for (int i = 0; i < 3 && tn_wait(self, tn_of_free(frame)) == TN_OK; i++) {
        freed++;
        if (refuses) {
            tn_refuse(self, frame);
        }
        (void)tn_yield(self);
    }
    ended++;
}

static void remove_child(struct tn_self *self, struct child *child, uint64_t *dice) {
    if (below(dice, 2) == 0) {
        removed += tn_remove(self, child->frame);
        return;
    }
    struct tn_awaitable *removal = tn_removal(self, child->frame);
    struct tn_awaitable *first = tn_any(self, tn_timer(self, moment(dice)), removal);
    const int code = tn_wait(self, first);
    refused += tn_winner(first) == 1 && code == TN_REFUSED;
    tn_drop(self, first);
}

static void watch_child(struct tn_self *self, struct child *child, uint64_t seed, uint64_t *dice) {
    if (child->frame == NULL) {
        return;
    }
    switch (below(dice, 6)) {
    case 0:
        remove_child(self, child, dice);
        break;
    case 1:
        check_code(seed, tn_wait(self, tn_of_ready(child->frame)));
        break;
    case 2:
        if (child->is_bound) {
            check_code(seed, tn_join(bound_node, child->frame, NULL));
        }
        break;
    case 3: {
        tn_task(guards) guard = tn_spawn(guards, child->frame, below(dice, 2) == 0);
        tn_forget(guard);
        if (below(dice, 2) == 0) {
            (void)tn_sleep(self, moment(dice));
            remove_child(self, child, dice);
        }
        break;
    }
    default:
        break;
    }
}

// Nothing that comes from outside is seen in here.
static void rest_in_shield(struct tn_self *self, uint64_t seed, uint64_t *dice) {
    struct tn_scope shield;
    tn_shield_begin(self, &shield);
    int code = tn_sleep(self, moment(dice));
    if (code == TN_OK) {
        code = tn_yield(self);
    }
    if (code != TN_OK || !isinf(tn_time_left(self))) {
        broken("a wait in a shield", seed, code, TN_OK);
    }
    check_code(seed, tn_scope_end(self, &shield));
    shielded++;
}

static void own_something(struct tn_self *self, const struct plan *plan, uint64_t *dice) {
    struct thing *thing;
    if (below(dice, 4) == 0 && tn_become(thing, &thing, plan->seed) == TN_OK &&
        (tn_enclosing(thing) != thing || thing->seed != plan->seed)) {
        broken("the enclosing thing", plan->seed, 0, 1);
    }
    struct part *part;
    if (tn_enclosing(thing) != NULL && below(dice, 2) == 0 && tn_create(part, &part) == TN_OK &&
        below(dice, 3) == 0) {
        tn_dispose(self, part);
    }
    if (below(dice, 3) == 0 &&
        tn_cleanup_push(self, clean, (void *)(uintptr_t)plan->seed) == TN_OK) {
        pushed++;
        if (below(dice, 4) == 0) {
            tn_cleanup_pop(self, true);
        }
    }
}

static void raise_children(struct tn_self *self, struct plan plan, uint64_t *state,
                           uint64_t *dice) {
    struct child children[CHILDREN_MAX];
    const uint64_t own = plan.seed;
    const unsigned count = plan.depth == 0 ? 0 : below(state, CHILDREN_MAX + 1);
    plan.depth--;
    for (unsigned i = 0; i < count; i++) {
        plan.seed = draw(state);
        spawn_child(self, &children[i], plan, dice);
    }
    for (unsigned i = 0; i < count; i++) {
        watch_child(self, &children[i], own, dice);
    }
    const unsigned awaited = below(dice, 3) == 0 ? below(dice, count + 1) : count;
    for (unsigned i = awaited; i-- > 0;) {
        check_code(own, await_child(self, &children[i]));
    }
}

static void live(struct tn_self *self, struct plan plan) {
    begun++;
    uint64_t state = plan.seed;
    uint64_t dice = plan.seed ^ UINT64_C(0x5851f42d4c957f2d);
    if (tn_local_get(mood) != plan.mood) {
        broken("an inherited local", plan.seed, (long)tn_local_get(mood), (long)plan.mood);
    }
    if (below(&dice, 4) == 0 && tn_local_set(mood, plan.seed) == TN_OK) {
        plan.mood = plan.seed;
    }
    own_something(self, &plan, &dice);
    const bool has_deadline = below(&dice, 4) == 0;
    struct tn_scope scope;
    if (has_deadline) {
        tn_deadline_begin(self, &scope, moment(&dice));
    }
    raise_children(self, plan, &state, &dice);
    if (below(&dice, 6) == 0) {
        rest_in_shield(self, plan.seed, &dice);
    }
    if (has_deadline && below(&dice, 8) != 0) { // else the frame's end ends it
        check_code(plan.seed, tn_scope_end(self, &scope));
    }
    if (below(&dice, 30) == 0) {
        failed++;
        TN_FAIL(self, FAILED_CODE, "as the seed wants it");
    }
    ended++;
}

// ---- runs ------------------------------------------------------------------------------------

static enum tn_verdict absorb(const struct tn_failure *failure, int *replace, void *data) {
    (void)replace;
    (void)data;
    return failure->code == FAILED_CODE ? TN_ABSORB : TN_PASS;
}

TN_PFRAME(void, root, (uint64_t, seed)) {
    (void)tn_on_failure(self, absorb, NULL);
    for (unsigned i = 0; i < 4; i++) {
        tn_task(free_node) node = tn_spawn(free_node, (struct plan){seed * 4 + i, 0, 4});
        check_code(seed, tn_try_await(free_node, node, NULL));
    }
}

TN_FRAME(void, bound_root, (uint64_t, seed)) {
    root(self, seed);
}

static void expect_equal(const char *what, uint64_t seed, long found, long wanted) {
    if (found != wanted) {
        broken(what, seed, found, wanted);
    }
}

static void run_once(uint64_t seed) {
    static const int threads[] = {1, 2, 3, 4, 8, 0};
    const struct tn_run_options options = {.num_threads = threads[seed / 2 % 6],
                                           .grace_seconds = 1000};
    const int code = seed % 2 == 0 ? tn_run_with(&options, root, NULL, seed)
                                   : tn_run_with(&options, bound_root, NULL, seed);
    expect_equal("the code of the run", seed, code, TN_OK);
    expect_equal("the number of frames that ended", seed, ended, begun);
    expect_equal("the number of things destructed", seed, destructed, constructed);
    expect_equal("the number of parts disposed of", seed, disposed, made);
    expect_equal("the number of cleanup handlers run", seed, cleaned, pushed);
}

int main(int count, char **arguments) {
    const char *text = getenv("TENON_SEED");
    uint64_t seed = text == NULL ? 1 : strtoull(text, NULL, 0);
    double seconds = is_simulated() ? 0.2 : 4; // of a clock that seldom moves there
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(arguments[i], "--seed") == 0) {
            seed = strtoull(arguments[i + 1], NULL, 0);
        } else if (strcmp(arguments[i], "--seconds") == 0) {
            seconds = strtod(arguments[i + 1], NULL);
        } else {
            fprintf(stderr, "usage: %s [--seed N] [--seconds S]\n", arguments[0]);
            return 2;
        }
    }
    const double start = tn_now();
    uint64_t runs = 0;
    do {
        run_once(seed * 1000 + runs);
        runs++;
    } while (tn_now() - start < seconds);
    printf("note %llu trees, %ld frames, %ld removed, %ld refused, %ld late, %ld failed, %ld told, "
           "%ld shields\n",
           (unsigned long long)runs, begun, removed, refused, timed_out, failed, freed, shielded);
    // Few trees may miss something: under a sanitizer, or an emulator.
    const bool reached = runs < 200 || (removed > 0 && refused > 0 && timed_out > 0 && failed > 0 &&
                                        freed > 0 && shielded > 0);
    printf("%d passed, %d failed\n", reached, !reached);
    return reached ? 0 : 1;
}
