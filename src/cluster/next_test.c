// A task that begins when another one ends is told of in the other's RESULT, where nothing is lost:
// taker_end_and_next, and what an owner makes of it.
//
// One half at a time, at a link that keeps what it says. Start reading at start_taker.
#include <string.h>

#include "cluster/owner.h"
#include "cluster/taker.h"
#include "support/deaf_link.h"
#include "support/test.h"

enum { SLOTS = 4, OWNER = 5, SESSION = 1 };

static struct deaf_link deaf;

// ---- the taker -------------------------------------------------------------------------------

static struct taker taker;
static struct taker_slot slots[SLOTS];
static int posts_ended;

static int keep(void *upper, struct taker_slot *slot, const void *arguments, uint32_t bytes) {
    (void)upper, (void)slot, (void)arguments, (void)bytes;
    return 0;
}

static void drop(void *upper, struct taker_slot *slot) {
    (void)upper, (void)slot;
}

static void posted(void *upper, struct taker_post *post) {
    (void)upper, (void)post;
    posts_ended++;
}

static const struct taker_calls taker_calls = {.keep = keep, .drop = drop, .posted = posted};

static void hear_run(uint32_t slot, uint64_t generation) {
    const struct message run = {.kind = MESSAGE_RUN,
                                .version = SESSION_VERSION,
                                .owner = OWNER,
                                .session = SESSION,
                                .place = place_of(slot, generation),
                                .task = slot + 1};
    taker_hear(&taker, &run, NULL, 3);
}

// A taker that has met an owner, and runs the first of `count` tasks.
static struct taker_slot *start_taker(bool is_reliable, uint32_t count) {
    deaf_link_init(&deaf, is_reliable);
    const struct taker_options options = {
        .link = &deaf.link, .timing = session_timing_default(), .calls = &taker_calls};
    taker_init(&taker, &options, slots, SLOTS);
    (void)taker_tick(&taker, 1);
    const struct message welcome = {.kind = MESSAGE_WELCOME,
                                    .version = SESSION_VERSION,
                                    .owner = OWNER,
                                    .session = SESSION,
                                    .value = deaf.said.value,
                                    .stamp_ns = 1};
    taker_hear(&taker, &welcome, NULL, 2);
    for (uint32_t i = 0; i < count; i++) {
        hear_run(i, 1);
    }
    struct taker_slot *first = taker_next(&taker, 4);
    EXPECT(first == &slots[0]);
    return first;
}

static struct taker_slot *end_and_next(struct taker_slot *slot) {
    struct taker_slot *next = taker_end_and_next(&taker, slot, 0, NULL, 0, 5);
    taker_check(&taker);
    return next;
}

TEST(the_next_one_is_told_of_in_the_result_of_the_one_before) {
    struct taker_slot *slot = start_taker(true, 3);
    for (uint32_t next = 1; next < 3; next++) {
        const int count = deaf.count;
        slot = end_and_next(slot);
        EXPECT(slot == &slots[next]);
        EXPECT_EQ(slot->phase, TAKER_RUNNING);
        EXPECT_EQ(deaf.count, count + 1);
        EXPECT_EQ(deaf.said.kind, MESSAGE_RESULT);
        EXPECT_EQ(deaf.said.task, next);
        EXPECT_EQ(deaf.said.attempt, next + 1);
        EXPECT(!message_can_wait(&deaf.said));
    }
    EXPECT(end_and_next(slot) == NULL); // none waits
    EXPECT_EQ(deaf.said.kind, MESSAGE_RESULT);
    EXPECT_EQ(deaf.said.attempt, 0);
    EXPECT_EQ(taker.held, 0);
}

TEST(without_room_for_that_nothing_begins) {
    struct taker_slot *slot = start_taker(true, 2);
    deaf.is_full = true;
    EXPECT(end_and_next(slot) == NULL);
    EXPECT_EQ(slots[1].phase, TAKER_WAITING);
    deaf.is_full = false;
    taker_writable(&taker, 6);
    EXPECT_EQ(deaf.said.kind, MESSAGE_RESULT);
    EXPECT_EQ(deaf.said.attempt, 0);
    EXPECT(taker_next(&taker, 7) == &slots[1]);
    EXPECT_EQ(deaf.said.kind, MESSAGE_STARTED);
}

TEST(a_result_that_waits_behind_a_post_tells_of_itself_only) {
    struct taker_slot *slot = start_taker(true, 2);
    struct taker_post post = {.payload = ""};
    list_node_init(&post.node);
    deaf.is_full = true;
    taker_post(&taker, slot, &post, 5);
    deaf.is_full = false;
    EXPECT(end_and_next(slot) == NULL);
    EXPECT_EQ(slots[1].phase, TAKER_WAITING);
    taker_writable(&taker, 6);
    EXPECT_EQ(posts_ended, 1);
    EXPECT_EQ(deaf.said.kind, MESSAGE_RESULT);
    EXPECT_EQ(deaf.said.attempt, 0);
}

TEST(where_messages_may_be_lost_each_thing_is_said_by_itself) {
    struct taker_slot *slot = start_taker(false, 2);
    EXPECT(end_and_next(slot) == NULL);
    EXPECT_EQ(deaf.said.kind, MESSAGE_RESULT);
    EXPECT_EQ(deaf.said.attempt, 0);
    EXPECT_EQ(slots[1].phase, TAKER_WAITING);
}

TEST(a_fenced_taker_begins_nothing_when_the_last_one_ends) {
    struct taker_slot *slot = start_taker(true, 1);
    const struct message bye = {
        .kind = MESSAGE_BYE, .version = SESSION_VERSION, .owner = OWNER, .session = SESSION};
    slot->is_cancelled = true; // nobody is to be told
    taker_hear(&taker, &bye, NULL, 5);
    EXPECT_EQ(taker.state, TAKER_FENCED);
    EXPECT(end_and_next(slot) == NULL);
    EXPECT_EQ(deaf.said.kind, MESSAGE_BYE);
    EXPECT_EQ(taker.state, TAKER_GREETING);
}

// ---- the owner -------------------------------------------------------------------------------

static struct owner owner;
static struct owner_peer peer;
static struct owner_place places[SLOTS];
static struct owner_task tasks[SLOTS];
static enum owner_end ends[SLOTS];
static int started;

static void deliver(void *upper, struct owner_task *task, const struct owner_outcome *outcome) {
    (void)upper;
    ends[task - tasks] = outcome->end;
}

static void start(void *upper, struct owner_task *task) {
    (void)upper, (void)task;
    started++;
}

static const struct owner_calls owner_calls = {.deliver = deliver, .started = start};

static void hear(enum message_kind kind, uint32_t slot, uint32_t next) {
    const struct message message = {.kind = (uint8_t)kind,
                                    .how = MESSAGE_DONE,
                                    .version = SESSION_VERSION,
                                    .owner = OWNER,
                                    .session = SESSION,
                                    .place = place_of(slot, 1),
                                    .task = slot + 1,
                                    .attempt = next};
    owner_hear(&owner, &peer, &message, NULL, 4);
    owner_check(&owner);
}

// An owner with three tasks in three of four places, of which the first has begun.
static void start_owner(bool is_reliable) {
    memset(tasks, 0, sizeof tasks);
    memset(ends, 0, sizeof ends);
    started = 0;
    deaf_link_init(&deaf, is_reliable);
    const struct owner_options options = {.link = &deaf.link,
                                          .timing = session_timing_default(),
                                          .incarnation = OWNER,
                                          .calls = &owner_calls};
    owner_init(&owner, &options);
    owner_peer_init(&owner, &peer, 1, places, SLOTS);
    struct message message = {
        .kind = MESSAGE_HELLO, .version = SESSION_VERSION, .value = 77, .stamp_ns = 1};
    owner_hear(&owner, &peer, &message, NULL, 1);
    message.kind = MESSAGE_BEAT;
    message.owner = OWNER;
    message.session = SESSION;
    message.value = SLOTS;
    owner_hear(&owner, &peer, &message, NULL, 2);
    for (int i = 0; i < 3; i++) {
        tasks[i].id = (uint64_t)i + 1;
        tasks[i].begins_max = 1;
        owner_submit(&owner, &tasks[i], 3);
    }
    hear(MESSAGE_STARTED, 0, 0);
    EXPECT_EQ(peer.begun, 1);
}

TEST(what_a_result_says_to_begin_is_lost_with_its_taker_and_what_waits_is_not) {
    start_owner(true);
    hear(MESSAGE_RESULT, 0, 2);
    EXPECT_EQ(ends[0], OWNER_DONE);
    EXPECT_EQ(places[1].phase, OWNER_PLACE_STARTED);
    EXPECT_EQ(started, 2);
    EXPECT_EQ(owner.unbegun, 1);
    owner_down(&owner, &peer, 9, 5);
    EXPECT_EQ(ends[1], OWNER_LOST);
    EXPECT_EQ(ends[2], 0);
    EXPECT_EQ(tasks[2].state, OWNER_TASK_QUEUED);
}

static void expect_cut_off(void) {
    EXPECT_EQ(deaf.cut, SESSION_BAD);
    EXPECT_EQ(ends[0], peer.is_up ? 0 : OWNER_LOST); // on a reliable link judged when it is gone
}

TEST(who_says_that_something_begins_which_cannot_is_cut_off) {
    start_owner(true);
    hear(MESSAGE_RESULT, 0, SLOTS + 1); // no such slot
    expect_cut_off();
    start_owner(true);
    hear(MESSAGE_RESULT, 0, SLOTS); // no task is there
    expect_cut_off();
    start_owner(true);
    hear(MESSAGE_RESULT, 0, 1); // that is the one which has ended
    expect_cut_off();
    start_owner(true);
    hear(MESSAGE_STARTED, 1, 0);
    hear(MESSAGE_RESULT, 0, 2); // it has begun before
    expect_cut_off();
    start_owner(false);
    hear(MESSAGE_RESULT, 0, 2); // where it might be said twice
    expect_cut_off();
}
