// lane_model.c - tasks that go through a lane, and both sides shutting it at any moment, explored.
//
// The caller does what call_lane.c and owner_lane.c do, the server what guest_lane.c does. What the
// session would carry after that is noted here: what the server says at last, and what becomes of
// the last call.
//
// Invariant: each task that was called is run once: by the server in the lane, by the server in the
// session, or by who gets it when it is sent anew. Neither side waits for ever; and each result is
// that of its call. Start reading at serve.
#include <string.h>

#include "cluster/lane.h"
#include "model/explore.h"
#include "model/model.h"

enum { SLOT = 3, GENERATION = 7, CALLS = 2 };

// A call has its number above these.
enum { TASK = 100, FUNCTION = 200, ARGUMENT = 300, RESULT_OF = 400 };

// What the caller knows of a call at last.
enum end {
    NOT_CALLED,
    CALLED,   // It has seen an open lane behind its call, and does not look again.
    ANSWERED, // In the lane.
    PLACED,   // The server says in the session what comes of it.
    SENT_ANEW,
    LOST, // With its server, which may have begun it.
};

// What the server says in the session at last.
enum said { NOTHING, CLOSED, RESULT };

static struct lane lane;
static uint64_t opened;
static uint64_t opened_before;   // the lane before that
static _Atomic uint32_t is_told; // that it is open
// By the caller.
static enum end ends[CALLS + 1];
// By the server.
static int runs[CALLS + 1];
static enum said said;
static uint64_t said_place;
static _Atomic uint64_t noted; // the last place that was taken: the note of a link
static bool may_die;
static bool has_answered; // before it died
static _Atomic uint32_t is_dead;

// ---- the tasks -------------------------------------------------------------------------------

static uint64_t place_of_call(int number) {
    return opened + place_of(0, (uint64_t)number);
}

static int call_of_place(uint64_t place) {
    const int number = (int)(place_generation(place) - place_generation(opened));
    MODEL_EXPECT(number >= 0 && number <= CALLS && place_of_call(number) == place);
    return number;
}

static void set_up(void) {
    memset(&lane, 0, sizeof lane);
    opened = place_of(SLOT, GENERATION);
    memset(ends, 0, sizeof ends);
    memset(runs, 0, sizeof runs);
    said = NOTHING;
    said_place = 0;
    may_die = has_answered = false;
    atomic_store_relaxed(&noted, 0);
    atomic_store_relaxed(&is_dead, 0);
    atomic_store_relaxed(&is_told, 0);
    lane_open(&lane, opened);
}

static void set_up_mortal(void) {
    set_up();
    may_die = true;
}

// ---- the server ------------------------------------------------------------------------------

// Reads a call and runs it; its result.
static uint64_t run(uint64_t place) {
    const int number = call_of_place(place);
    uint64_t argument;
    atomic_store_relaxed(&noted, place);
    MODEL_EXPECT(plain_read(&lane.there.task) == (uint64_t)(TASK + number));
    MODEL_EXPECT(plain_read(&lane.there.function) == (uint64_t)(FUNCTION + number));
    lane_read(&argument, lane.there.arguments, sizeof argument);
    MODEL_EXPECT(argument == (uint64_t)(ARGUMENT + number));
    runs[number]++;
    return (uint64_t)(RESULT_OF + number);
}

static void run_and_answer(uint64_t place) {
    const uint64_t result = run(place);
    lane_answer(&lane, place, &result, sizeof result);
}

static void say(enum said what, uint64_t place) {
    MODEL_EXPECT(said == NOTHING);
    said = what;
    said_place = place;
}

// guest_lane.c: shut
static void shut(uint64_t last) {
    const uint64_t next = lane_next(last);
    if (!lane_is_called(&lane, next) && lane_close(&lane, opened, next)) {
        say(CLOSED, last);
        return;
    }
    MODEL_EXPECT(lane_land(&lane, opened)); // nobody cuts it while its server is there
    if (lane_is_called(&lane, next)) {
        (void)run(next);
        say(RESULT, next);
    } else {
        if (last != opened) {
            const uint64_t result = plain_read(&lane.back.result[0]);
            MODEL_EXPECT(result == (uint64_t)(RESULT_OF + call_of_place(last)));
        }
        say(RESULT, last);
    }
}

// It is not over soon: guest_lane_leave.
static void run_long(uint64_t place) {
    (void)run(place);
    MODEL_EXPECT(lane_land(&lane, opened));
    say(RESULT, place);
}

// Takes the next ones that have been called when it looks; it does not wait for them.
static void serve_up_to(int most) {
    uint64_t last = opened;
    for (int i = 0; i < most && lane_is_called(&lane, lane_next(last)); i++) {
        last = lane_next(last);
        run_and_answer(last);
    }
    shut(last);
}

// There may be one that it does not take, though it has been called.
static void serve(void) {
    serve_up_to(explore_choose(CALLS + 1));
}

// As long as the caller has not shut it.
static void serve_all(void) {
    uint64_t last = opened;
    while (lane_is_open(&lane, opened)) {
        if (lane_is_called(&lane, lane_next(last))) {
            last = lane_next(last);
            run_and_answer(last);
        } else {
            cpu_pause();
        }
    }
    shut(last);
}

static void serve_one_that_takes_long(void) {
    const uint64_t place = lane_next(opened);
    if (lane_is_called(&lane, place)) {
        run_long(place);
    } else {
        shut(opened);
    }
}

// It dies at any moment.
static void serve_and_die(void) {
    const uint64_t place = lane_next(opened);
    if (lane_is_called(&lane, place)) {
        switch (explore_choose(3)) {
        case 0:
            (void)run(place);
            break;
        case 1:
            run_and_answer(place);
            has_answered = true;
            break;
        default:
            run_long(place);
        }
    } else if (explore_choose(2) == 1) {
        (void)lane_close(&lane, opened, place);
    }
    atomic_store_release(&is_dead, 1); // as the system tells it: pairs with lose
}

// ---- the caller ------------------------------------------------------------------------------

static bool call(int number) {
    const uint64_t argument = (uint64_t)(ARGUMENT + number);
    if (!lane_is_open(&lane, opened)) {
        return false;
    }
    lane_call(&lane, place_of_call(number), (uint64_t)(TASK + number),
              (uint64_t)(FUNCTION + number), &argument, sizeof argument);
    ends[number] = CALLED;
    return true;
}

static void receive(int number) {
    uint64_t result;
    lane_read(&result, lane.back.result, sizeof result);
    MODEL_EXPECT(result == (uint64_t)(RESULT_OF + number));
    ends[number] = ANSWERED;
}

// owner_lane_leave; `last`: what was called last, 0: nothing.
static void leave(int last) {
    const bool is_servers = lane_land(&lane, opened) || !lane_take_back(&lane, opened);
    MODEL_EXPECT((atomic_load_relaxed(&lane.gate) & LANE_LANDED) != 0); // or RETURNED
    if (last == 0 || ends[last] == ANSWERED) {
        return;
    }
    if (lane_is_back(&lane, place_of_call(last))) {
        receive(last);
    } else if (is_servers) {
        ends[last] = PLACED;
    } else if (may_die && atomic_load_relaxed(&noted) == place_of_call(last)) {
        ends[last] = LOST;
    } else {
        ends[last] = SENT_ANEW;
    }
}

// As long as the lane is open.
static bool await(int number) {
    while (!lane_is_back(&lane, place_of_call(number))) {
        if (!lane_is_open(&lane, opened)) {
            return false;
        }
        cpu_pause();
    }
    receive(number);
    return true;
}

static void call_and_await(int calls) {
    int last = 0;
    while (last < calls && call(last + 1) && await(++last)) {
    }
    leave(last);
}

static void call_and_await_one(void) {
    call_and_await(1);
}

static void call_and_await_all(void) {
    call_and_await(CALLS);
}

static void call_and_look_once(void) {
    const int last = call(1) ? 1 : 0;
    if (lane_is_shut(&lane, opened)) {
        leave(last);
    }
}

static void call_await_one_and_look_once(void) {
    int last = call(1) ? 1 : 0;
    if (last == 1 && await(1) && call(2)) {
        last = 2;
    }
    if (last < 2 || lane_is_shut(&lane, opened)) {
        leave(last);
    }
}

static void call_and_leave(void) {
    leave(call(1) ? 1 : 0);
}

static void leave_at_once(void) {
    leave(0);
}

// Its process hears that the server is gone: owner_lane_lose.
static void lose(void) {
    while (atomic_load_acquire(&is_dead) == 0) { // pairs with serve_and_die
        cpu_pause();
    }
    lane_cut(&lane, opened);
}

// ---- the end ---------------------------------------------------------------------------------

static void expect_one(int number) {
    const uint64_t place = place_of_call(number);
    const int anew = ends[number] == SENT_ANEW;
    MODEL_EXPECT(runs[number] + anew == (ends[number] != NOT_CALLED));
    // Who waits for the session hears of that task; and of nothing that it has sent anew.
    MODEL_EXPECT(ends[number] != PLACED || (said == RESULT && said_place == place));
    MODEL_EXPECT(ends[number] != SENT_ANEW || (said == CLOSED && lane_next(said_place) == place));
}

static void finish(void) {
    MODEL_EXPECT(said != NOTHING);
    for (int i = 1; i <= CALLS; i++) {
        expect_one(i);
    }
    const uint64_t gate = atomic_load_relaxed(&lane.gate);
    MODEL_EXPECT((gate == (opened | LANE_LANDED)) == (said == RESULT));
    MODEL_EXPECT(gate != opened);
}

// Nobody shuts it before.
static void finish_answered(void) {
    finish();
    for (int i = 1; i <= CALLS; i++) {
        MODEL_EXPECT(ends[i] == ANSWERED);
    }
}

// What becomes of one that is PLACED, the session finds out.
static void finish_lost(void) {
    const uint64_t gate = atomic_load_relaxed(&lane.gate);
    const enum end end = ends[1];
    MODEL_EXPECT(end != CALLED);
    MODEL_EXPECT((end != NOT_CALLED && end != SENT_ANEW) || runs[1] == 0);
    MODEL_EXPECT(end != ANSWERED || has_answered);
    MODEL_EXPECT(end != LOST || !has_answered);
    MODEL_EXPECT(end != PLACED || gate == (opened | LANE_LANDED));
    MODEL_EXPECT((end != SENT_ANEW && end != LOST) || gate == (opened | LANE_RETURNED));
}

// ---- a lane after another --------------------------------------------------------------------

// One has landed.
static void set_up_another(void) {
    set_up();
    opened_before = opened;
    atomic_store_relaxed(&lane.gate, opened_before | LANE_LANDED);
    atomic_store_relaxed(&lane.there.place, lane_next(opened_before));
    opened = place_of(SLOT + 1, GENERATION);
}

// Who called in the lane before, and has heard that it landed: it does not hurt the next one.
static void leave_late(void) {
    MODEL_EXPECT(lane_land(&lane, opened_before) || !lane_take_back(&lane, opened_before));
}

static void open_and_serve(void) {
    lane_open(&lane, opened);
    atomic_store_release(&is_told, 1); // as by a RESULT: pairs with call_when_told
    serve_up_to(1);
}

static void call_when_told(void) {
    while (atomic_load_acquire(&is_told) == 0) { // pairs with open_and_serve
        cpu_pause();
    }
    const uint64_t gate = atomic_load_relaxed(&lane.gate);
    MODEL_EXPECT((gate & ~LANE_RETURNED) == opened); // it may be shut again, but it is that lane
    call_and_look_once();
}

// First, so that failures are sought in it last: it is the longest.
MODEL(who_leaves_late_does_not_hurt_the_next_lane, .threads = 3, .search_preemptions_max = 2,
      .setup = set_up_another, .thread = {leave_late, open_and_serve, call_when_told},
      .finish = finish)

MODEL(calls_that_are_awaited_while_the_server_shuts, .threads = 2, .setup = set_up,
      .thread = {call_and_await_all, serve}, .finish = finish)

MODEL(calls_that_are_all_answered, .threads = 2, .setup = set_up,
      .thread = {call_and_await_all, serve_all}, .finish = finish_answered)

MODEL(a_call_that_is_left_behind_is_seen_by_one, .threads = 2, .setup = set_up,
      .thread = {call_and_look_once, serve}, .finish = finish)

MODEL(a_second_call_that_is_left_behind_is_seen_by_one, .threads = 2, .setup = set_up,
      .thread = {call_await_one_and_look_once, serve}, .finish = finish)

MODEL(a_caller_that_lands_while_the_server_shuts, .threads = 2, .setup = set_up,
      .thread = {call_and_leave, serve}, .finish = finish)

MODEL(a_call_that_takes_long_while_its_caller_waits, .threads = 2, .setup = set_up,
      .thread = {call_and_await_all, serve_one_that_takes_long}, .finish = finish)

MODEL(a_call_that_takes_long_while_its_caller_lands, .threads = 2, .setup = set_up,
      .thread = {call_and_leave, serve_one_that_takes_long}, .finish = finish)

MODEL(a_lane_in_which_nothing_is_called, .threads = 2, .setup = set_up,
      .thread = {leave_at_once, serve}, .finish = finish)

MODEL(a_caller_whose_server_dies_sees_it, .threads = 3, .setup = set_up_mortal,
      .thread = {call_and_await_one, serve_and_die, lose}, .finish = finish_lost)

MODEL(a_caller_that_lands_while_its_server_dies, .threads = 3, .setup = set_up_mortal,
      .thread = {call_and_leave, serve_and_die, lose}, .finish = finish_lost)

MODEL_MUTATION(lane_call_without_fence)
MODEL_MUTATION(lane_close_without_fence)
MODEL_MUTATION(lane_close_without_look)
MODEL_MUTATION(lane_taken_back_by_force)
