// What an owner and a taker do with a peer that breaks the rules, and with a link that has no room.
//
// Invariant: nothing that a peer says breaks owner_check or taker_check, or delivers a task twice.
// Start reading at struct stage.
#include <string.h>

#include "base/random.h"
#include "cluster/owner.h"
#include "cluster/taker.h"
#include "support/deaf_link.h"
#include "support/fuzz.h"
#include "support/test.h"

enum { SLOTS = 4, TASKS = 8, MESSAGES = 60 };

// One half, and a link that keeps what it says.
static struct stage {
    struct deaf_link deaf;
    struct owner owner;
    struct owner_peer peer;
    struct owner_place places[SLOTS];
    struct owner_task tasks[TASKS];
    int delivered[TASKS];
    int posts[TASKS];
    struct owner_outcome outcome;
    struct taker taker;
    struct taker_slot slots[SLOTS];
    int kept, dropped, cancelled, posts_ended;
} stage;

static void deliver(void *upper, struct owner_task *task, const struct owner_outcome *outcome) {
    (void)upper;
    stage.delivered[task - stage.tasks]++;
    stage.outcome = *outcome;
}

static void post(void *upper, struct owner_task *task, const void *payload, uint32_t bytes);

static int keep(void *upper, struct taker_slot *slot, const void *arguments, uint32_t bytes) {
    (void)upper, (void)slot, (void)arguments, (void)bytes;
    stage.kept++;
    return 0;
}

static void cancel(void *upper, struct taker_slot *slot, int code) {
    (void)upper, (void)slot, (void)code;
    stage.cancelled++;
}

static void drop(void *upper, struct taker_slot *slot) {
    (void)upper, (void)slot;
    stage.dropped++;
}

// Owners of this test answer each post, with memory that is told of once.
static struct owner_tell tells[2 * MESSAGES];
static int tells_made, tells_ended;

static void told(void *upper, struct owner_tell *tell) {
    (void)upper, (void)tell;
    tells_ended++;
}

static void post(void *upper, struct owner_task *task, const void *payload, uint32_t bytes) {
    (void)upper, (void)payload, (void)bytes;
    stage.posts[task - stage.tasks]++;
    EXPECT_EQ(stage.delivered[task - stage.tasks], 0);
    struct owner_tell *tell = &tells[tells_made++ % (2 * MESSAGES)];
    *tell = (struct owner_tell){.payload = ""};
    list_node_init(&tell->node);
    owner_tell(&stage.owner, task, tell, 4);
}

static void hear_tell(void *upper, struct taker_slot *slot, const void *payload, uint32_t bytes) {
    (void)upper, (void)payload, (void)bytes;
    EXPECT_EQ(slot->phase, TAKER_RUNNING);
}

static const struct owner_calls owner_calls = {.deliver = deliver, .post = post, .told = told};
static void posted(void *upper, struct taker_post *post) {
    (void)upper, (void)post;
    stage.posts_ended++;
}

static const struct taker_calls taker_calls = {
    .keep = keep, .cancel = cancel, .drop = drop, .posted = posted, .tell = hear_tell};

static void hear_beat(uint64_t offered, uint64_t now_ns) {
    const struct message beat = {.kind = MESSAGE_BEAT,
                                 .version = SESSION_VERSION,
                                 .owner = 5,
                                 .session = stage.owner.sessions,
                                 .stamp_ns = now_ns,
                                 .value = offered};
    owner_hear(&stage.owner, &stage.peer, &beat, NULL, now_ns);
}

// An owner that has met a taker, which offers `offered` places; its tasks are submitted.
static void start_owner(bool is_reliable, uint64_t offered) {
    memset(&stage, 0, sizeof stage);
    tells_made = tells_ended = 0;
    deaf_link_init(&stage.deaf, is_reliable);
    const struct owner_options options = {.link = &stage.deaf.link,
                                          .timing = session_timing_default(),
                                          .incarnation = 5,
                                          .calls = &owner_calls};
    owner_init(&stage.owner, &options);
    owner_peer_init(&stage.owner, &stage.peer, 1, stage.places, SLOTS);
    const struct message hello = {
        .kind = MESSAGE_HELLO, .version = SESSION_VERSION, .value = 77, .stamp_ns = 1};
    owner_hear(&stage.owner, &stage.peer, &hello, NULL, 1);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_WELCOME);
    EXPECT_EQ(stage.deaf.said.value, 77);
    hear_beat(offered, 2);
    for (int i = 0; i < TASKS; i++) {
        stage.tasks[i].id = (uint64_t)i + 1;
        stage.tasks[i].begins_max = 1;
        owner_submit(&stage.owner, &stage.tasks[i], 3);
    }
    owner_check(&stage.owner);
}

static void hear(enum message_kind kind, enum message_how how, uint64_t place, uint64_t task) {
    const struct message message = {.kind = (uint8_t)kind,
                                    .how = (uint8_t)how,
                                    .version = SESSION_VERSION,
                                    .owner = 5,
                                    .session = 1,
                                    .place = place,
                                    .task = task};
    owner_hear(&stage.owner, &stage.peer, &message, NULL, 4);
    owner_check(&stage.owner);
}

TEST(a_taker_gets_no_more_tasks_than_it_offers_places) {
    start_owner(false, 2);
    EXPECT_EQ(stage.peer.used, 2);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_RUN);
    EXPECT_EQ(stage.deaf.said.task, 2);
    hear_beat(4, 5);
    EXPECT_EQ(stage.peer.used, 4);
    hear_beat(0, 6);
    hear(MESSAGE_RESULT, MESSAGE_DONE, place_of(0, 1), 1);
    EXPECT_EQ(stage.delivered[0], 1);
    EXPECT_EQ(stage.peer.used, 3);
}

static void expect_given_up(void) {
    EXPECT_EQ(stage.deaf.cut, SESSION_BAD);
    EXPECT(!stage.peer.is_up);
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(stage.delivered[i], 1);
        EXPECT_EQ(stage.outcome.end, OWNER_LOST);
        EXPECT_EQ(stage.outcome.why, SESSION_BAD);
    }
    EXPECT_EQ(stage.tasks[2].state, OWNER_TASK_QUEUED);
}

TEST(a_taker_that_breaks_a_rule_is_given_up) {
    start_owner(false, 2);
    hear(MESSAGE_RESULT, MESSAGE_DONE, place_of(SLOTS, 1), 1); // no such slot
    expect_given_up();
    start_owner(false, 2);
    hear(MESSAGE_RESULT, MESSAGE_DONE, place_of(0, 2), 1); // never given out
    expect_given_up();
    start_owner(false, 2);
    hear(MESSAGE_STARTED, 0, place_of(0, 1), 2); // the place of another task
    expect_given_up();
    start_owner(false, 2);
    hear(MESSAGE_RESULT, MESSAGE_CANCELLED, place_of(0, 1), 1); // nobody asked for that
    expect_given_up();
    start_owner(false, 2);
    hear(MESSAGE_RESULT, 0, place_of(0, 1), 1);
    expect_given_up();
    start_owner(false, 2);
    hear(MESSAGE_RUN, 0, place_of(0, 1), 1); // what owners say
    expect_given_up();
    start_owner(false, 2);
    hear_beat(SLOTS + 1, 4);
    expect_given_up();
}

TEST(on_a_reliable_link_a_liar_is_judged_when_it_is_gone) {
    start_owner(true, 2);
    hear(MESSAGE_RESULT, 0, place_of(0, 1), 1);
    EXPECT_EQ(stage.deaf.cut, SESSION_BAD);
    EXPECT_EQ(stage.delivered[0], 0);
    hear(MESSAGE_RESULT, MESSAGE_DONE, place_of(0, 1), 1); // not listened to any more
    EXPECT_EQ(stage.delivered[0], 0);
    owner_down(&stage.owner, &stage.peer, 9, 5);
    expect_given_up();
    EXPECT_EQ(stage.outcome.detail, 9);
}

TEST(on_a_reliable_link_only_what_has_begun_is_lost_with_its_taker) {
    start_owner(true, 2);
    hear(MESSAGE_STARTED, 0, place_of(0, 1), 1);
    owner_down(&stage.owner, &stage.peer, 9, 5);
    EXPECT_EQ(stage.delivered[0], 1);
    EXPECT_EQ(stage.outcome.end, OWNER_LOST);
    EXPECT_EQ(stage.outcome.why, SESSION_DOWN);
    EXPECT_EQ(stage.delivered[1], 0);
    EXPECT_EQ(stage.tasks[1].state, OWNER_TASK_QUEUED);
    EXPECT_EQ(list_first(&stage.owner.queue) == &stage.tasks[1].node, 1);
}

TEST(what_found_no_room_is_said_when_there_is_some) {
    start_owner(true, 0);
    stage.deaf.is_full = true;
    hear_beat(1, 4);
    EXPECT_EQ(stage.peer.used, 1);
    stage.deaf.is_full = false;
    owner_writable(&stage.owner, &stage.peer, 5);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_RUN);
    const int count = stage.deaf.count;
    owner_writable(&stage.owner, &stage.peer, 6);
    (void)owner_tick(&stage.owner, 1000000000);
    EXPECT_EQ(stage.deaf.count, count); // nothing is said twice on a reliable link
    owner_check(&stage.owner);
}

TEST(a_peer_that_goes_leaves_no_task_behind) {
    start_owner(false, 2);
    owner_cancel(&stage.owner, &stage.tasks[0], -3, 4);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_CANCEL);
    owner_peer_deinit(&stage.owner, &stage.peer, 5);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_BYE);
    EXPECT_EQ(stage.delivered[0] + stage.delivered[1], 2);
    EXPECT(list_is_empty(&stage.owner.peers));
    for (int i = 2; i < TASKS; i++) {
        owner_cancel(&stage.owner, &stage.tasks[i], -4, 6);
        EXPECT_EQ(stage.delivered[i], 1);
        EXPECT_EQ(stage.outcome.code, -4);
    }
}

// A message of the session with a few fields as they come.
static struct message any_message(struct random *random) {
    struct message message = {.kind = (uint8_t)random_below(random, 17),
                              .how = (uint8_t)random_below(random, 5),
                              .version = SESSION_VERSION,
                              .owner = 5,
                              .session = random_once_in(random, 8) ? random_below(random, 4) : 1};
    message.place = place_of((uint32_t)random_below(random, SLOTS), random_below(random, 4));
    message.task = random_below(random, TASKS + 2);
    message.value = random_below(random, SLOTS + 1);
    message.attempt = (uint32_t)random_below(random, 4);
    if (random_once_in(random, 50)) {
        ((unsigned char *)&message)[random_below(random, sizeof message)] ^= 0x41;
        message.bytes = 0; // what a link checks
    }
    return message;
}

TEST(whatever_a_taker_says_the_owner_stays_whole, .seconds = FUZZ_SECONDS) {
    struct random random;
    random_init(&random, test_seed());
    const uint64_t rounds = fuzz_count(180000) / MESSAGES;
    for (uint64_t round = 0; round < rounds; round++) {
        start_owner(random_once_in(&random, 2), 3);
        for (int i = 0; i < MESSAGES; i++) {
            const struct message message = any_message(&random);
            owner_hear(&stage.owner, &stage.peer, &message, NULL, 10 + (uint64_t)i);
            if (random_once_in(&random, 20)) {
                owner_cancel(&stage.owner, &stage.tasks[random_below(&random, TASKS)], -9, 10);
            }
            owner_check(&stage.owner);
        }
        owner_down(&stage.owner, &stage.peer, 0, 100);
        owner_check(&stage.owner);
        EXPECT_EQ(tells_ended, tells_made);
        for (int i = 0; i < TASKS; i++) {
            EXPECT(stage.delivered[i] <= 1);
        }
    }
}

static void start_taker(bool is_reliable) {
    memset(&stage, 0, sizeof stage);
    deaf_link_init(&stage.deaf, is_reliable);
    const struct taker_options options = {
        .link = &stage.deaf.link, .timing = session_timing_default(), .calls = &taker_calls};
    taker_init(&stage.taker, &options, stage.slots, SLOTS);
    (void)taker_tick(&stage.taker, 1);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_HELLO);
    const struct message welcome = {.kind = MESSAGE_WELCOME,
                                    .version = SESSION_VERSION,
                                    .owner = 5,
                                    .session = 1,
                                    .value = stage.deaf.said.value,
                                    .stamp_ns = 1};
    taker_hear(&stage.taker, &welcome, NULL, 2);
    EXPECT_EQ(stage.taker.state, TAKER_SERVING);
}

TEST(whatever_an_owner_says_the_taker_stays_whole, .seconds = FUZZ_SECONDS) {
    struct random random;
    random_init(&random, test_seed());
    const uint64_t rounds = fuzz_count(180000) / MESSAGES;
    for (uint64_t round = 0; round < rounds; round++) {
        struct taker_slot *running[SLOTS];
        struct taker_post posts[60];
        int count = 0, posted_count = 0;
        start_taker(random_once_in(&random, 2));
        for (int i = 0; i < MESSAGES; i++) {
            const struct message message = any_message(&random);
            taker_hear(&stage.taker, &message, "", 10 + (uint64_t)i);
            if (random_once_in(&random, 3)) {
                struct taker_slot *slot = taker_next(&stage.taker, 10 + (uint64_t)i);
                count += slot != NULL;
                running[slot != NULL ? count - 1 : 0] = slot != NULL ? slot : running[0];
            }
            if (count > 0 && random_once_in(&random, 3)) {
                posts[posted_count] = (struct taker_post){.payload = ""};
                list_node_init(&posts[posted_count].node);
                taker_post(&stage.taker, running[count - 1], &posts[posted_count++],
                           10 + (uint64_t)i);
            }
            if (count > 0 && random_once_in(&random, 4)) {
                taker_end(&stage.taker, running[--count], 0, NULL, 0, 10 + (uint64_t)i);
            } else if (count > 0 && random_once_in(&random, 4)) {
                struct taker_slot *next = taker_end_and_next(&stage.taker, running[--count], 0,
                                                             NULL, 0, 10 + (uint64_t)i);
                count += next != NULL;
                running[next != NULL ? count - 1 : 0] = next != NULL ? next : running[0];
            }
            taker_check(&stage.taker);
        }
        taker_down(&stage.taker, 100);
        while (count > 0) {
            taker_end(&stage.taker, running[--count], 0, NULL, 0, 101);
        }
        EXPECT_EQ(stage.taker.held, 0);
        EXPECT_EQ(stage.kept, stage.dropped);
        EXPECT_EQ(stage.posts_ended, posted_count);
    }
}

// A task for the first place.
static struct message run_first(void) {
    return (struct message){.kind = MESSAGE_RUN,
                            .version = SESSION_VERSION,
                            .owner = 5,
                            .session = 1,
                            .place = place_of(0, 1),
                            .task = 1};
}

TEST(on_a_reliable_link_nothing_begins_before_its_owner_can_know) {
    start_taker(true);
    const struct message run = run_first();
    taker_hear(&stage.taker, &run, NULL, 3);
    stage.deaf.is_full = true;
    EXPECT(taker_next(&stage.taker, 4) == NULL);
    stage.deaf.is_full = false;
    EXPECT(taker_next(&stage.taker, 5) != NULL);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_STARTED);
    EXPECT(message_can_wait(&stage.deaf.said));
}

TEST(who_asks_for_a_task_that_has_begun_is_answered_at_once) {
    start_taker(true);
    struct message message = run_first();
    taker_hear(&stage.taker, &message, NULL, 3);
    EXPECT(taker_next(&stage.taker, 4) != NULL);
    stage.deaf.said.kind = 0;
    message.kind = MESSAGE_RETURN;
    taker_hear(&stage.taker, &message, NULL, 5);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_STARTED);
    EXPECT(!message_can_wait(&stage.deaf.said));
}

TEST(a_taker_without_a_lease_starts_nothing_and_cancels_what_runs) {
    start_taker(false);
    struct message run = run_first();
    taker_hear(&stage.taker, &run, NULL, 3);
    struct taker_slot *running = taker_next(&stage.taker, 4);
    EXPECT(running != NULL);
    run.place = place_of(1, 1);
    taker_hear(&stage.taker, &run, NULL, 5);
    const uint64_t late_ns = 1 + session_timing_default().lease_ns;
    EXPECT(taker_next(&stage.taker, late_ns) == NULL);
    EXPECT_EQ(stage.cancelled, 1);
    EXPECT_EQ(stage.taker.state, TAKER_FENCED);
    taker_end(&stage.taker, running, 0, NULL, 0, late_ns);
    EXPECT_EQ(stage.deaf.said.kind, MESSAGE_BYE);
    EXPECT_EQ(stage.taker.state, TAKER_GREETING);
    EXPECT_EQ(stage.kept, stage.dropped);
}
