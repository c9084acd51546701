// Section 3 of the contract, waiting: events that are used after their end, or by the wrong frame.
// Such errors of the program stop a checking build with a sentence and return a code elsewhere.
#include "contract/contract.h"

#include <signal.h>

// Runs `body`, in a process that has to die in checking builds.
static void expect_misuse(void (*body)(void *argument), const char *sentence) {
    if (contract_is_checked()) {
        EXPECT_DIES(body, NULL, SIGABRT, sentence);
    } else {
        body(NULL);
    }
}

LEVEL_FRAME(void, gives_away_an_event, (struct tn_event **, event)) {
    *event = tn_event_create(self, "gone");
}

LEVEL_FRAME(void, uses_an_ended_event) {
    struct tn_event *event = NULL;
    tn_task(gives_away_an_event) child = tn_spawn(gives_away_an_event, &event);
    tn_await(gives_away_an_event, child);
    EXPECT_EQ(tn_event_post(event, NULL), TN_REMOVED);
    EXPECT_EQ(tn_event_post_after(event, NULL, 1), TN_REMOVED);
    EXPECT_EQ(tn_event_send(self, event, NULL), TN_REMOVED);
    EXPECT_EQ(tn_wait(self, tn_sending(self, event, NULL)), TN_REMOVED);
    EXPECT_EQ(tn_event_wait(self, event, NULL), TN_REMOVED);
    EXPECT_EQ(tn_wait(self, tn_of_event(event)), TN_REMOVED);
    EXPECT_EQ(tn_wait(self, tn_all(self, tn_of_event(event))), TN_REMOVED);
    EXPECT_EQ(tn_event_remove(self, event), TN_REMOVED);
}

static void run_uses_an_ended_event(void *argument) {
    (void)argument;
    EXPECT_EQ(contract_run(uses_an_ended_event, NULL), TN_OK);
}

LEVEL_FRAME(void, removes_an_event_twice) {
    struct tn_event *event = tn_event_create(self, "short");
    EXPECT_EQ(tn_event_remove(self, event), TN_OK);
    EXPECT_EQ(tn_event_remove(self, event), TN_REMOVED);
}

static void run_removes_an_event_twice(void *argument) {
    (void)argument;
    EXPECT_EQ(contract_run(removes_an_event_twice, NULL), TN_OK);
}

// Programmer's errors stop the program in debug builds and return an error otherwise.
CONTRACT_OUTSIDE(an_event_that_has_ended_says_so) {
    expect_misuse(run_uses_an_ended_event, "an event was used after its end");
    expect_misuse(run_removes_an_event_twice, "an event was used after its end");
}

LEVEL_FRAME(int, removes, (struct tn_event *, event)) {
    return tn_event_remove(self, event);
}

LEVEL_FRAME(void, lets_another_remove_its_event) {
    struct tn_event *event = tn_event_create(self, "mine");
    tn_task(removes) child = tn_spawn(removes, event);
    EXPECT_EQ(tn_await(removes, child), TN_NOT_YOURS);
    EXPECT_EQ(tn_event_post(event, NULL), TN_OK);
}

static void run_lets_another_remove_its_event(void *argument) {
    (void)argument;
    EXPECT_EQ(contract_run(lets_another_remove_its_event, NULL), TN_OK);
}

CONTRACT_OUTSIDE(an_event_is_removed_only_by_the_frame_that_made_it) {
    expect_misuse(run_lets_another_remove_its_event, "the event mine was removed by another frame");
}

LEVEL_FRAME(void, cleans_up, (_Atomic int *, state)) {
    struct tn_event *event = tn_event_create(self, "own");
    *state = 1;
    EXPECT_EQ(tn_event_wait(self, event, NULL), TN_CANCELLED);
    EXPECT_EQ(tn_event_post(event, NULL), TN_REMOVED);
    EXPECT_EQ(tn_event_remove(self, event), TN_REMOVED);
    *state = 2;
}

// What a frame owns is disposed of before its function unwinds: its own uses in between are no
// error.
CONTRACT(a_frame_that_unwinds_may_still_name_its_events) {
    _Atomic int state = 0;
    tn_task(cleans_up) child = tn_spawn(cleans_up, &state);
    struct tn_frame *frame = tn_share(child);
    WAIT_UNTIL(state != 0);
    EXPECT(tn_remove(self, frame));
    EXPECT_EQ(state, 2);
}

LEVEL_FRAME(int, makes_many, (int, count)) {
    int made = 0;
    for (int i = 0; i < count; i++) {
        struct tn_event *event = tn_event_create(self, "many");
        made += event != NULL && tn_event_post(event, NULL) == TN_OK &&
                tn_event_remove(self, event) == TN_OK;
    }
    return made;
}

// The memory of ended events is used again, after many others.
CONTRACT(many_events_may_come_and_go) {
    const int count = 6000 / test_slowness();
    tn_task(makes_many) each[2];
    for (int i = 0; i < 2; i++) {
        each[i] = tn_spawn(makes_many, count);
    }
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(tn_await(makes_many, each[i]), count);
    }
}
