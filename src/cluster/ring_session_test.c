// Sessions over rings between real processes, which are killed again and again.
//
// Invariant: each task is delivered once, with its result, and begins no more often than it may.
// Start reading at a_session_over_rings.
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"
#include "cluster/owner.h"
#include "cluster/ring.h"
#include "cluster/taker.h"
#include "support/test.h"

enum {
    CHILDREN = 3,
    PLACES = 8,
    TASKS = 1500,
    RING_SLOTS = 64, // at most 3 messages for each place, and some beats
    RING_PAYLOADS = 4096,
};

// What a child and its parent share.
struct common {
    _Alignas(CACHE_LINE) unsigned char rings[2][sizeof(struct ring_shared) +
                                                RING_SLOTS * sizeof(struct ring_slot) +
                                                RING_PAYLOADS + CACHE_LINE];
};
static _Atomic uint32_t *begins; // of each task, counted where it begins

// One side of the two rings between a child and its parent: a link with one peer.
struct side {
    struct link link;
    struct ring in, out;
    int bell, their_bell;
    pid_t pid; // of the child, in the parent
    struct common *common;
    struct owner_peer peer;
    struct owner_place places[PLACES];
};
static struct side sides[CHILDREN]; // the parent's
static struct side mine;            // a child's

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void ring_bell(int bell) {
    const uint64_t one = 1;
    EXPECT_EQ(write(bell, &one, sizeof one), sizeof one);
}

static bool send_on(struct side *side, const struct message *message, const void *payload) {
    bool wakes;
    const enum ring_code code = ring_push(&side->out, message, payload, &wakes);
    if (wakes) {
        ring_bell(side->their_bell);
    }
    return code == RING_OK;
}

static bool send(struct link *link, unsigned peer, const struct message *message,
                 const void *payload) {
    struct side *side = link == &mine.link ? &mine : &sides[peer];
    return send_on(side, message, payload);
}

static void cut(struct link *link, unsigned peer, enum session_why why) {
    EXPECT_EQ(why, SESSION_LEASE); // nobody lies here
    if (link != &mine.link) {
        kill(sides[peer].pid, SIGKILL);
    }
}

static const struct link_calls link_calls = {.send = send, .cut = cut};

static void sleep_on_bell(struct side *side, uint64_t until_ns) {
    if (ring_sleep_empty(&side->in)) {
        const uint64_t now_ns = now();
        const uint64_t wait_ns = until_ns > now_ns ? until_ns - now_ns : 0;
        struct pollfd poll_fd = {.fd = side->bell, .events = POLLIN};
        if (poll(&poll_fd, 1, (int)(wait_ns / 1000000) + 1) > 0) {
            uint64_t count;
            EXPECT_EQ(read(side->bell, &count, sizeof count), sizeof count);
        }
        ring_awake_empty(&side->in);
    }
}

static int keep(void *upper, struct taker_slot *slot, const void *arguments, uint32_t bytes) {
    uint64_t number;
    (void)upper;
    EXPECT_EQ(bytes, sizeof number);
    memcpy(&number, arguments, sizeof number);
    slot->upper = (void *)(uintptr_t)number;
    return 0;
}

static void ignore_cancel(void *upper, struct taker_slot *slot, int code) {
    (void)upper, (void)slot, (void)code;
}

static void ignore_drop(void *upper, struct taker_slot *slot) {
    (void)upper, (void)slot;
}

static const struct taker_calls taker_calls = {
    .keep = keep, .cancel = ignore_cancel, .drop = ignore_drop};

// The child: runs tasks until it is killed.
_Noreturn static void run_child(struct side *side, uint64_t seed) {
    mine = *side;
    mine.bell = side->their_bell;
    mine.their_bell = side->bell;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    ring_attach(&mine.in, mine.common->rings[0], RING_SLOTS, RING_PAYLOADS);
    ring_attach(&mine.out, mine.common->rings[1], RING_SLOTS, RING_PAYLOADS);
    struct taker taker;
    static struct taker_slot slots[PLACES];
    const struct taker_options options = {.link = &mine.link,
                                          .timing = session_timing_default(),
                                          .seed = seed,
                                          .calls = &taker_calls};
    taker_init(&taker, &options, slots, PLACES);
    while (getppid() != 1) {
        struct message message;
        const void *payload;
        while (ring_take(&mine.in, &message, &payload) == RING_OK) {
            taker_hear(&taker, &message, payload, now());
            (void)ring_release(&mine.in, &message);
        }
        struct taker_slot *slot;
        while ((slot = taker_next(&taker, now())) != NULL) {
            const uint64_t number = (uintptr_t)slot->upper;
            atomic_fetch_add_relaxed(&begins[number], 1);
            for (const uint64_t begin_ns = now(); now() - begin_ns < 20000;) {
            }
            const uint64_t result = number * number;
            taker_end(&taker, slot, 0, &result, sizeof result, now());
        }
        sleep_on_bell(&mine, taker_tick(&taker, now()));
    }
    _exit(0);
}

static struct {
    struct owner owner;
    struct owner_task tasks[TASKS];
    uint64_t numbers[TASKS];
    int delivered[TASKS];
    int done, lost;
} stage;

static void deliver(void *upper, struct owner_task *task, const struct owner_outcome *outcome) {
    (void)upper;
    const uint64_t number = (uint64_t)(task - stage.tasks);
    EXPECT_EQ(++stage.delivered[number], 1);
    if (outcome->end == OWNER_DONE) {
        uint64_t result;
        EXPECT_EQ(outcome->bytes, sizeof result);
        memcpy(&result, outcome->payload, sizeof result);
        EXPECT_EQ(result, number * number);
        EXPECT_EQ(atomic_load_relaxed(&begins[number]) >= 1, 1);
        stage.done++;
    } else {
        EXPECT(outcome->end == OWNER_LOST || outcome->end == OWNER_POISONED);
        EXPECT_EQ(outcome->detail, SIGKILL);
        stage.lost++;
    }
}

static const struct owner_calls owner_calls = {.deliver = deliver};

static void start_child(struct side *side, uint64_t seed) {
    memset(side->common, 0, sizeof *side->common);
    ring_attach(&side->out, side->common->rings[0], RING_SLOTS, RING_PAYLOADS);
    ring_attach(&side->in, side->common->rings[1], RING_SLOTS, RING_PAYLOADS);
    side->pid = fork();
    EXPECT(side->pid >= 0);
    if (side->pid == 0) {
        run_child(side, seed);
    }
}

static void drain(struct side *side) {
    struct message message;
    const void *payload;
    enum ring_code code;
    while ((code = ring_take(&side->in, &message, &payload)) == RING_OK) {
        unsigned char copy[64];
        EXPECT(message.bytes <= sizeof copy);
        memcpy(copy, payload, message.bytes);
        (void)ring_release(&side->in, &message);
        owner_hear(&stage.owner, &side->peer, &message, copy, now());
    }
    EXPECT_EQ(code, RING_NONE);
}

// Reaps a child that is dead: first all that it said, then its end.
static bool reap(struct side *side) {
    int status;
    if (waitpid(side->pid, &status, WNOHANG) != side->pid) {
        return false;
    }
    drain(side);
    owner_down(&stage.owner, &side->peer, WIFSIGNALED(status) ? WTERMSIG(status) : 0, now());
    return true;
}

// Sleeps for a millisecond at most, unless a child has said something.
static void sleep_if_quiet(int bell) {
    bool is_quiet = true;
    for (int i = 0; i < CHILDREN; i++) {
        is_quiet = ring_sleep_empty(&sides[i].in) && is_quiet;
    }
    struct pollfd poll_fd = {.fd = bell, .events = POLLIN};
    if (is_quiet && poll(&poll_fd, 1, 1) > 0) {
        uint64_t count;
        EXPECT_EQ(read(bell, &count, sizeof count), sizeof count);
    }
    for (int i = 0; i < CHILDREN; i++) {
        ring_awake_empty(&sides[i].in);
    }
}

static void a_session_over_rings(uint32_t begins_max, int kill_every) {
    struct random random;
    random_init(&random, test_seed());
    begins = mmap(NULL, TASKS * sizeof *begins, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                  -1, 0);
    EXPECT(begins != MAP_FAILED);
    const int bell = eventfd(0, EFD_CLOEXEC);
    const struct owner_options options = {.link = &sides[0].link,
                                          .timing = session_timing_default(),
                                          .incarnation = 5,
                                          .calls = &owner_calls};
    owner_init(&stage.owner, &options);
    for (int i = 0; i < CHILDREN; i++) {
        struct side *side = &sides[i];
        side->link = (struct link){.calls = &link_calls, .is_reliable = true};
        side->bell = bell;
        side->their_bell = eventfd(0, EFD_CLOEXEC);
        side->common = mmap(NULL, sizeof *side->common, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        EXPECT(side->common != MAP_FAILED);
        owner_peer_init(&stage.owner, &side->peer, (unsigned)i, side->places, PLACES);
        start_child(side, random_next(&random));
    }
    for (uint64_t i = 0; i < TASKS; i++) {
        stage.numbers[i] = i;
        stage.tasks[i] = (struct owner_task){.id = (uint64_t)i + 1,
                                             .arguments = &stage.numbers[i],
                                             .bytes = sizeof i,
                                             .begins_max = begins_max};
        owner_submit(&stage.owner, &stage.tasks[i], now());
    }
    int kills = 0;
    int kill_at = kill_every;
    const uint64_t begin_ns = now();
    while (stage.done + stage.lost < TASKS) {
        for (int i = 0; i < CHILDREN; i++) {
            drain(&sides[i]);
            if (reap(&sides[i])) {
                start_child(&sides[i], random_next(&random));
            }
        }
        (void)owner_tick(&stage.owner, now());
        owner_check(&stage.owner);
        sleep_if_quiet(bell);
        if (stage.done + stage.lost >= kill_at) {
            kills += kill(sides[random_below(&random, CHILDREN)].pid, SIGKILL) == 0;
            kill_at += kill_every;
        }
        EXPECT(now() - begin_ns < 30000000000);
    }
    int twice = 0;
    for (int i = 0; i < TASKS; i++) {
        EXPECT_EQ(stage.delivered[i], 1);
        const uint32_t count = atomic_load_relaxed(&begins[i]);
        EXPECT(count <= begins_max);
        twice += count > 1;
    }
    for (int i = 0; i < CHILDREN; i++) {
        kill(sides[i].pid, SIGKILL);
        EXPECT_EQ(waitpid(sides[i].pid, NULL, 0), sides[i].pid);
    }
    TEST_NOTE("%d tasks, %d kills: %d done, %d lost, %d begun more than once", TASKS, kills,
              stage.done, stage.lost, twice);
}

TEST(tasks_over_rings_are_delivered_once_while_processes_are_killed, .seconds = 60) {
    a_session_over_rings(1, 15);
    EXPECT(stage.done > 0);
}

TEST(repeatable_tasks_over_rings_are_all_done_while_processes_are_killed, .seconds = 60) {
    a_session_over_rings(50, 15);
    EXPECT_EQ(stage.done, TASKS);
}

TEST(without_kills_every_task_over_rings_is_done_once, .seconds = 60) {
    a_session_over_rings(1, TASKS + 1);
    EXPECT_EQ(stage.done, TASKS);
}
