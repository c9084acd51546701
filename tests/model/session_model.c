// session_model.c - every way in which a few faults can befall an owner, its takers and the link
// between them, and 15,000 seeds of many faults.
// sources: src/cluster/owner.c src/cluster/owner_place.c src/cluster/owner_open.c
// sources: src/cluster/owner_tasks.c src/cluster/owner_lane.c src/cluster/relief.c
// sources: src/cluster/taker.c src/cluster/taker_record.c src/cluster/taker_lane.c
//
// The explorer decides at each message whether it is lost, doubled or delayed, and at each step
// whether a process dies, freezes, or is cut off. Without a fault the order of events is that of
// their virtual times; a delay is what changes it.
// Invariant: those of support/session_world.h. Start reading at explore_faults.
#include <stddef.h>

#include "model/explore.h"
#include "model/model.h"
#include "model/sites.h"
#include "support/session_world.h"

static struct world world;

static unsigned choose_all(struct world *of, unsigned options) {
    (void)of;
    return (unsigned)explore_choose((int)options);
}

static void nothing(void) {
}

static void expect_no_violation(void) {
    if (world.violation != NULL) {
        model_fail(world.violation, "the world");
    }
}

// With one thread no order can be missed: lane_model.c goes through those of a lane.
static bool is_weakened(void) {
    for (int i = 0; i < sites_count(); i++) {
        if (explore_is_weakened(sites_at(i))) {
            return true;
        }
    }
    return false;
}

static void explore(struct world_options options) {
    if (is_weakened()) {
        return;
    }
    options.choose = choose_all;
    options.timing = world_timing();
    options.calm_ns = 3000;
    world_run(&world, &options, 1);
    expect_no_violation();
}

// ---- two or three faults, at any moment
// ----------------------------------------------------------

static void one_taker_and_slot(void) {
    explore((struct world_options){.takers = 1,
                                   .tasks = 3,
                                   .slots = 1,
                                   .threads = 1,
                                   .begins_max = 1,
                                   .faults = FAULTS_OF_MESSAGES,
                                   .faults_max = 3});
}

static void one_taker_and_processes_fail(void) {
    explore((struct world_options){.takers = 1,
                                   .tasks = 3,
                                   .slots = 2,
                                   .threads = 1,
                                   .begins_max = 1,
                                   .faults = FAULTS_ALL & ~FAULTS(FAULT_DOUBLE),
                                   .faults_max = 2});
}

static void two_takers_and_repeatable_tasks(void) {
    explore((struct world_options){.takers = 2,
                                   .tasks = 2,
                                   .slots = 1,
                                   .threads = 1,
                                   .begins_max = 2,
                                   .cancels = 2,
                                   .faults = FAULTS_ALL,
                                   .faults_max = 2});
}

static void one_leaves(void) {
    explore((struct world_options){.takers = 2,
                                   .tasks = 3,
                                   .slots = 2,
                                   .threads = 1,
                                   .begins_max = 1,
                                   .gives_back = true,
                                   .faults = FAULTS_OF_MESSAGES & ~FAULTS(FAULT_LONG_DELAY),
                                   .faults_max = 3});
}

static void a_link(bool keeps_notes) {
    explore((struct world_options){.takers = 2,
                                   .tasks = 3,
                                   .slots = 2,
                                   .threads = 1,
                                   .begins_max = 1,
                                   .is_reliable = true,
                                   .keeps_notes = keeps_notes,
                                   .faults = FAULTS_ALL,
                                   .faults_max = 2});
}

static void a_reliable_link(void) {
    a_link(false);
}

static void a_link_with_notes(void) {
    a_link(true);
}

// Though the other taker has nothing to do.
static void tasks_wait_for_a_favourite(void) {
    explore((struct world_options){.takers = 2,
                                   .tasks = 4,
                                   .slots = 2,
                                   .threads = 1,
                                   .begins_max = 1,
                                   .fill = OWNER_FILL_ALL,
                                   .is_reliable = true,
                                   .faults = FAULTS_ALL,
                                   .faults_max = 2});
}

// The first of them is long: those behind it are taken back.
static void tasks_are_taken_back(void) {
    explore((struct world_options){.takers = 2,
                                   .tasks = 4,
                                   .slots = 2,
                                   .threads = 1,
                                   .begins_max = 1,
                                   .cancels = 3,
                                   .relieves = true,
                                   .faults = FAULTS(FAULT_LOSE) | FAULTS(FAULT_DELAY) |
                                             FAULTS(FAULT_KILL_TAKER) | FAULTS(FAULT_FREEZE_TAKER),
                                   .faults_max = 2});
}

static void take_back(bool keeps_notes) {
    explore((struct world_options){.takers = 2,
                                   .tasks = 4,
                                   .slots = 3,
                                   .threads = 1,
                                   .posts = keeps_notes ? 1 : 0,
                                   .begins_max = 2,
                                   .is_reliable = true,
                                   .keeps_notes = keeps_notes,
                                   .relieves = true,
                                   .faults = FAULTS_ALL,
                                   .faults_max = 2});
}

static void tasks_are_taken_back_on_a_reliable_link(void) {
    take_back(false);
}

static void tasks_are_taken_back_on_a_link_with_notes(void) {
    take_back(true);
}

// ---- the same with lanes ----------------------------------------------------------------------

// A task asks for a lane, and calls further ones there, of which some post.
static void explore_lanes(struct world_options options) {
    options.threads = options.threads == 0 ? 1 : options.threads;
    options.begins_max = 1;
    options.is_reliable = options.keeps_notes = true;
    options.posts = 1;
    explore(options);
}

// The other task waits until its place is free.
static void a_lane(void) {
    explore_lanes((struct world_options){.takers = 1,
                                         .tasks = 2,
                                         .slots = 1,
                                         .lanes = 2,
                                         .lane_calls = 2,
                                         .faults = FAULTS_ALL,
                                         .faults_max = 1,
                                         .turns_max = 2});
}

// Tasks come while it is open, and the server shuts it for them.
static void a_lane_and_late_tasks(void) {
    explore_lanes((struct world_options){.takers = 1,
                                         .tasks = 4,
                                         .slots = 3,
                                         .threads = 2,
                                         .lanes = 4,
                                         .lane_calls = 2,
                                         .late_ns = 50,
                                         .faults = FAULTS_ALL,
                                         .faults_max = 1,
                                         .turns_max = 2});
}

// One of the others is cancelled, as is the second that is called.
static void a_lane_beside_tasks(void) {
    explore_lanes((struct world_options){.takers = 1,
                                         .tasks = 3,
                                         .slots = 3,
                                         .threads = 2,
                                         .lanes = 2,
                                         .lane_calls = 2,
                                         .cancels = 3,
                                         .faults = FAULTS_ALL,
                                         .faults_max = 1,
                                         .turns_max = 2});
}

static void a_lane_and_another_taker(void) {
    explore_lanes((struct world_options){.takers = 2,
                                         .tasks = 2,
                                         .slots = 2,
                                         .lanes = 1,
                                         .lane_calls = 1,
                                         .answers = true,
                                         .faults = FAULTS_ALL,
                                         .faults_max = 2,
                                         .turns_max = 1});
}

static void a_lane_of_a_taker_that_leaves(void) {
    explore_lanes((struct world_options){.takers = 2,
                                         .tasks = 2,
                                         .slots = 1,
                                         .lanes = 2,
                                         .lane_calls = 2,
                                         .gives_back = true,
                                         .faults = FAULTS(FAULT_KILL_TAKER),
                                         .faults_max = 1,
                                         .turns_max = 2});
}

static void tasks_that_post(void) {
    explore((struct world_options){.takers = 1,
                                   .tasks = 2,
                                   .slots = 1,
                                   .threads = 1,
                                   .posts = 2,
                                   .begins_max = 2,
                                   .faults = FAULTS_ALL & ~FAULTS(FAULT_FREEZE_OWNER),
                                   .faults_max = 2});
}

static void tasks_that_ask(void) {
    explore((struct world_options){.takers = 1,
                                   .tasks = 2,
                                   .slots = 1,
                                   .threads = 1,
                                   .posts = 2,
                                   .answers = true,
                                   .begins_max = 2,
                                   .faults = FAULTS_ALL & ~FAULTS(FAULT_FREEZE_OWNER),
                                   .faults_max = 2});
}

MODEL(faults_while_tasks_ask_and_are_answered, .threads = 1, .setup = nothing,
      .thread = {tasks_that_ask}, .finish = nothing)
MODEL(faults_while_tasks_post, .threads = 1, .setup = nothing, .thread = {tasks_that_post},
      .finish = nothing)
MODEL(faults_of_messages_between_an_owner_and_a_taker, .threads = 1, .setup = nothing,
      .thread = {one_taker_and_slot}, .finish = nothing)
MODEL(faults_of_messages_and_processes, .threads = 1, .setup = nothing,
      .thread = {one_taker_and_processes_fail}, .finish = nothing)
MODEL(faults_with_two_takers_and_repeatable_tasks, .threads = 1, .setup = nothing,
      .thread = {two_takers_and_repeatable_tasks}, .finish = nothing)
MODEL(faults_while_a_taker_leaves, .threads = 1, .setup = nothing, .thread = {one_leaves},
      .finish = nothing)
MODEL(faults_while_tasks_are_taken_back, .threads = 1, .setup = nothing,
      .thread = {tasks_are_taken_back}, .finish = nothing)
MODEL(faults_of_processes_while_tasks_are_taken_back, .threads = 1, .setup = nothing,
      .thread = {tasks_are_taken_back_on_a_reliable_link}, .finish = nothing)
MODEL(faults_of_processes_while_tasks_wait_for_a_favourite, .threads = 1, .setup = nothing,
      .thread = {tasks_wait_for_a_favourite}, .finish = nothing)
MODEL(faults_of_processes_on_a_link_with_notes, .threads = 1, .setup = nothing,
      .thread = {a_link_with_notes}, .finish = nothing)
MODEL(faults_of_processes_while_tasks_are_taken_back_by_notes, .threads = 1, .setup = nothing,
      .thread = {tasks_are_taken_back_on_a_link_with_notes}, .finish = nothing)
MODEL(faults_while_a_lane_is_used, .threads = 1, .setup = nothing, .thread = {a_lane},
      .finish = nothing)
MODEL(faults_while_a_lane_is_used_and_tasks_come, .threads = 1, .setup = nothing,
      .thread = {a_lane_and_late_tasks}, .finish = nothing)
MODEL(faults_while_a_lane_is_used_beside_tasks, .threads = 1, .setup = nothing,
      .thread = {a_lane_beside_tasks}, .finish = nothing)
MODEL(faults_while_there_is_a_lane_and_another_taker, .threads = 1, .setup = nothing,
      .thread = {a_lane_and_another_taker}, .finish = nothing)
MODEL(faults_while_a_taker_with_a_lane_leaves, .threads = 1, .setup = nothing,
      .thread = {a_lane_of_a_taker_that_leaves}, .finish = nothing)
MODEL(faults_of_processes_on_a_reliable_link, .threads = 1, .setup = nothing,
      .thread = {a_reliable_link}, .finish = nothing)

MODEL_SITE_UNNEEDED("/lane.h", "atomic_", "both sides of a lane are on one thread here")

// ---- ten thousand seeds of many ---------------------------------------------------------------

static void many_faults(void) {
    const unsigned hundreds = (unsigned)explore_choose(100);
    const unsigned ones = (unsigned)explore_choose(100);
    if (is_weakened()) {
        return;
    }
    const uint32_t fills[] = {0, 2, OWNER_FILL_ALL};
    const struct world_options options = {.takers = 3,
                                          .tasks = 12,
                                          .slots = 2,
                                          .threads = 1,
                                          .posts = (int)hundreds % 3,
                                          .fill = fills[hundreds / 3 % 3],
                                          .relieves = ones % 2 == 1,
                                          .answers = ones % 2 == 0,
                                          .begins_max = 1 + ones % 3,
                                          .cancels = 5,
                                          .faults = FAULTS_ALL,
                                          .faults_max = 20,
                                          .choose = world_choose_at_random,
                                          .timing = world_timing(),
                                          .calm_ns = 5000};
    world_run(&world, &options, hundreds * 100 + ones);
    expect_no_violation();
}

MODEL(ten_thousand_worlds_of_many_faults, .threads = 1, .setup = nothing, .thread = {many_faults},
      .finish = nothing)

static void many_faults_with_lanes(void) {
    const unsigned hundreds = (unsigned)explore_choose(50);
    const unsigned ones = (unsigned)explore_choose(100);
    const uint32_t fills[] = {0, 2, OWNER_FILL_ALL};
    if (is_weakened()) {
        return;
    }
    const struct world_options options = {.takers = 1 + (int)ones % 2,
                                          .tasks = 1 + (int)ones % 5,
                                          .slots = 1 + (int)hundreds % 2,
                                          .threads = 1,
                                          .posts = (int)hundreds % 3,
                                          .fill = fills[hundreds / 3 % 3],
                                          .relieves = ones / 2 % 2 == 1,
                                          .answers = ones / 4 % 2 == 0,
                                          .begins_max = 1 + ones % 3,
                                          .cancels = 5,
                                          .is_reliable = true,
                                          .keeps_notes = true,
                                          .gives_back = ones % 10 == 9,
                                          .lanes = 1,
                                          .lane_calls = 6,
                                          .late_ns = 40 * (ones / 3 % 4),
                                          .turns_max = 50,
                                          .faults = FAULTS_ALL,
                                          .faults_max = 20,
                                          .once_in = 30 + 90 * (ones / 2 % 5),
                                          .choose = world_choose_at_random,
                                          .timing = world_timing(),
                                          .calm_ns = 3000};
    world_run(&world, &options, hundreds * 100 + ones);
    expect_no_violation();
}

MODEL(five_thousand_worlds_with_lanes, .threads = 1, .setup = nothing,
      .thread = {many_faults_with_lanes}, .finish = nothing)

// ---- each safeguard is needed -----------------------------------------------------------------

MODEL_MUTATION(owner_without_resend)
MODEL_MUTATION(taker_without_resend)
MODEL_MUTATION(taker_runs_again)
MODEL_MUTATION(taker_without_lease)
MODEL_MUTATION(owner_expires_early)
MODEL_MUTATION(owner_takes_any_result)
MODEL_MUTATION(owner_takes_old_sessions)
MODEL_MUTATION(owner_misses_what_begins)
MODEL_MUTATION(owner_ignores_notes)
MODEL_MUTATION(owner_lane_forgets_notes)
MODEL_MUTATION(owner_lane_sends_again)
MODEL_MUTATION(taker_lane_closes_silently)
MODEL_MUTATION(owner_takes_posts_again)
MODEL_MUTATION(owner_takes_without_asking)
MODEL_MUTATION(taker_ends_before_posts)
MODEL_MUTATION(taker_takes_tells_again)
MODEL_MUTATION(owner_tells_without_resend)
