// Section 5 of the contract, ending: the grace of a frame that was told to end, and the report.
#include "contract/holder.h"

#include <stdio.h>
#include <string.h>

static char reports[2000];    // read when the run is over
static _Atomic int listening; // reports of who waits for an event

static void report(const char *sentence, void *data) {
    (void)data;
    listening += strstr(sentence, "it waits for the event") != NULL;
    strncat(reports, sentence, sizeof reports - strlen(reports) - 1);
    strncat(reports, "\n", sizeof reports - strlen(reports) - 1);
}

#define WITH_GRACE(graces)                                                                         \
    TN_RUN(.num_threads = contract_threads(), .grace_seconds = (graces), .report = report)

static void waits_long(struct tn_self *self, void *tag) {
    EXPECT_EQ(tn_sleep(self, 1000), TN_CANCELLED);
    EXPECT_EQ(tn_yield(self), TN_CANCELLED);
    mark(*(const char *)tag);
}

LEVEL_FRAME(void, overstays) {
    EXPECT_EQ(tn_cleanup_push(self, waits_long, "w"), TN_OK);
    begun++;
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
}

LEVEL_FRAME(void, removes_one_that_overstays) {
    tn_task(overstays) task = tn_spawn_with(TN_OPTIONS(.name = "laggard"), overstays);
    struct tn_frame *frame = tn_share(task);
    wait_until_begun(self, 1);
    const double start = tn_now();
    EXPECT(tn_remove(self, frame));
    EXPECT(tn_now() - start >= 0.02);
}

// A frame that does not unwind within the grace period is reported by name, where it stands and
// since when. (Its cleanup handlers may not wait any longer then.)
CONTRACT_OUTSIDE(a_frame_that_overstays_its_grace_is_reported_and_may_not_wait_any_longer) {
    EXPECT_EQ(tn_run_with(WITH_GRACE(0.02), removes_one_that_overstays, NULL), TN_OK);
    EXPECT_MARKS("w");
    EXPECT(strstr(reports, "/removes_one_that_overstays/laggard was told to end 0.0 s ago and has "
                           "not: it sleeps, in a cleanup handler\n") == reports);
}

// What a cleanup handler waits for until its grace is over.
enum stand { FOR_EVENT, FOR_FRAME, FOR_EVER, STANDS };

LEVEL_FRAME(void, waits_within_a_handler) {
    (void)tn_hold(self);
}

static void stands(struct tn_self *self, void *data) {
    switch (*(const enum stand *)data) {
    case FOR_EVENT:
        EXPECT_EQ(tn_event_wait(self, tn_event_create(self, "godot"), NULL), TN_CANCELLED);
        break;
    case FOR_FRAME: {
        tn_task(waits_within_a_handler) task = tn_spawn(waits_within_a_handler);
        EXPECT_EQ(tn_wait(self, tn_of_frame(tn_share(task))), TN_CANCELLED);
        break;
    }
    default:
        EXPECT_EQ(tn_hold(self), TN_CANCELLED);
        break;
    }
}

LEVEL_FRAME(void, stands_somewhere, (enum stand *, stand)) {
    EXPECT_EQ(tn_cleanup_push(self, stands, stand), TN_OK);
    begun++;
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
}

LEVEL_FRAME(void, removes_those_who_stand) {
    static enum stand each[STANDS] = {FOR_EVENT, FOR_FRAME, FOR_EVER};
    for (int i = 0; i < STANDS; i++) {
        tn_task(stands_somewhere) task = tn_spawn(stands_somewhere, &each[i]);
        struct tn_frame *frame = tn_share(task);
        wait_until_begun(self, i + 1);
        EXPECT(tn_remove(self, frame));
    }
}

// (Where it stands: what it waits for, by name.)
CONTRACT_OUTSIDE(the_report_says_what_the_frame_waits_for) {
    EXPECT_EQ(tn_run_with(WITH_GRACE(0.02), removes_those_who_stand, NULL), TN_OK);
    EXPECT(strstr(reports, "it waits for the event godot, in a cleanup handler\n") != NULL);
    EXPECT(strstr(reports, "it waits for the frame waits_within_a_handler, in") != NULL);
    EXPECT(strstr(reports, "it waits for ever, in a cleanup handler\n") != NULL);
}

LEVEL_FRAME(void, ignores_its_end, (double, seconds)) {
    begun++;
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
    tn_block(seconds);
}

LEVEL_FRAME(void, removes_one_that_blocks) {
    tn_task(ignores_its_end) task = tn_spawn(ignores_its_end, 0.05);
    struct tn_frame *frame = tn_share(task);
    wait_until_begun(self, 1);
    EXPECT(tn_remove(self, frame));
    EXPECT(strstr(reports, "/removes_one_that_blocks/ignores_its_end was told to end") == reports);
}

CONTRACT_OUTSIDE(a_frame_that_blocks_instead_of_ending_is_reported) {
    EXPECT_EQ(tn_run_with(WITH_GRACE(0.02), removes_one_that_blocks, NULL), TN_OK);
    EXPECT(strstr(reports, "runs on thread") != NULL || strstr(reports, "and took") != NULL);
}

LEVEL_FRAME(void, computes, (double, seconds)) {
    tn_block(seconds);
}

LEVEL_FRAME(void, lets_one_compute_past_its_deadline) {
    tn_task(computes) task = tn_spawn_with(TN_OPTIONS(.seconds = 0.01), computes, 0.08);
    EXPECT_EQ(tn_try_await(computes, task, NULL), TN_OK);
    EXPECT(strstr(reports, "one_compute_past_its_deadline/computes was told to end") != NULL);
    EXPECT(strstr(reports, "runs on thread") != NULL || strstr(reports, "and took") != NULL);
}

// (A deadline is such a request too, even if the frame does not look.)
CONTRACT_OUTSIDE(a_frame_that_computes_past_its_deadline_is_reported) {
    EXPECT_EQ(tn_run_with(WITH_GRACE(0.02), lets_one_compute_past_its_deadline, NULL), TN_OK);
}

static _Atomic int heard;

// Asked to end, it goes on behind a shield, and is reported there while it listens.
LEVEL_FRAME(void, listens_behind_a_shield, (struct tn_event *, event), (int, count)) {
    struct tn_scope shield;
    tn_shield_begin(self, &shield);
    begun++;
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(tn_event_wait(self, event, NULL), TN_OK);
        heard++;
    }
    EXPECT_EQ(tn_scope_end(self, &shield), TN_CANCELLED);
}

LEVEL_FRAME(void, sends_to_some_who_overstay) {
    enum { LISTENERS = 8, COUNT = 30 };
    struct tn_event *event = tn_event_create(self, "event");
    for (int round = 0; round < LISTENERS; round++) {
        tn_task(listens_behind_a_shield) task = tn_spawn(listens_behind_a_shield, event, COUNT);
        struct tn_frame *frame = tn_share(task);
        wait_until_begun(self, round + 1);
        if (round == 0) { // so that it listens
            EXPECT_EQ(tn_sleep(self, 0.002 * test_slowness()), TN_OK);
        }
        struct tn_awaitable *removal = tn_removal(self, frame);
        EXPECT_EQ(tn_sleep(self, 0), TN_OK);
        for (int ms = 0; round == 0 && listening == 0 && ms < 1000; ms++) {
            EXPECT_EQ(tn_sleep(self, 0.001), TN_OK);
        }
        for (int i = 1; i <= COUNT; i++) {
            EXPECT_EQ(tn_event_send(self, event, NULL), TN_OK);
            EXPECT_EQ(heard, round * COUNT + i);
        }
        EXPECT_EQ(tn_wait(self, removal), TN_OK);
    }
}

// (To be asked where one stands, or told to end, costs no delivery.)
CONTRACT_OUTSIDE(who_listens_behind_a_shield_misses_nothing_while_it_is_reported) {
    EXPECT_EQ(tn_run_with(WITH_GRACE(0.00002), sends_to_some_who_overstay, NULL), TN_OK);
    EXPECT(strstr(reports, "it waits for the event event\n") != NULL);
}

LEVEL_FRAME(void, removes_one_in_time) {
    struct tn_frame *frame = spawn_holder(self, 'x');
    wait_until_begun(self, 1);
    EXPECT(tn_remove(self, frame));
    tn_sleep(self, 0.03);
}

CONTRACT_OUTSIDE(nobody_is_reported_who_ends_in_time) {
    EXPECT_EQ(tn_run_with(WITH_GRACE(0.02), removes_one_in_time, NULL), TN_OK);
    EXPECT_STR(reports, "");
}
