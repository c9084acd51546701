// Section 4 of the contract, starting: delayed and immediate, pinned, ready, arguments.
#include "contract/contract.h"

#include <signal.h>
#include <string.h>

// ---- delayed and immediate -------------------------------------------------------------------

TN_FRAME(int, marks_twice, (char, letter)) {
    mark(letter);
    tn_yield(self);
    mark(letter);
    return letter;
}

// Start is delayed by default: creation returns at once, frames of one thread start in creation
// order.
CONTRACT(frames_of_one_thread_start_in_the_order_of_their_creation) {
    tn_task(marks_twice) a = tn_spawn(marks_twice, 'a'), b = tn_spawn(marks_twice, 'b'),
                         c = tn_spawn(marks_twice, 'c');
    mark('-');
    EXPECT_EQ(tn_await_all(self, &a, &b, &c), TN_OK);
    EXPECT_MARKS("-abcabc");
}

// Immediate: it runs to its first await before creation returns (its setup is then visible to the
// creator).
CONTRACT(an_immediate_frame_runs_to_its_first_wait_before_creation_returns) {
    tn_task(marks_twice) a = tn_spawn(marks_twice, 'a');
    tn_task(marks_twice) b = tn_spawn_with(TN_OPTIONS(.is_immediate = true), marks_twice, 'b');
    mark('-');
    EXPECT_EQ(tn_await_all(self, &a, &b), TN_OK);
    EXPECT_MARKS("b-aba");
    EXPECT_EQ(tn_await(marks_twice, b), 'b');
}

LEVEL_FRAME(int, publishes, (struct tn_event **, tick)) {
    *tick = tn_event_create(self, "tick");
    return tn_event_wait(self, *tick, NULL);
}

// (its setup is then visible to the creator)
CONTRACT(what_an_immediate_frame_has_set_up_is_there_when_creation_returns) {
    struct tn_event *tick = NULL;
    tn_task(publishes) child = tn_spawn_with(TN_OPTIONS(.is_immediate = true), publishes, &tick);
    EXPECT(tick != NULL);
    EXPECT_EQ(tn_event_post(tick, NULL), TN_OK);
    EXPECT_EQ(tn_await(publishes, child), TN_OK);
}

LEVEL_FRAME(long, triples, (long, n)) {
    return 3 * n;
}

// An immediate frame that never awaits ends normally and keeps its result (better).
CONTRACT(an_immediate_frame_that_never_waits_keeps_its_result) {
    for (long i = 0; i < 50; i++) {
        tn_task(triples) task = tn_spawn_with(TN_OPTIONS(.is_immediate = true), triples, i);
        EXPECT(tn_frame_has_ended(tn_share(task)));
        EXPECT_EQ(tn_await(triples, task), 3 * i);
        EXPECT_EQ(tn_await(triples, task), 3 * i);
    }
}

LEVEL_FRAME(int, nests, (int, depth)) {
    if (depth == 0) {
        return 1;
    }
    tn_task(nests) below = tn_spawn_with(TN_OPTIONS(.is_immediate = true), nests, depth - 1);
    return 1 + tn_await(nests, below);
}

// Immediate frames create immediate frames, to any depth.
CONTRACT(immediate_frames_nest) {
    EXPECT_EQ(nests(self, 200), 201);
}

LEVEL_FRAME(void, marks_and_waits, (char, letter)) {
    mark(letter);
    (void)tn_hold(self);
}

LEVEL_FRAME(void, creates_then_waits) {
    mark('1');
    tn_task(marks_and_waits) below =
        tn_spawn_with(TN_OPTIONS(.is_immediate = true), marks_and_waits, '2');
    tn_forget(below);
    mark('3');
    (void)tn_hold(self);
}

// A creation is no wait: an immediate frame that creates another still runs to its own first one.
CONTRACT(an_immediate_frame_that_creates_another_goes_on_before_its_own_creator) {
    tn_task(creates_then_waits) child =
        tn_spawn_with(TN_OPTIONS(.is_immediate = true), creates_then_waits);
    mark('4');
    tn_forget(child);
    EXPECT_MARKS("1234");
}

// ---- pinned ----------------------------------------------------------------------------------

LEVEL_FRAME(int, stays) {
    const int before = tn_thread_index();
    for (int i = 0; i < 3; i++) {
        tn_sleep(self, 0.001);
        EXPECT_EQ(tn_thread_index(), before);
    }
    return before;
}

// `thread_index = k` pins a frame to thread k ...
CONTRACT(a_pinned_frame_runs_on_its_thread_only) {
    for (int k = 0; k < tn_thread_count(); k++) {
        tn_task(stays) delayed = tn_spawn_with(TN_OPTIONS(.thread = TN_THREAD(k)), stays);
        tn_task(stays) immediate =
            tn_spawn_with(TN_OPTIONS(.thread = TN_THREAD(k), .is_immediate = true), stays);
        EXPECT_EQ(tn_await(stays, delayed), k);
        EXPECT_EQ(tn_await(stays, immediate), k);
    }
}

static char reported[256];

static void keep_report(const char *sentence, void *data) {
    (void)data;
    strncpy(reported, sentence, sizeof reported - 1);
}

LEVEL_FRAME(int, pins_to, (int, thread)) {
    tn_task(stays) task = tn_spawn_with(TN_OPTIONS(.thread = thread), stays);
    return tn_try_await(stays, task, NULL);
}

static void pin_to(void *thread) {
    int code = 0;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 3, .report = keep_report), pins_to, &code,
                          *(int *)thread),
              TN_OK);
    EXPECT_EQ(code, TN_OUT_OF_RANGE);
    EXPECT(strstr(reported, "threads 0 to 2") != NULL);
}

// ... outside 0..n-1 is an error that names the range.
CONTRACT_OUTSIDE(a_thread_outside_of_the_run_is_an_error_that_names_the_range, .threads = {1}) {
    int above = TN_THREAD(3), below = TN_THREAD(-2);
    EXPECT_DIES(pin_to, &above, contract_is_checked() ? SIGABRT : 0,
                contract_is_checked() ? "threads 0 to 2" : "");
    EXPECT_DIES(pin_to, &below, contract_is_checked() ? SIGABRT : 0,
                contract_is_checked() ? "threads 0 to 2" : "");
}

// ---- ready -----------------------------------------------------------------------------------

LEVEL_FRAME(int, sets_up, (double, seconds), (int, code)) {
    tn_block(seconds);
    if (code != 0) {
        TN_FAIL(self, code, "on the way");
        return 0;
    }
    tn_sleep(self, contract_seconds(0.3));
    return 7;
}

static enum tn_verdict absorb(const struct tn_failure *failure, int *replace, void *data) {
    (void)failure;
    (void)replace;
    (void)data;
    return TN_ABSORB;
}

// `ready` of a frame completes when it first waits on something ...
CONTRACT(a_frame_is_ready_when_it_first_waits) {
    const double start = tn_now();
    tn_task(sets_up) child = tn_spawn(sets_up, contract_seconds(0.1), 0);
    struct tn_frame *frame = tn_share(child);
    EXPECT_EQ(tn_wait(self, tn_of_ready(frame)), TN_OK);
    EXPECT_PASSED(start, contract_seconds(0.1));
    EXPECT(!tn_frame_has_ended(frame));
    EXPECT_EQ(tn_wait(self, tn_of_ready(frame)), TN_OK); // again: at once
    EXPECT_EQ(tn_await(sets_up, child), 7);
    EXPECT_PASSED(start, contract_seconds(0.4));
    EXPECT_EQ(tn_wait(self, tn_of_ready(frame)), TN_OK);
}

// ... or when it ends.
CONTRACT(a_frame_that_never_waits_is_ready_when_it_ends) {
    tn_task(triples) child = tn_spawn(triples, 5);
    struct tn_frame *frame = tn_share(child);
    EXPECT_EQ(tn_wait(self, tn_of_ready(frame)), TN_OK);
    EXPECT(tn_frame_has_ended(frame));
    EXPECT_EQ(tn_await(triples, child), 15);
}

LEVEL_FRAME(int, waits_for_one) {
    tn_task(sets_up) child = tn_spawn(sets_up, contract_seconds(0.2), 0);
    (void)tn_share(child); // so that a PFrame is not called in place
    return tn_await(sets_up, child);
}

LEVEL_FRAME(int, waits_for_two, (bool, is_any)) {
    tn_task(sets_up) slow = tn_spawn(sets_up, contract_seconds(0.4), 0);
    tn_task(waits_for_one) fast = tn_spawn(waits_for_one);
    struct tn_awaitable *parts[] = {tn_of_frame(tn_share(slow)), tn_of_frame(tn_share(fast))};
    struct tn_awaitable *inner = tn_all(self, parts[1], tn_timer(self, 0));
    return tn_wait(self, is_any ? tn_any(self, parts[0], inner) : tn_all(self, parts[0], inner));
}

// (and, if that is a frame, when that one is ready; also through all and any: better)
CONTRACT(a_frame_that_waits_for_frames_is_ready_when_they_are, .only = TN_LEVEL_PFRAME,
         .threads = {4}) {
    const double start = tn_now();
    tn_task(waits_for_one) one = tn_spawn(waits_for_one);
    EXPECT_EQ(tn_wait(self, tn_of_ready(tn_share(one))), TN_OK);
    EXPECT_PASSED(start, contract_seconds(0.2));
    EXPECT_EQ(tn_await(waits_for_one, one), 7);

    const double second = tn_now();
    tn_task(waits_for_two) any = tn_spawn(waits_for_two, true);
    EXPECT_EQ(tn_wait(self, tn_of_ready(tn_share(any))), TN_OK);
    EXPECT_PASSED(second, contract_seconds(0.2));
    EXPECT_EQ(tn_await(waits_for_two, any), TN_OK);

    const double third = tn_now();
    tn_task(waits_for_two) all = tn_spawn(waits_for_two, false);
    EXPECT_EQ(tn_wait(self, tn_of_ready(tn_share(all))), TN_OK);
    EXPECT_PASSED(third, contract_seconds(0.4));
    EXPECT_EQ(tn_await(waits_for_two, all), TN_OK);
}

LEVEL_FRAME(int, chains, (int, depth)) {
    if (depth == 0) {
        tn_sleep(self, contract_seconds(0.1));
        return 0;
    }
    tn_task(chains) next = tn_spawn(chains, depth - 1);
    (void)tn_share(next);
    return 1 + tn_await(chains, next);
}

// Readiness is found at the end of a chain of frames that wait for one another, asked early or
// late.
CONTRACT(readiness_passes_through_a_chain_of_frames) {
    tn_task(chains) chain = tn_spawn(chains, 100);
    struct tn_frame *frame = tn_share(chain);
    EXPECT_EQ(tn_wait(self, tn_of_ready(frame)), TN_OK);
    EXPECT(!tn_frame_has_ended(frame));
    EXPECT_EQ(tn_await(chains, chain), 100);
    tn_task(chains) other = tn_spawn(chains, 100);
    struct tn_frame *late = tn_share(other);
    tn_sleep(self, contract_seconds(0.05));
    EXPECT_EQ(tn_wait(self, tn_of_ready(late)), TN_OK);
    EXPECT_EQ(tn_await(chains, other), 100);
}

// A frame that fails before that is "failed", never ready; waiting for its ready returns the
// failure (better).
CONTRACT(a_frame_that_fails_before_it_waits_is_never_ready) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_task(sets_up) child = tn_spawn(sets_up, 0, -77);
    struct tn_frame *frame = tn_share(child);
    EXPECT_EQ(tn_wait(self, tn_of_ready(frame)), -77);
    EXPECT_EQ(tn_try_await(sets_up, child, NULL), -77);
    EXPECT_EQ(tn_wait(self, tn_of_ready(frame)), -77);
}

LEVEL_FRAME(void, never_starts) {
    mark('!');
}

// Removed before it started: it was never ready.
CONTRACT(a_frame_that_never_started_is_never_ready, .only = TN_LEVEL_FRAME) {
    tn_task(never_starts) child = tn_spawn(never_starts);
    struct tn_frame *frame = tn_share(child);
    struct tn_awaitable *ready = tn_of_ready(frame);
    EXPECT(tn_remove(self, frame));
    EXPECT_EQ(tn_wait(self, ready), TN_REMOVED);
    EXPECT_EQ(tn_wait(self, tn_of_ready(frame)), TN_REMOVED);
    EXPECT_MARKS("");
}

// ---- root, arguments -------------------------------------------------------------------------

LEVEL_FRAME(long, answers, (long, n)) {
    return n + 1;
}

// A root that is a PFrame keeps its result however fast it ends (better).
CONTRACT_OUTSIDE(a_root_keeps_its_result_however_fast_it_ends) {
    for (long i = 0; i < 50; i++) {
        long answer = 0;
        EXPECT_EQ(contract_run(answers, &answer, i), TN_OK);
        EXPECT_EQ(answer, i + 1);
    }
}

struct text {
    char letters[200];
};

LEVEL_FRAME(int, compares, (struct text, small), (double, d), (struct text, large)) {
    tn_sleep(self, 0.001);
    return strcmp(small.letters, "small") == 0 && d > 0.49 && d < 0.51 &&
           strcmp(large.letters, "large") == 0;
}

// Arguments are copied into the frame at creation; nothing of the creator's stack is referred to
// unless the program passes a pointer itself.
CONTRACT(arguments_are_copied_at_creation) {
    struct text small = {"small"}, large = {"large"};
    tn_task(compares) child = tn_spawn(compares, small, 0.5, large);
    memset(&small, 'x', sizeof small - 1);
    memset(&large, 'y', sizeof large - 1);
    EXPECT_EQ(tn_await(compares, child), 1);
}

// ---- mistakes --------------------------------------------------------------------------------

static void work_outside(void *nothing) {
    (void)nothing;
    struct tn_self *self = tn_current();
    tn_task(answers) task = tn_spawn(answers, 1);
    EXPECT_EQ(tn_await(answers, task), 0);
    tn_task(answers) other = tn_spawn_with(TN_OPTIONS(.name = "x"), answers, 1);
    EXPECT_EQ(tn_try_await(answers, other, NULL), TN_NOT_RUNNING);
    EXPECT_EQ(tn_sleep(self, 1), TN_NOT_RUNNING);
    EXPECT_EQ(tn_yield(self), TN_NOT_RUNNING);
    EXPECT_EQ(tn_hold(self), TN_NOT_RUNNING);
    EXPECT_EQ(tn_children_wait(self), TN_NOT_RUNNING);
    EXPECT(tn_this(self) == NULL);
    EXPECT(tn_event_create(self, "x") == NULL);
    EXPECT(tn_timer(self, 1) == NULL);
    mark('!');
}

// Programmer's errors (create a frame outside a run ...) stop the program in debug builds and
// return an error otherwise, with a sentence that says what to do.
CONTRACT_OUTSIDE(a_frame_created_outside_of_a_run_is_an_error, .threads = {1},
                 .only = TN_LEVEL_PFRAME) {
    EXPECT_DIES(work_outside, NULL, contract_is_checked() ? SIGABRT : 0,
                "call it from a frame function");
}

LEVEL_FRAME(int, tells_current) {
    return tn_current() == self;
}

// A helper called by a frame that did not get self asks for the current one.
CONTRACT(the_current_self_is_found_from_any_depth) {
    EXPECT(tn_current() == self);
    tn_task(tells_current) child = tn_spawn(tells_current);
    EXPECT_EQ(tn_await(tells_current, child), 1);
    EXPECT(tn_current() == self);
}

LEVEL_FRAME(int, joins_wrongly) {
    tn_task(triples) task = tn_spawn(triples, 1);
    long value = 5;
    const int code = tn_join(answers, tn_share(task), &value);
    EXPECT_EQ(value, 5);
    return code;
}

static void join_wrongly(void *nothing) {
    (void)nothing;
    int code = 0;
    EXPECT_EQ(contract_run(joins_wrongly, &code), TN_OK);
    EXPECT_EQ(code, TN_WRONG_TYPE);
}

// (the same: the result of a frame read as one of another function)
CONTRACT_OUTSIDE(joining_a_frame_as_one_of_another_function_is_an_error) {
    EXPECT_DIES(join_wrongly, NULL, contract_is_checked() ? SIGABRT : 0, "name its own function");
}
