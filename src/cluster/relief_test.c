// Who is asked for tasks, for how many and when, and where they go then; and who gets short ones.
//
// Invariant: owner_check after each step. Start reading at struct stage.
#include "cluster/relief.h"

#include <string.h>

#include "support/deaf_link.h"
#include "support/test.h"

enum { PEERS = 3, SLOTS = 8, TASKS = 16, WORTH_NS = 100 };

static struct stage {
    struct deaf_link deaf;
    struct owner owner;
    struct relief relief;
    struct owner_peer peers[PEERS];
    struct owner_place places[PEERS][SLOTS];
    struct owner_task tasks[TASKS];
    int task_count;
    int kept;
    bool keeps;
} stage;

static void deliver(void *upper, struct owner_task *task, const struct owner_outcome *outcome) {
    (void)upper, (void)task;
    stage.kept += outcome->end == OWNER_RETURNED;
}

static bool keep(void *upper, struct owner_task *task) {
    (void)upper, (void)task;
    return stage.keeps;
}

static const struct owner_calls calls = {.deliver = deliver, .keeps = keep};

static void hear(int peer, struct message message, uint64_t now_ns) {
    message.version = SESSION_VERSION;
    message.owner = 5;
    owner_hear(&stage.owner, &stage.peers[peer], &message, NULL, now_ns);
    owner_check(&stage.owner);
}

// A peer that runs `threads` tasks at once comes, and offers all its places.
static void come(int peer) {
    owner_peer_init(&stage.owner, &stage.peers[peer], (unsigned)peer, stage.places[peer], SLOTS);
    hear(peer, (struct message){.kind = MESSAGE_HELLO, .value = 7, .stamp_ns = 1}, 1);
    hear(peer,
         (struct message){
             .kind = MESSAGE_BEAT, .session = stage.owner.sessions, .stamp_ns = 1, .value = SLOTS},
         1);
}

static void begin(uint32_t threads, uint64_t mean_ns) {
    memset(&stage, 0, sizeof stage);
    deaf_link_init(&stage.deaf, true);
    owner_init(&stage.owner, &(const struct owner_options){.link = &stage.deaf.link,
                                                           .timing = session_timing_default(),
                                                           .incarnation = 5,
                                                           .calls = &calls});
    stage.relief = (struct relief){.threads = threads, .worth_ns = WORTH_NS, .mean_ns = mean_ns};
    come(0);
}

static void submit(int count, uint64_t now_ns) {
    for (int i = 0; i < count; i++) {
        struct owner_task *task = &stage.tasks[stage.task_count++];
        task->id = (uint64_t)stage.task_count;
        task->begins_max = 1;
        owner_submit(&stage.owner, task, now_ns);
    }
    owner_check(&stage.owner);
}

// What a peer says of one of its tasks.
static void tell(int task, enum message_kind kind, enum message_how how, uint64_t now_ns) {
    const struct owner_peer *peer = stage.tasks[task].peer;
    const struct owner_place *place = stage.tasks[task].place;
    hear((int)(peer - stage.peers),
         (struct message){.kind = (uint8_t)kind,
                          .how = (uint8_t)how,
                          .session = peer->session,
                          .place = place_of((uint32_t)(place - peer->places), place->generation),
                          .task = stage.tasks[task].id},
         now_ns);
}

static uint64_t look(uint32_t idle_here, uint64_t now_ns) {
    const uint64_t due_ns = relief_due(&stage.relief, &stage.owner, idle_here, now_ns);
    const uint64_t asked = stage.relief.asked;
    const uint64_t next_ns = relief_look(&stage.relief, &stage.owner, idle_here, now_ns);
    EXPECT_EQ(due_ns == now_ns, stage.relief.asked > asked);
    EXPECT(next_ns > now_ns);
    owner_check(&stage.owner);
    return next_ns;
}

TEST(half_of_what_waits_behind_a_long_task_goes_to_another_that_is_idle) {
    begin(1, 50);
    submit(7, 10);
    tell(0, MESSAGE_STARTED, 0, 20);
    come(1);
    (void)look(0, 1000);
    EXPECT_EQ(stage.relief.asked, 3); // of 6
    for (int i = 4; i < 7; i++) {     // the newest
        EXPECT(stage.tasks[i].place->is_wanted_back);
        tell(i, MESSAGE_RESULT, MESSAGE_RETURNED, 1010);
        EXPECT(stage.tasks[i].peer == &stage.peers[1]);
    }
    EXPECT_EQ(look(0, 1010), SESSION_NEVER); // nobody is idle
    EXPECT_EQ(stage.relief.asked, 3);
}

TEST(what_comes_back_is_kept_if_a_thread_here_is_idle) {
    begin(1, 50);
    submit(2, 10);
    tell(0, MESSAGE_STARTED, 0, 20);
    EXPECT_EQ(look(0, 1000), SESSION_NEVER);
    (void)look(1, 1000);
    EXPECT_EQ(stage.relief.asked, 1);
    stage.keeps = true;
    tell(1, MESSAGE_RESULT, MESSAGE_RETURNED, 1010);
    EXPECT_EQ(stage.kept, 1);
    EXPECT_EQ(stage.peers[0].used, 1);
}

TEST(an_idle_thread_gets_no_more_than_each_of_many) {
    begin(4, 1000);
    submit(8, 10);
    for (int i = 0; i < 4; i++) {
        tell(i, MESSAGE_STARTED, 0, 20);
    }
    (void)look(1, 30);
    EXPECT_EQ(stage.relief.asked, 1); // of 4
}

TEST(what_is_about_to_begin_stays_where_it_is) {
    begin(1, 0);
    submit(1, 10);
    EXPECT_EQ(look(1, 20), 10 + 10 * WORTH_NS); // its thread is idle
    tell(0, MESSAGE_STARTED, 0, 30);
    submit(1, 40);
    EXPECT_EQ(look(1, 50), 40 + WORTH_NS); // nothing is known of how long the first one runs
    stage.relief.mean_ns = 500;
    EXPECT_EQ(look(1, 500), 40 + 500);
    EXPECT_EQ(stage.relief.asked, 0);
    (void)look(1, 100);
    EXPECT_EQ(stage.relief.asked, 1);
}

TEST(who_does_not_answer_holds_up_the_others_for_a_while_only) {
    begin(1, 50);
    come(1);
    submit(6, 10);
    tell(0, MESSAGE_STARTED, 0, 20);
    tell(1, MESSAGE_STARTED, 0, 20);
    EXPECT_EQ(look(1, 1000), 1000 + 10 * WORTH_NS);
    const uint64_t asked = stage.relief.asked;
    EXPECT_EQ(look(1, 1010), 1000 + 10 * WORTH_NS);
    EXPECT_EQ(stage.relief.asked, asked);
    (void)look(1, 1000 + 10 * WORTH_NS);
    EXPECT(stage.relief.asked > asked);
    EXPECT(stage.peers[0].wanted > 0);
    EXPECT(stage.peers[1].wanted > 0);
    EXPECT_EQ(look(1, 100000), SESSION_NEVER);
}

TEST(who_was_asked_gets_new_tasks_only_if_nobody_else_has_room) {
    begin(1, 50);
    submit(2, 10);
    tell(0, MESSAGE_STARTED, 0, 20);
    come(1);
    (void)look(0, 1000);
    EXPECT(stage.peers[0].lags);
    submit(SLOTS, 1010);
    EXPECT_EQ(stage.peers[1].used, SLOTS);
    submit(1, 1020);
    EXPECT_EQ(stage.peers[0].used, 3);
    tell(1, MESSAGE_STARTED, 0, 1030); // it did not wait any more
    EXPECT(!stage.peers[0].lags);
    EXPECT_EQ(stage.peers[0].wanted, 0);
}

// ---- short tasks -----------------------------------------------------------------------------

static void expect_used(uint32_t first, uint32_t second) {
    EXPECT_EQ(stage.peers[0].used, first);
    EXPECT_EQ(stage.peers[1].used, second);
}

TEST(without_a_favourite_each_peer_gets_as_many) {
    begin(1, 0);
    come(1);
    submit(6, 10);
    expect_used(3, 3);
}

TEST(short_tasks_go_to_the_same_peer_until_it_has_its_fill) {
    begin(1, 0);
    come(1);
    stage.owner.fill = 4;
    submit(4, 10);
    expect_used(4, 0);
    submit(2, 20); // the other one wakes for these
    expect_used(4, 2);
    tell(0, MESSAGE_RESULT, MESSAGE_DONE, 30);
    submit(2, 40);
    expect_used(4, 3);
    for (int i = 1; i < 4; i++) {
        tell(i, MESSAGE_RESULT, MESSAGE_DONE, 50);
    }
    submit(1, 60); // it has fewer than the other, too
    expect_used(2, 3);
}

TEST(an_idle_favourite_that_was_busy_just_now_remains_it) {
    begin(1, 0);
    come(1);
    stage.owner.fill = 4;
    for (int i = 0; i < 5; i++) {
        submit(1, (uint64_t)i * OWNER_FAVOURITE_NS / 2);
        expect_used(1, 0);
        tell(i, MESSAGE_RESULT, MESSAGE_DONE, (uint64_t)i * OWNER_FAVOURITE_NS / 2 + 1);
    }
}

TEST(a_favourite_that_stops_is_none_any_more) {
    begin(1, 0);
    come(1);
    stage.owner.fill = 6;
    submit(2, 10);
    expect_used(2, 0);
    submit(4, 10 + OWNER_FAVOURITE_NS);
    expect_used(2, 4); // a long one has begun there: now the other one is
}

TEST(one_that_lags_or_goes_is_no_favourite) {
    begin(1, 50);
    come(1);
    stage.owner.fill = 8;
    submit(3, 10);
    tell(0, MESSAGE_STARTED, 0, 20);
    (void)look(0, 1000);
    EXPECT(stage.peers[0].lags);
    submit(2, 1010);
    expect_used(3, 2);
    owner_peer_deinit(&stage.owner, &stage.peers[1], 1020);
    EXPECT_EQ(stage.owner.favourite, NULL);
}

TEST(where_all_cpus_are_busy_short_tasks_wait_for_the_favourite) {
    begin(1, 0);
    come(1);
    stage.owner.fill = OWNER_FILL_ALL;
    submit(SLOTS + 2, 10);
    expect_used(SLOTS, 0);
    tell(0, MESSAGE_RESULT, MESSAGE_DONE, 20);
    expect_used(SLOTS, 0);
    tell(1, MESSAGE_STARTED, 0, 30);
    EXPECT_EQ(stage.tasks[SLOTS + 1].place, NULL);
    (void)owner_tick(&stage.owner, 30 + OWNER_FAVOURITE_NS - 1);
    expect_used(SLOTS, 0);
    (void)owner_tick(&stage.owner, 30 + OWNER_FAVOURITE_NS); // but not for ever
    expect_used(SLOTS, 1);
}
