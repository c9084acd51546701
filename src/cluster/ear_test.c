// When the doorbell is armed, who sleeps there, and when the agent watches in its place.
//
// Invariant: `is_armed` is what the link was told last. Start reading at leave_to_run.
#include "cluster/ear.h"

#include "os/os.h"
#include "support/test.h"

static struct ear ear;
static struct link link_of_test;
static struct worker worker, other, agent;
static int arms; // how often the link was told to ring
static bool is_armed;

static bool sleep_on(struct link *of) {
    (void)of;
    arms++;
    is_armed = true;
    return true;
}

static void awake(struct link *of) {
    (void)of;
    is_armed = false;
}

static const struct link_calls calls = {.sleep = sleep_on, .awake = awake};

static void set_up(void) {
    link_of_test = (struct link){.calls = &calls};
    EXPECT_EQ(ear_init(&ear), OS_OK);
    ear.link = &link_of_test;
    worker = other = (struct worker){.is_announced = false};
    agent = (struct worker){.is_agent = true};
    arms = 0;
    is_armed = false;
}

// A worker listens, and finds something to run. False: the agent is to be woken.
static bool leave_to_run(struct worker *who) {
    who->is_announced = false;
    ear_begin(&ear, who);
    return ear_end(&ear, who, true);
}

// Often enough for the agent to watch, which it does.
static void leave_often(void) {
    const int often = EAR_WATCH_LEAVES << ear.doubled;
    for (int i = 0; i < often; i++) {
        EXPECT(leave_to_run(&worker));
    }
}

static bool leave_to_sleep(struct worker *who) {
    who->is_announced = true;
    ear_begin(&ear, who);
    return ear_end(&ear, who, true);
}

// The agent comes by, and goes again: until when it would sleep.
static uint64_t come_by(void) {
    ear_begin(&ear, &agent);
    EXPECT(ear_end(&ear, &agent, true));
    return ear_agent_until(&ear, OS_NEVER);
}

// The agent sleeps at the bell, and comes to watch.
static void make_it_watch(void) {
    EXPECT_EQ(come_by(), OS_NEVER);
    EXPECT(agent.is_at_bell);
    int count = 1;
    while (leave_to_run(&worker)) {
        count++;
        EXPECT(is_armed && agent.is_at_bell);
    }
    EXPECT_EQ(count, EAR_WATCH_LEAVES);
    EXPECT(!is_armed);
    EXPECT(come_by() != OS_NEVER);
    EXPECT(!is_armed && !agent.is_at_bell);
}

// It comes by, and sleeps at least for so long, but not for ever.
static void expect_watch_for(uint64_t watch_ns) {
    const uint64_t now_ns = os_now_ns(), until_ns = come_by();
    EXPECT(until_ns >= now_ns + watch_ns && until_ns - now_ns < 1000 * watch_ns);
}

TEST(where_listeners_come_and_go_the_agent_watches_and_nobody_rings) {
    set_up();
    make_it_watch();
    const int before = arms;
    for (int round = 1; round <= EAR_WATCH_DOUBLES + 2; round++) {
        const int doubled = round < EAR_WATCH_DOUBLES ? round : EAR_WATCH_DOUBLES;
        leave_often();
        expect_watch_for((uint64_t)EAR_WATCH_NS << doubled);
    }
    EXPECT_EQ(arms, before);
    ear_deinit(&ear);
}

TEST(who_comes_and_goes_less_often_is_watched_as_closely_as_at_first) {
    set_up();
    make_it_watch();
    leave_often();
    expect_watch_for(2 * EAR_WATCH_NS);
    for (int i = 0; i < EAR_WATCH_LEAVES; i++) {
        EXPECT(leave_to_run(&worker)); // half as often
    }
    EXPECT_EQ(come_by(), OS_NEVER);
    EXPECT_EQ(ear.doubled, 0u);
    ear_deinit(&ear);
}

TEST(the_agent_ends_its_watch_when_few_have_come_and_gone) {
    set_up();
    make_it_watch();
    EXPECT(leave_to_run(&worker)); // and runs for long
    EXPECT(!is_armed);
    EXPECT_EQ(come_by(), OS_NEVER);
    EXPECT(is_armed && agent.is_at_bell);
    ear_deinit(&ear);
}

TEST(who_falls_asleep_does_so_at_the_bell_although_the_agent_watches) {
    set_up();
    make_it_watch();
    leave_often();
    EXPECT(leave_to_sleep(&worker));
    EXPECT(is_armed && worker.is_at_bell);
    EXPECT(come_by() != OS_NEVER); // so often will come back soon
    EXPECT(is_armed && worker.is_at_bell && !agent.is_at_bell);
    EXPECT(leave_to_run(&worker));
    EXPECT(leave_to_sleep(&worker));
    EXPECT_EQ(come_by(), OS_NEVER);
    EXPECT(is_armed && worker.is_at_bell && !agent.is_at_bell);
    ear_deinit(&ear);
}

TEST(while_another_listens_the_agent_goes_on_watching) {
    set_up();
    make_it_watch();
    leave_often();
    ear_begin(&ear, &other);
    EXPECT(come_by() != OS_NEVER);
    other.is_announced = false;
    EXPECT(ear_end(&ear, &other, true));
    EXPECT(!is_armed);
    ear_deinit(&ear);
}

TEST(the_agent_leaves_the_bell_to_who_has_nothing_to_do) {
    set_up();
    EXPECT_EQ(come_by(), OS_NEVER);
    EXPECT(leave_to_sleep(&worker)); // elsewhere: somebody has to wake it
    EXPECT(is_armed && agent.is_at_bell && !worker.is_at_bell);
    EXPECT(come_by() != OS_NEVER); // it was rung for, and waits for the worker that it has woken
    EXPECT(!is_armed && !agent.is_at_bell);
    EXPECT(leave_to_sleep(&worker));
    EXPECT(is_armed && worker.is_at_bell);
    EXPECT(leave_to_sleep(&other)); // there is one place
    EXPECT(is_armed && worker.is_at_bell && !other.is_at_bell);
    EXPECT_EQ(come_by(), OS_NEVER);
    EXPECT(is_armed && worker.is_at_bell && !agent.is_at_bell);
    ear_deinit(&ear);
}

TEST(who_gets_up_from_the_bell_to_run_something_calls_the_agent) {
    set_up();
    EXPECT(leave_to_sleep(&worker));
    EXPECT(worker.is_at_bell);
    EXPECT(!leave_to_run(&worker));
    EXPECT(!is_armed && !worker.is_at_bell);
    EXPECT(come_by() != OS_NEVER); // first it watches whether the worker comes back
    EXPECT(!is_armed && !agent.is_at_bell);
    EXPECT_EQ(come_by(), OS_NEVER);
    EXPECT(is_armed && agent.is_at_bell);
    ear_deinit(&ear);
}

TEST(the_agent_watches_also_for_who_comes_and_goes_while_another_sleeps_at_the_bell) {
    set_up();
    EXPECT(leave_to_sleep(&other));
    EXPECT(other.is_at_bell);
    for (int i = 1; i < EAR_WATCH_LEAVES; i++) {
        EXPECT(leave_to_run(&worker));
        EXPECT(is_armed);
    }
    EXPECT(!leave_to_run(&worker));
    EXPECT(come_by() != OS_NEVER);
    EXPECT(!is_armed && other.is_at_bell && !agent.is_at_bell);
    const int before = arms;
    leave_often();
    EXPECT(come_by() != OS_NEVER);
    EXPECT_EQ(arms, before);
    EXPECT_EQ(come_by(), OS_NEVER); // nobody has come or gone
    EXPECT(is_armed && other.is_at_bell);
    ear_deinit(&ear);
}

TEST(who_comes_back_to_the_bell_before_the_agent_has_come_is_rung_for) {
    set_up();
    EXPECT(leave_to_sleep(&worker));
    EXPECT(!leave_to_run(&worker));
    EXPECT(leave_to_sleep(&worker));
    EXPECT(is_armed && worker.is_at_bell);
    (void)come_by();
    EXPECT(is_armed && worker.is_at_bell && !agent.is_at_bell);
    ear_deinit(&ear);
}

TEST(who_was_handed_something_at_the_bell_has_not_listened_and_calls_the_agent_too) {
    set_up();
    EXPECT(leave_to_sleep(&worker));
    worker.is_announced = false;
    EXPECT(!ear_end(&ear, &worker, false));
    EXPECT(!worker.is_at_bell);
    EXPECT_EQ(atomic_load_relaxed(&ear.listeners), 0);
    EXPECT(come_by() != OS_NEVER);
    ear_deinit(&ear);
}

TEST(who_sleeps_where_descriptors_are_watched_calls_the_agent_to_the_bell) {
    set_up();
    worker.sleeps_in_world = true;
    EXPECT(leave_to_sleep(&worker));
    EXPECT(ear.calls_agent && !worker.is_at_bell);
    EXPECT_EQ(come_by(), OS_NEVER);
    EXPECT(is_armed && agent.is_at_bell);
    EXPECT(leave_to_sleep(&worker));
    EXPECT(!ear.calls_agent && is_armed && agent.is_at_bell);
    ear_deinit(&ear);
}

TEST(before_there_is_a_link_the_agent_sleeps_where_its_bell_will_be) {
    set_up();
    ear.link = NULL;
    EXPECT(leave_to_sleep(&worker));
    EXPECT(!worker.is_at_bell);
    EXPECT_EQ(come_by(), OS_NEVER);
    EXPECT(agent.is_at_bell && arms == 0);
    ear_deinit(&ear);
}
