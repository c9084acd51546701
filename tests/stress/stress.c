// stress [--seed N] [--seconds S]: random trees of frames of both levels, which await, forget,
// share, remove, fail, absorb, post, send and sleep across threads.
//
// Invariant: every frame that began has ended when the run is over, and a frame that was neither
// removed nor failed gives the sum that its seed stands for. One seed makes one tree; what the
// threads make of it differs from time to time. Start reading at node.
#include <tenon/event.h>
#include <tenon/failure.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/simulated.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DEFAULT_SECONDS 3
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DEFAULT_SECONDS 3
#endif
#endif
#ifndef DEFAULT_SECONDS
#define DEFAULT_SECONDS 6
#endif

#define CHILDREN_MAX 12
#define FAILED_CODE (-4711)

static _Atomic long begun;
static _Atomic long ended;
static _Atomic long removed;
static _Atomic long failures;
static _Atomic long absorbed;
static _Atomic long deliveries;

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

// What a node is given. `spoils` says that something in it may be removed or fail, so that its sum
// is not known.
struct plan {
    uint64_t seed;
    int depth;
    bool spoils;
    struct tn_event *event; // of an ancestor; NULL: none
};

// What a node adds up to when nobody disturbs it: itself and its children, in a fixed way.
static unsigned count_children(uint64_t *state, int depth) {
    return depth == 0 ? 0 : below(state, CHILDREN_MAX + 1) / (depth > 3 ? 3 : 1);
}

static long expected(uint64_t seed, int depth) {
    uint64_t state = seed;
    const unsigned count = count_children(&state, depth);
    long sum = 1;
    for (unsigned i = 0; i < count; i++) {
        sum += expected(draw(&state), depth - 1);
    }
    return sum;
}

static long work(struct tn_self *self, struct plan plan);

TN_PFRAME(long, node, (struct plan, plan)) {
    return work(self, plan);
}

TN_FRAME(long, node_bound, (struct plan, plan)) {
    return work(self, plan);
}

// Small enough to lie in a task of its own with nothing else.
TN_PFRAME(long, leaf, (uint64_t, seed), (int, depth), (bool, spoils)) {
    return work(self, (struct plan){seed, depth, spoils, NULL});
}

enum kind { NODE, NODE_BOUND, LEAF, KINDS };

// A child in whichever form it was made.
struct child {
    enum kind kind;
    bool is_gone;    // forgotten, removed or failed: no sum
    bool is_spoiled; // its sum is not known
    long sum;
    struct tn_frame *frame;
    tn_task(node) node;
    tn_task(node_bound) bound;
    tn_task(leaf) leaf;
};

static void rest(struct tn_self *self, uint64_t *state) {
    switch (below(state, 12)) {
    case 0:
        (void)tn_sleep(self, 0.000001 * below(state, 300));
        break;
    case 1:
        (void)tn_sleep(self, 0);
        break;
    case 2:
        (void)tn_yield(self);
        break;
    case 3:
        for (volatile unsigned i = below(state, 3000); i > 0; i--) {
        }
        break;
    default:
        break;
    }
}

static void spawn_child(struct tn_self *self, struct child *child, struct plan plan,
                        uint64_t *dice) {
    *child = (struct child){.kind = (enum kind)below(dice, KINDS), .sum = -1};
    switch (child->kind) {
    case NODE:
        child->node = tn_spawn(node, plan);
        break;
    case NODE_BOUND:
        child->bound = tn_spawn(node_bound, plan);
        break;
    default:
        child->leaf = tn_spawn(leaf, plan.seed, plan.depth, plan.spoils);
        break;
    }
    child->is_spoiled = plan.spoils;
}

static struct tn_frame *share_child(struct tn_self *self, struct child *child) {
    if (child->frame == NULL) {
        child->frame = child->kind == NODE         ? tn_share(child->node)
                       : child->kind == NODE_BOUND ? tn_share(child->bound)
                                                   : tn_share(child->leaf);
    }
    return child->frame;
}

static int await_child(struct tn_self *self, struct child *child) {
    return child->kind == NODE         ? tn_try_await(node, child->node, &child->sum)
           : child->kind == NODE_BOUND ? tn_try_await(node_bound, child->bound, &child->sum)
                                       : tn_try_await(leaf, child->leaf, &child->sum);
}

static void forget_child(struct tn_self *self, struct child *child) {
    if (child->kind == NODE) {
        tn_forget(child->node);
    } else if (child->kind == NODE_BOUND) {
        tn_forget(child->bound);
    } else {
        tn_forget(child->leaf);
    }
    child->is_gone = true;
}

// Sees a removed or failed sibling from outside, or waits for one, or for a timer.
TN_PFRAME(int, watches, (struct tn_frame *, frame), (bool, removes)) {
    begun++;
    struct tn_awaitable *any = tn_any(self, tn_timer(self, 0.0002), tn_of_frame(frame));
    (void)tn_wait(self, any);
    if (removes && tn_remove(self, frame)) {
        removed++;
    }
    struct tn_awaitable *all = tn_all(self, tn_of_frame(frame), tn_timer(self, 0));
    const int code = tn_wait(self, all);
    ended++;
    return code;
}

TN_PFRAME(void, listens, (struct tn_event *, event)) {
    begun++;
    while (tn_event_wait(self, event, NULL) == TN_OK) {
        deliveries++;
    }
    ended++;
}

static enum tn_verdict absorb(const struct tn_failure *failure, int *replace, void *data) {
    (void)replace;
    (void)data;
    absorbed++;
    return failure->code == FAILED_CODE ? TN_ABSORB : TN_PASS;
}

// What a node does between two children, for no result.
static void play(struct tn_self *self, const struct plan *plan, uint64_t *dice) {
    rest(self, dice);
    if (plan->event == NULL || below(dice, 6) != 0) {
        return;
    }
    if (below(dice, 3) == 0) {
        tn_task(listens) listener = tn_spawn(listens, plan->event);
        if (below(dice, 2) == 0) {
            tn_forget(listener);
        }
    }
    const unsigned how = below(dice, 3);
    if (how == 0) {
        (void)tn_event_post(plan->event, self);
    } else if (how == 1) {
        (void)tn_event_send(self, plan->event, self);
    } else {
        (void)tn_event_post_after(plan->event, self, 0.00001 * below(dice, 30));
    }
}

// Lets go of a child in some other way than awaiting it. False: nothing was done.
static bool spoil_child(struct tn_self *self, struct child *child, uint64_t *dice) {
    struct tn_frame *frame;
    switch (below(dice, 6)) {
    case 0:
        forget_child(self, child);
        return true;
    case 1:
        frame = share_child(self, child);
        if (frame != NULL && tn_remove(self, frame)) {
            removed++;
        }
        child->is_spoiled = true;
        return false;
    case 2:
    case 3:
        frame = share_child(self, child);
        if (frame != NULL) {
            const bool removes = below(dice, 2) == 0;
            tn_task(watches) watcher = tn_spawn(watches, frame, removes);
            child->is_spoiled = child->is_spoiled || removes;
            if (below(dice, 2) == 0) {
                (void)tn_await(watches, watcher);
            }
        }
        return false;
    case 4:
        return true; // left to end with us
    default:
        return false;
    }
}

static void check_child(const struct plan *plan, const struct child *child, uint64_t seed,
                        int code) {
    if (plan->spoils || child->is_spoiled) {
        return; // we may be going ourselves
    }
    if (code != TN_OK) {
        broken("the outcome of an undisturbed child", seed, code, TN_OK);
    }
    const long wanted = expected(seed, plan->depth - 1);
    if (child->sum != wanted) {
        broken("the sum of an undisturbed child", seed, child->sum, wanted);
    }
}

// Children in some order; the sum of those that told one.
static long await_children(struct tn_self *self, const struct plan *plan, struct child *children,
                           const uint64_t *seeds, unsigned count, uint64_t *dice) {
    const unsigned order = below(dice, 3);
    const unsigned turn = count > 0 ? below(dice, count) : 0;
    long sum = 0;
    for (unsigned i = 0; i < count; i++) {
        const unsigned at = order == 0 ? i : order == 1 ? count - 1 - i : (i + turn) % count;
        struct child *child = &children[at];
        if (child->is_gone || (plan->spoils && spoil_child(self, child, dice))) {
            continue;
        }
        const int code = await_child(self, child);
        check_child(plan, child, seeds[at], code);
        sum += child->sum > 0 ? child->sum : 0;
        play(self, plan, dice);
    }
    return sum;
}

static long work(struct tn_self *self, struct plan plan) {
    begun++;
    uint64_t state = plan.seed;
    uint64_t dice = plan.seed ^ UINT64_C(0x5851f42d4c957f2d);
    struct child children[CHILDREN_MAX];
    uint64_t seeds[CHILDREN_MAX];
    struct plan below_plan = plan;
    below_plan.depth = plan.depth - 1;
    if (plan.spoils && below(&dice, 4) == 0) {
        (void)tn_on_failure(self, absorb, NULL);
    }
    if (below(&dice, 8) == 0) {
        below_plan.event = tn_event_create(self, "stress");
    }
    const unsigned count = count_children(&state, plan.depth);
    for (unsigned i = 0; i < count; i++) {
        seeds[i] = draw(&state);
        below_plan.seed = seeds[i];
        spawn_child(self, &children[i], below_plan, &dice);
        play(self, &below_plan, &dice);
    }
    if (plan.spoils && below(&dice, 40) == 0) {
        failures++;
        TN_FAIL(self, FAILED_CODE, "as the seed wants it");
    }
    if (below(&dice, 10) == 0) {
        // In a spoiled node some child may listen for ever, so it waits for them only if it owns
        // nothing that they hear of.
        if (below_plan.event == NULL && !plan.spoils) {
            (void)tn_children_wait(self);
        }
    }
    const long sum = 1 + await_children(self, &plan, children, seeds, count, &dice);
    ended++;
    return sum;
}

// The tree that may lose branches, beside one that may not.
TN_PFRAME(long, root, (uint64_t, seed)) {
    (void)tn_on_failure(self, absorb, NULL);
    tn_task(node) wild = tn_spawn(node, (struct plan){seed + 1, 4, true, NULL});
    tn_task(node) tame = tn_spawn(node, (struct plan){seed, 4, false, NULL});
    const long sum = tn_await(node, tame);
    if (seed % 3 != 0) {
        (void)tn_try_await(node, wild, NULL);
    }
    return sum;
}

TN_FRAME(long, root_bound, (uint64_t, seed)) {
    return root(self, seed);
}

static void run_once(uint64_t seed) {
    static const int threads[] = {1, 2, 3, 4, 8, 0};
    const struct tn_run_options options = {.num_threads = threads[seed / 2 % 6],
                                           .stack_bytes = seed % 5 == 0 ? 256u << 10 : 0};
    long sum = 0;
    const int code = seed % 2 == 0 ? tn_run_with(&options, root, &sum, seed)
                                   : tn_run_with(&options, root_bound, &sum, seed);
    const long wanted = expected(seed, 4);
    if (code != TN_OK) {
        broken("the code of the run", seed, code, TN_OK);
    }
    if (sum != wanted) {
        broken("the sum of root", seed, sum, wanted);
    }
    if (begun != ended) {
        broken("the number of frames that ended", seed, ended, begun);
    }
}

int main(int count, char **arguments) {
    const char *text = getenv("TENON_SEED");
    uint64_t seed = text == NULL ? 1 : strtoull(text, NULL, 0);
    double seconds = is_simulated() ? 0.5 : DEFAULT_SECONDS; // of a clock that seldom moves there
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
    printf("note %llu trees, %ld frames, %ld removed, %ld failed, %ld absorbed, %ld deliveries\n",
           (unsigned long long)runs, begun, removed, failures, absorbed, deliveries);
    const bool reached = removed > 0 && failures > 0 && deliveries > 0;
    printf("%d passed, %d failed\n", reached, !reached);
    return reached ? 0 : 1;
}
