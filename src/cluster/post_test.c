// What a running task posts, and what it is told, at either half of a session: once, in order,
// before its result.
#include <string.h>

#include "cluster/owner.h"
#include "cluster/taker.h"
#include "support/deaf_link.h"
#include "support/test.h"

// One half with one task, and a link that keeps what it says.
static struct stage {
    struct deaf_link deaf;
    struct owner owner;
    struct owner_peer peer;
    struct owner_place places[1];
    struct owner_task task;
    int posts;
    struct taker taker;
    struct taker_slot slots[1];
    struct taker_post made[3];
    int posts_ended;
    struct owner_tell tells[3];
    int told, parted;        // of the owner
    int heard, taker_parted; // of the taker
} stage;

static void deliver(void *upper, struct owner_task *task, const struct owner_outcome *outcome) {
    (void)upper, (void)task, (void)outcome;
}

static void post(void *upper, struct owner_task *task, const void *payload, uint32_t bytes) {
    (void)upper, (void)payload, (void)bytes;
    EXPECT(task == &stage.task && task->state == OWNER_TASK_PLACED);
    stage.posts++;
}

static int keep(void *upper, struct taker_slot *slot, const void *arguments, uint32_t bytes) {
    (void)upper, (void)slot, (void)arguments, (void)bytes;
    return 0;
}

static void cancel(void *upper, struct taker_slot *slot, int code) {
    (void)upper, (void)slot, (void)code;
}

static void drop(void *upper, struct taker_slot *slot) {
    (void)upper, (void)slot;
}

static void posted(void *upper, struct taker_post *post) {
    (void)upper, (void)post;
    stage.posts_ended++;
}

static void told(void *upper, struct owner_tell *tell) {
    (void)upper;
    EXPECT(tell == &stage.tells[stage.told]);
    stage.told++;
}

static void owner_parted(void *upper, struct owner_task *task) {
    (void)upper;
    EXPECT(task == &stage.task && task->place == NULL && task->state != OWNER_TASK_DELIVERED);
    stage.parted++;
}

static void hear_tell(void *upper, struct taker_slot *slot, const void *payload, uint32_t bytes) {
    (void)upper, (void)payload, (void)bytes;
    EXPECT_EQ(slot->phase, TAKER_RUNNING);
    stage.heard++;
}

static void taker_parted(void *upper, struct taker_slot *slot) {
    (void)upper, (void)slot;
    stage.taker_parted++;
}

static const struct owner_calls owner_calls = {
    .deliver = deliver, .post = post, .told = told, .parted = owner_parted};
static const struct taker_calls taker_calls = {.keep = keep,
                                               .cancel = cancel,
                                               .drop = drop,
                                               .posted = posted,
                                               .tell = hear_tell,
                                               .parted = taker_parted};

// ---- the owner -------------------------------------------------------------------------------

static void hear(enum message_kind kind, uint32_t number, uint64_t now_ns) {
    struct message message = {.kind = (uint8_t)kind,
                              .how = MESSAGE_DONE,
                              .version = SESSION_VERSION,
                              .owner = kind == MESSAGE_HELLO ? 0 : 5,
                              .session = kind == MESSAGE_HELLO ? 0 : 1,
                              .attempt = number,
                              .value = 1};
    if (kind != MESSAGE_HELLO && kind != MESSAGE_BEAT) {
        message.place = place_of(0, 1);
        message.task = 1;
    }
    owner_hear(&stage.owner, &stage.peer, &message, NULL, now_ns);
    owner_check(&stage.owner);
}

static void start_owner(bool is_reliable) {
    memset(&stage, 0, sizeof stage);
    deaf_link_init(&stage.deaf, is_reliable);
    const struct owner_options options = {.link = &stage.deaf.link,
                                          .timing = session_timing_default(),
                                          .incarnation = 5,
                                          .calls = &owner_calls};
    owner_init(&stage.owner, &options);
    owner_peer_init(&stage.owner, &stage.peer, 1, stage.places, 1);
    hear(MESSAGE_HELLO, 0, 1);
    hear(MESSAGE_BEAT, 0, 2);
    stage.task.id = 1;
    stage.task.begins_max = 1;
    owner_submit(&stage.owner, &stage.task, 3);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_RUN);
}

TEST(a_post_is_heard_once_and_answered_each_time) {
    start_owner(false);
    hear(MESSAGE_POST, 1, 4);
    EXPECT_EQ(stage.places[0].phase, OWNER_PLACE_STARTED); // that was said, and lost
    hear(MESSAGE_POST, 1, 4);
    hear(MESSAGE_POST, 2, 4);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_POSTED);
    EXPECT_EQ(stage.deaf.said.attempt, 2);
    hear(MESSAGE_POST, 1, 4); // a late copy
    EXPECT_EQ(stage.deaf.said.attempt, 1);
    EXPECT_EQ(stage.posts, 2);
    hear(MESSAGE_RESULT, 0, 5);
    EXPECT_EQ(stage.task.state, OWNER_TASK_DELIVERED);
    hear(MESSAGE_POST, 3, 6); // its place is no more
    EXPECT_EQ(stage.posts, 2);
    EXPECT_EQ(stage.deaf.cut, 0);
}

TEST(a_taker_that_leaves_out_a_post_is_given_up) {
    start_owner(false);
    hear(MESSAGE_POST, 2, 4);
    EXPECT_EQ(stage.deaf.cut, SESSION_BAD);
    EXPECT_EQ(stage.posts, 0);
    start_owner(true);
    hear(MESSAGE_POST, 1, 4);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_RUN); // nothing is answered where nothing is lost
    hear(MESSAGE_POST, 1, 4);                     // and nothing comes twice there
    EXPECT_EQ(stage.deaf.cut, SESSION_BAD);
    EXPECT_EQ(stage.posts, 1);
}

static void tell_task(int index) {
    stage.tells[index] = (struct owner_tell){.payload = ""};
    list_node_init(&stage.tells[index].node);
    owner_tell(&stage.owner, &stage.task, &stage.tells[index], 5);
    owner_check(&stage.owner);
}

TEST(where_messages_are_lost_each_tell_waits_for_its_answer_beside_a_cancel) {
    start_owner(false);
    hear(MESSAGE_POST, 1, 4);
    tell_task(0);
    tell_task(1);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_TELL);
    EXPECT_EQ(stage.deaf.said.attempt, 1);
    owner_cancel(&stage.owner, &stage.task, -9, 5);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_CANCEL);
    const int count = stage.deaf.count;
    (void)owner_tick(&stage.owner, 5 + session_timing_default().resend_ns);
    EXPECT_EQ(stage.deaf.count, count + 2); // both again
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_TELL);
    hear(MESSAGE_TOLD, 2, 6); // not said yet
    EXPECT_EQ(stage.told, 0);
    hear(MESSAGE_TOLD, 1, 6);
    EXPECT_EQ(stage.deaf.said.attempt, 2);
    hear(MESSAGE_TOLD, 1, 6); // a copy
    EXPECT_EQ(stage.told, 1);
    hear(MESSAGE_RESULT, 0, 7); // and nobody hears the second one
    EXPECT_EQ(stage.told, 2);
    EXPECT_EQ(stage.parted, 1);
    tell_task(2); // nor this one
    EXPECT_EQ(stage.told, 3);
    EXPECT_EQ(stage.deaf.cut, 0);
}

TEST(where_nothing_is_lost_tells_follow_one_another_as_there_is_room) {
    start_owner(true);
    hear(MESSAGE_POST, 1, 4);
    tell_task(0);
    EXPECT_EQ(stage.told, 1);
    stage.deaf.is_full = true;
    tell_task(1);
    tell_task(2);
    EXPECT_EQ(stage.told, 1);
    stage.deaf.is_full = false;
    owner_writable(&stage.owner, &stage.peer, 6);
    EXPECT_EQ(stage.told, 3);
    EXPECT_EQ(stage.deaf.said.attempt, 3);
    owner_down(&stage.owner, &stage.peer, 9, 7);
    EXPECT_EQ(stage.parted, 1);
}

// ---- the taker -------------------------------------------------------------------------------

static void tell(enum message_kind kind, uint32_t number, uint64_t now_ns) {
    const struct message message = {.kind = (uint8_t)kind,
                                    .version = SESSION_VERSION,
                                    .owner = 5,
                                    .session = 1,
                                    .place = place_of(0, 1),
                                    .task = 1,
                                    .attempt = number};
    taker_hear(&stage.taker, &message, NULL, now_ns);
    taker_check(&stage.taker);
}

static struct taker_slot *start_taker(bool is_reliable) {
    memset(&stage, 0, sizeof stage);
    deaf_link_init(&stage.deaf, is_reliable);
    const struct taker_options options = {
        .link = &stage.deaf.link, .timing = session_timing_default(), .calls = &taker_calls};
    taker_init(&stage.taker, &options, stage.slots, 1);
    (void)taker_tick(&stage.taker, 1);
    const struct message welcome = {.kind = MESSAGE_WELCOME,
                                    .version = SESSION_VERSION,
                                    .owner = 5,
                                    .session = 1,
                                    .value = stage.deaf.said.value,
                                    .stamp_ns = 1};
    taker_hear(&stage.taker, &welcome, NULL, 2);
    tell(MESSAGE_RUN, 1, 3);
    return taker_next(&stage.taker, 4);
}

static void make_post(int index) {
    stage.made[index] = (struct taker_post){.payload = ""};
    list_node_init(&stage.made[index].node);
    taker_post(&stage.taker, &stage.slots[0], &stage.made[index], 5);
    taker_check(&stage.taker);
}

TEST(a_result_waits_for_room_behind_what_was_posted_before) {
    struct taker_slot *slot = start_taker(true);
    for (int i = 0; i < 3; i++) {
        stage.deaf.is_full = i > 0;
        make_post(i);
    }
    EXPECT_EQ(stage.posts_ended, 1);
    taker_end(&stage.taker, slot, 0, NULL, 0, 6);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_POST);
    EXPECT_EQ(stage.deaf.said.attempt, 1);
    const int count = stage.deaf.count;
    stage.deaf.is_full = false;
    taker_writable(&stage.taker, 7);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_RESULT);
    EXPECT_EQ(stage.deaf.count, count + 3);
    EXPECT_EQ(stage.posts_ended, 3);
    taker_check(&stage.taker);
}

TEST(where_messages_are_lost_each_post_waits_for_its_answer) {
    struct taker_slot *slot = start_taker(false);
    make_post(0);
    make_post(1);
    taker_end(&stage.taker, slot, 0, NULL, 0, 6);
    EXPECT_EQ(stage.deaf.said.attempt, 1);
    const int count = stage.deaf.count;
    const uint64_t later_ns = session_timing_default().resend_ns + 10;
    (void)taker_tick(&stage.taker, later_ns);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_POST); // again, behind a beat
    EXPECT_EQ(stage.deaf.count, count + 2);
    tell(MESSAGE_POSTED, 2, later_ns); // not said yet
    EXPECT_EQ(stage.posts_ended, 0);
    tell(MESSAGE_POSTED, 1, later_ns);
    EXPECT_EQ(stage.deaf.said.attempt, 2);
    tell(MESSAGE_POSTED, 1, later_ns); // a copy
    EXPECT_EQ(stage.posts_ended, 1);
    tell(MESSAGE_POSTED, 2, later_ns);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_RESULT);
    EXPECT_EQ(stage.posts_ended, 2);
}

TEST(a_task_whose_owner_is_gone_posts_to_nobody) {
    struct taker_slot *slot = start_taker(false);
    make_post(0);
    taker_down(&stage.taker, 6);
    EXPECT_EQ(stage.posts_ended, 1);
    const int count = stage.deaf.count;
    make_post(1);
    EXPECT_EQ(stage.posts_ended, 2);
    EXPECT_EQ(stage.deaf.count, count);
    taker_end(&stage.taker, slot, 0, NULL, 0, 7);
    taker_check(&stage.taker);
}

TEST(a_tell_is_heard_once_and_answered_each_time) {
    struct taker_slot *slot = start_taker(false);
    tell(MESSAGE_TELL, 1, 5);
    tell(MESSAGE_TELL, 1, 5);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_TOLD);
    EXPECT_EQ(stage.heard, 1);
    tell(MESSAGE_TELL, 2, 5);
    EXPECT_EQ(stage.heard, 2);
    taker_end(&stage.taker, slot, 0, NULL, 0, 6);
    tell(MESSAGE_TELL, 3, 7); // it has ended
    EXPECT_EQ(stage.heard, 2);
    EXPECT_EQ(stage.deaf.cut, 0);
}

TEST(an_owner_that_leaves_out_a_tell_is_given_up) {
    struct taker_slot *slot = start_taker(false);
    tell(MESSAGE_TELL, 2, 5);
    EXPECT_EQ(stage.deaf.cut, SESSION_BAD);
    EXPECT_EQ(stage.heard, 0);
    EXPECT_EQ(stage.taker_parted, 1);
    taker_end(&stage.taker, slot, 0, NULL, 0, 6);
    taker_check(&stage.taker);
}
