// Whatever a process says, or writes into its lane, its owner stays whole: owner_lane.h.
//
// Callers do what src/cluster/call_lane.c does, each step at random, and the other side anything.
// Invariant: a caller that has left, and owes nothing to the session, is never touched again; each
// task is delivered at most once. Start reading at step.
#include <string.h>

#include "base/random.h"
#include "cluster/owner_lane.h"
#include "support/deaf_link.h"
#include "support/fuzz.h"
#include "support/test.h"

enum { SLOTS = 3, CALLERS = 4, STEPS = 80, GONE = 0xee };

struct caller {
    struct owner_task task; // first
    struct owner_lane lane;
    bool is_owed;   // a delivery
    bool has_lane;  // and has not left it
    bool is_called; // something, and that has not been answered
    bool is_gone;   // its memory is nobody's
};

static struct stage {
    struct deaf_link deaf;
    struct lane lane;
    _Atomic uint64_t notes[SLOTS];
    struct owner owner;
    struct owner_peer peer;
    struct owner_place places[SLOTS];
    struct caller callers[CALLERS];
    int ends[OWNER_LANE_LOST + 1];
} stage;

// ---- the owner -------------------------------------------------------------------------------

static void deliver(void *upper, struct owner_task *task, const struct owner_outcome *outcome) {
    struct caller *caller = container_of(task, struct caller, task);
    (void)upper, (void)outcome;
    EXPECT(!caller->is_gone && (caller->is_owed || caller->has_lane));
    caller->is_owed = false;
    caller->has_lane |= caller->lane.state == OWNER_LANE_OPEN;
}

static void post(void *upper, struct owner_task *task, const void *payload, uint32_t bytes) {
    (void)upper, (void)payload, (void)bytes;
    EXPECT(!container_of(task, struct caller, task)->is_gone);
}

static void lose_lane(void *upper, struct owner_task *task) {
    (void)upper;
    EXPECT(container_of(task, struct caller, task)->has_lane);
}

static const struct owner_calls calls = {.deliver = deliver, .post = post, .lost_lane = lose_lane};

static void submit(struct caller *caller, bool asks) {
    const uint64_t id = (uint64_t)(caller - stage.callers) + 1;
    caller->task = (struct owner_task){.id = id, .begins_max = 1};
    owner_lane_init(&caller->lane);
    caller->task.lane = asks ? &caller->lane : NULL;
    caller->is_owed = true;
    owner_submit(&stage.owner, &caller->task, 3);
}

static struct message message_of(enum message_kind kind) {
    return (struct message){
        .kind = (uint8_t)kind, .version = SESSION_VERSION, .owner = 5, .session = 1};
}

static void hear(const struct message *message) {
    owner_hear(&stage.owner, &stage.peer, message, "", 4);
}

static void begin(void) {
    memset(&stage, 0, sizeof stage);
    deaf_link_init(&stage.deaf, true);
    stage.deaf.lane =
        (struct link_lane){.lane = &stage.lane, .notes = stage.notes, .notes_count = SLOTS};
    const struct owner_options options = {.link = &stage.deaf.link,
                                          .timing = session_timing_default(),
                                          .incarnation = 5,
                                          .calls = &calls};
    owner_init(&stage.owner, &options);
    owner_peer_init(&stage.owner, &stage.peer, 1, stage.places, SLOTS);
    struct message message = message_of(MESSAGE_HELLO);
    hear(&message);
    message = message_of(MESSAGE_BEAT);
    message.value = SLOTS;
    hear(&message);
    for (int i = 0; i < CALLERS; i++) {
        submit(&stage.callers[i], true);
    }
    message = message_of(MESSAGE_RESULT); // as an honest one opens a lane
    message.how = MESSAGE_OPENED;
    message.task = 1;
    message.place = place_of(0, 1);
    lane_open(&stage.lane, message.place);
    hear(&message);
    EXPECT(stage.callers[0].has_lane);
}

// ---- the other side --------------------------------------------------------------------------

static const struct caller *any_with_lane(void) {
    for (int i = 0; i < CALLERS; i++) {
        if (stage.callers[i].has_lane) {
            return &stage.callers[i];
        }
    }
    return &stage.callers[0];
}

// Near to what could be right.
static uint64_t any_place(struct random *random) {
    struct owner_lane *lane = (struct owner_lane *)(uintptr_t)&any_with_lane()->lane;
    const uint64_t called = atomic_load_relaxed(&lane->called);
    if (random_once_in(random, 2)) {
        return called;
    }
    return random_once_in(random, 2)
               ? called + place_of(0, random_below(random, 3)) - place_of(0, 1)
               : place_of((uint32_t)random_below(random, SLOTS), random_below(random, 4));
}

static void say_anything(struct random *random) {
    static const enum message_kind kinds[] = {MESSAGE_RESULT, MESSAGE_RESULT,  MESSAGE_POST,
                                              MESSAGE_POST,   MESSAGE_STARTED, MESSAGE_TOLD};
    struct message message = message_of(kinds[random_below(random, 6)]);
    message.how = (uint8_t)random_below(random, MESSAGE_CLOSED + 2);
    message.place = any_place(random);
    message.task = random_below(random, CALLERS + 2);
    message.attempt = (uint32_t)random_below(random, 4) / 2;
    hear(&message);
}

static void write_anything(struct random *random) {
    const struct owner_lane *lane = &any_with_lane()->lane;
    const uint64_t ways[] = {0, LANE_LANDED, LANE_CLOSED, LANE_RETURNED, 12345};
    if (random_once_in(random, 3)) {
        atomic_store_relaxed(&stage.lane.back.place, any_place(random));
    } else if (random_once_in(random, 2)) {
        atomic_store_relaxed(&stage.notes[random_below(random, SLOTS)], random_below(random, 5));
    } else {
        atomic_store_relaxed(&stage.lane.gate, lane->opened | ways[random_below(random, 5)]);
    }
}

// ---- the callers -----------------------------------------------------------------------------

static void call(struct caller *caller) {
    struct owner_lane *lane = &caller->lane;
    if (lane_is_open(lane->lane, lane->opened)) {
        const uint64_t place = lane_next(atomic_load_relaxed(&lane->called));
        atomic_store_relaxed(&lane->called, place);
        lane_call(lane->lane, place, 7, 1, &place, sizeof place);
        caller->is_called = true;
    }
}

// From then on nobody has it.
static void go(struct caller *caller) {
    memset(&caller->task, GONE, sizeof caller->task);
    memset(&caller->lane, GONE, sizeof caller->lane);
    caller->is_gone = true;
}

static void leave(struct caller *caller) {
    uint64_t result[LANE_WORDS];
    const bool was_landed = caller->lane.state == OWNER_LANE_LANDED;
    if (caller->is_called && !was_landed) {
        caller->task = (struct owner_task){.id = 7, .begins_max = 1};
    }
    const enum owner_lane_end end =
        owner_lane_leave(&stage.owner, &caller->lane, caller->is_called, result, 4);
    stage.ends[end]++;
    caller->has_lane = false;
    if (caller->is_called && end == OWNER_LANE_UNTAKEN) {
        submit(caller, false);
    } else if (caller->is_called && end == OWNER_LANE_PLACED &&
               caller->task.state != OWNER_TASK_DELIVERED) {
        caller->task.lane = NULL;
        caller->is_owed = true;
    } else {
        go(caller);
    }
}

static void step(struct caller *caller, struct random *random) {
    if (!caller->has_lane) {
        return;
    }
    if (random_once_in(random, 6)) {
        leave(caller);
    } else if (!caller->is_called) {
        call(caller);
    } else if (lane_is_back(caller->lane.lane, atomic_load_relaxed(&caller->lane.called))) {
        owner_lane_is_answered(&caller->lane);
        caller->is_called = false;
    }
}

static void expect_gone_untouched(const struct caller *caller) {
    const unsigned char *task = (const void *)&caller->task, *lane = (const void *)&caller->lane;
    for (size_t i = 0; caller->is_gone && i < sizeof caller->task; i++) {
        EXPECT_EQ(task[i], GONE);
    }
    for (size_t i = 0; caller->is_gone && i < sizeof caller->lane; i++) {
        EXPECT_EQ(lane[i], GONE);
    }
}

static void play(struct random *random) {
    begin();
    for (int i = 0; i < STEPS && stage.deaf.cut == 0; i++) {
        if (random_once_in(random, 8)) {
            say_anything(random);
        } else if (random_once_in(random, 3)) {
            write_anything(random);
        }
        step(&stage.callers[random_below(random, CALLERS)], random);
        owner_check(&stage.owner);
    }
    owner_down(&stage.owner, &stage.peer, 0, 100);
    for (int i = 0; i < CALLERS; i++) {
        struct caller *caller = &stage.callers[i];
        if (caller->has_lane) {
            leave(caller);
        }
        if (caller->task.state == OWNER_TASK_QUEUED && !caller->is_gone) {
            owner_cancel(&stage.owner, &caller->task, -1, 101);
        }
        owner_check(&stage.owner);
    }
    for (int i = 0; i < CALLERS; i++) {
        EXPECT(!stage.callers[i].is_owed);
        expect_gone_untouched(&stage.callers[i]);
    }
    EXPECT_EQ(stage.deaf.lanes, 0);
    EXPECT(stage.peer.lane == NULL && list_is_empty(&stage.owner.queue));
}

TEST(whatever_comes_of_a_lane_its_owner_stays_whole, .seconds = FUZZ_SECONDS) {
    struct random random;
    int ends[OWNER_LANE_LOST + 1] = {0};
    random_init(&random, test_seed());
    const uint64_t rounds = fuzz_count(180000) / STEPS;
    for (uint64_t round = 0; round < rounds; round++) {
        play(&random);
        for (int end = 0; end <= OWNER_LANE_LOST; end++) {
            ends[end] += stage.ends[end];
        }
    }
    TEST_NOTE("callers left: %d answered, %d placed, %d untaken, %d lost", ends[0], ends[1],
              ends[2], ends[3]);
    for (int end = 0; end <= OWNER_LANE_LOST; end++) {
        EXPECT(ends[end] > 0);
    }
}
