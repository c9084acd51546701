// The two halves of a session under faults, from seeds; tests/model/session_model.c goes through
// every way of some faults, and shows that each safeguard is needed.
//
// Invariant: those of support/session_world.h. Start reading at run_seeds.
#include "support/session_world.h"

#include "support/test.h"

static struct world world;

static const struct world_options mixed = {.takers = 3,
                                           .tasks = 30,
                                           .slots = 4,
                                           .threads = 2,
                                           .posts = 1,
                                           .answers = true,
                                           .begins_max = 1,
                                           .cancels = 7,
                                           .faults = FAULTS_ALL,
                                           .faults_max = 40,
                                           .choose = world_choose_at_random,
                                           .calm_ns = 6000};

// Of all worlds together.
struct totals {
    uint64_t ends[OWNER_POISONED + 1];
    uint64_t faults, stale, fences, asked;
    struct lanes {
        uint64_t opened, called;
        uint64_t left[OWNER_LANE_LOST + 1];
    } lanes;
};

static void add(struct totals *totals) {
    for (int end = 1; end <= OWNER_POISONED; end++) {
        totals->ends[end] += world.ends[end];
    }
    totals->faults += (uint64_t)world.faults;
    totals->stale += world.owner.stale;
    totals->fences += world.fences;
    totals->asked += world.asked;
    totals->lanes.opened += world.opened;
    totals->lanes.called += world.called;
    for (int end = 0; end <= OWNER_LANE_LOST; end++) {
        totals->lanes.left[end] += world.left[end];
    }
}

static void note_lanes(const struct lanes *lanes) {
    TEST_NOTE("%llu lanes, %llu calls in them, of which callers left %llu placed, %llu untaken, "
              "%llu lost, %llu answered",
              (unsigned long long)lanes->opened, (unsigned long long)lanes->called,
              (unsigned long long)lanes->left[OWNER_LANE_PLACED],
              (unsigned long long)lanes->left[OWNER_LANE_UNTAKEN],
              (unsigned long long)lanes->left[OWNER_LANE_LOST],
              (unsigned long long)lanes->left[OWNER_LANE_ANSWERED]);
}

static void note(const struct totals *totals, int count) {
    TEST_NOTE("%d worlds, %llu faults: %llu done, %llu cancelled, %llu lost, %llu poisoned; "
              "%llu stale messages dropped, %llu tasks fenced, %llu asked back",
              count, (unsigned long long)totals->faults,
              (unsigned long long)totals->ends[OWNER_DONE],
              (unsigned long long)totals->ends[OWNER_CANCELLED],
              (unsigned long long)totals->ends[OWNER_LOST],
              (unsigned long long)totals->ends[OWNER_POISONED], (unsigned long long)totals->stale,
              (unsigned long long)totals->fences, (unsigned long long)totals->asked);
}

// Every seed is another world; a failed one prints itself.
static struct totals run_seeds(struct world_options options, int count) {
    struct totals totals = {.faults = 0};
    options.timing = world_timing();
    for (int i = 0; i < count; i++) {
        const uint64_t seed = test_seed() * 1000000 + (uint64_t)i;
        world_run(&world, &options, seed);
        if (world.violation != NULL) {
            TEST_NOTE("seed %llu: %s", (unsigned long long)seed, world.violation);
        }
        EXPECT_STR(world.violation, NULL);
        add(&totals);
    }
    note(&totals, count);
    return totals;
}

static int seeds(int count) {
    return count / (test_slowness() > 1 ? 20 : 1);
}

TEST(tasks_that_begin_once_are_delivered_once_under_all_faults, .seconds = 60) {
    (void)run_seeds(mixed, seeds(2000));
}

TEST(repeatable_tasks_begin_again_and_are_delivered_once, .seconds = 60) {
    struct world_options options = mixed;
    options.begins_max = 3;
    options.cancels = 0;
    (void)run_seeds(options, seeds(2000));
}

TEST(nothing_is_lost_when_only_messages_are, .seconds = 60) {
    struct world_options options = mixed;
    options.faults = FAULTS(FAULT_DOUBLE) | FAULTS(FAULT_DELAY);
    const struct totals totals = run_seeds(options, seeds(2000));
    EXPECT_EQ(totals.ends[OWNER_LOST], 0);
}

TEST(on_a_reliable_link_what_has_not_begun_is_given_to_others, .seconds = 60) {
    struct world_options options = mixed;
    options.is_reliable = true;
    options.posts = 2;
    (void)run_seeds(options, seeds(2000));
}

TEST(what_waits_behind_long_tasks_is_taken_back_and_begins_once, .seconds = 60) {
    struct world_options options = mixed;
    options.relieves = true;
    struct totals totals = run_seeds(options, seeds(1000));
    EXPECT(totals.asked > 0);
    options.is_reliable = true;
    options.begins_max = 2;
    totals = run_seeds(options, seeds(1000));
    EXPECT(totals.asked > 0);
}

TEST(few_tasks_are_taken_back_more_than_once, .seconds = 60) {
    struct world_options options = mixed;
    options.relieves = true;
    options.is_reliable = true;
    options.faults = 0;
    options.cancels = 0;
    const struct totals totals = run_seeds(options, 1);
    EXPECT(totals.asked > 0);
    EXPECT(totals.asked < (uint64_t)options.tasks);
    EXPECT_EQ(totals.ends[OWNER_DONE] + totals.ends[OWNER_RETURNED], options.tasks);
}

TEST(a_taker_that_leaves_loses_nothing, .seconds = 60) {
    struct world_options options = mixed;
    options.gives_back = true;
    options.cancels = 0;
    options.faults = FAULTS_OF_MESSAGES & ~FAULTS(FAULT_LONG_DELAY) & ~FAULTS(FAULT_LOSE);
    const int count = seeds(1000);
    const struct totals totals = run_seeds(options, count);
    EXPECT_EQ(totals.ends[OWNER_DONE], options.tasks * count);
}

// Few tasks are submitted: a lane is shut when others wait.
static void run_lanes(struct world_options options, int count) {
    options.is_reliable = options.keeps_notes = true;
    options.lanes = 1;
    options.lane_calls = 10;
    options.turns_max = 100;
    options.once_in = 300;
    options.calm_ns = 3000;
    const struct totals totals = run_seeds(options, count);
    note_lanes(&totals.lanes);
    EXPECT(totals.lanes.called > (uint64_t)count / 4);
    for (int end = 0; end <= OWNER_LANE_LOST && test_slowness() == 1; end++) {
        EXPECT(totals.lanes.left[end] > 0);
    }
}

TEST(what_is_called_in_a_lane_is_delivered_once_under_all_faults, .seconds = 60) {
    struct world_options options = mixed;
    options.takers = options.tasks = 2;
    run_lanes(options, seeds(4000));
    options.takers = options.threads = options.slots = 1;
    run_lanes(options, seeds(4000));
}

TEST(what_is_called_in_a_lane_is_taken_back_and_begins_once, .seconds = 60) {
    struct world_options options = mixed;
    options.tasks = 6;
    options.relieves = true;
    run_lanes(options, seeds(4000));
}

TEST(a_taker_with_a_lane_that_leaves_loses_nothing, .seconds = 60) {
    struct world_options options = mixed;
    options.takers = options.tasks = 2;
    options.gives_back = true;
    options.cancels = 0;
    options.faults = 0;
    options.is_reliable = options.keeps_notes = true;
    options.lanes = 1;
    options.lane_calls = 10;
    options.turns_max = 100;
    const int count = seeds(4000);
    const struct totals totals = run_seeds(options, count);
    note_lanes(&totals.lanes);
    EXPECT_EQ(totals.ends[OWNER_DONE], (uint64_t)(options.tasks * count) + totals.lanes.called);
}
