// What is short stays, what is long goes, and what has become long is found out.
#include "cluster/habits.h"

#include <tenon/dframe.h>

#include "os/os.h"
#include "support/test.h"

static struct habits habits;
static const struct tn_type brief = {.name = "brief"}, lasting = {.name = "lasting"};

// So many of the brief ones begin, one after another, or at once. Returns how many are sent.
static int take_some(int count, bool is_later) {
    struct habit *const habit = &habits.habits[((uintptr_t)&brief / 64) % HABITS_TYPES];
    int sent = 0;
    for (int i = 0; i < count; i++) {
        if (is_later) {
            atomic_store_relaxed(&habit->tried_ns, 0);
        }
        sent += habits_takes(&habits, &brief);
    }
    return sent;
}

// One has come back that did not wait for another.
static void learn_once(const struct tn_type *type, uint64_t elapsed_ns, uint64_t spent_ns) {
    habits_learn(&habits, type, elapsed_ns, spent_ns);
    habits_learn_way(&habits, elapsed_ns, spent_ns);
}

static void learn(const struct tn_type *type, uint64_t elapsed_ns, uint64_t spent_ns) {
    for (int i = 0; i < HABITS_WAYS_MIN; i++) {
        learn_once(type, elapsed_ns, spent_ns);
    }
}

TEST(a_dframe_that_nobody_knows_is_sent) {
    habits_init(&habits);
    EXPECT(habits_wants(&habits, &brief, false));
    EXPECT(habits_takes(&habits, &brief));
}

TEST(what_runs_for_less_than_ten_ways_stays_but_for_a_trial) {
    habits_init(&habits);
    for (int i = 0; i < 20; i++) {
        learn_once(&brief, 30000, 10000); // 20 us for the way
        learn_once(&lasting, 400000, 380000);
    }
    EXPECT(habits_takes(&habits, &lasting));
    EXPECT_EQ(take_some(640, true), 10);
}

TEST(one_trial_does_not_follow_soon_after_another) {
    habits_init(&habits);
    learn(&brief, 30000, 10000);
    const uint64_t begin_ns = os_now_ns();
    const int sent = take_some(640, false);
    const uint64_t passed_ns = os_now_ns() - begin_ns;
    EXPECT(sent >= 1 && (uint64_t)sent <= 1 + passed_ns / HABITS_TRIAL_NS);
}

TEST(a_trial_waits_until_somebody_can_send_it) {
    habits_init(&habits);
    learn(&brief, 30000, 10000);
    int wanted = 0;
    for (int i = 0; i < 100; i++) {
        wanted += habits_wants(&habits, &brief, false);
    }
    EXPECT_EQ(wanted, 100 - 63);
    EXPECT(habits_takes(&habits, &brief));
    EXPECT(!habits_takes(&habits, &brief));
}

TEST(who_is_idle_tries_as_soon_as_it_is_time) {
    habits_init(&habits);
    learn(&brief, 30000, 10000);
    const uint64_t begin_ns = os_now_ns();
    EXPECT(habits_wants(&habits, &brief, true));
    EXPECT(habits_takes(&habits, &brief));
    const bool wants = habits_wants(&habits, &brief, true);
    EXPECT(!wants || os_now_ns() - begin_ns >= HABITS_TRIAL_NS);
}

TEST(the_way_is_not_known_before_some_were_measured) {
    habits_init(&habits);
    for (int i = 1; i < HABITS_WAYS_MIN; i++) {
        learn_once(&brief, 3000000, 10000); // there was no CPU for it
        EXPECT(habits_takes(&habits, &brief));
    }
    learn_once(&brief, 30000, 10000);
    EXPECT(!habits_takes(&habits, &brief));
    EXPECT_EQ(habits.way_ns, 20000);
}

TEST(what_has_become_long_is_sent_again) {
    habits_init(&habits);
    learn(&brief, 30000, 10000);
    for (int i = 0; i < 20; i++) {
        learn_once(&brief, 1020000, 1000000);
    }
    EXPECT(habits_takes(&habits, &brief));
}

TEST(what_waited_for_another_one_says_nothing_of_the_way) {
    habits_init(&habits);
    learn(&lasting, 1020000, 1000000);
    for (int i = 0; i < 20; i++) {
        habits_learn(&habits, &lasting, 30000000, 1000000);
    }
    EXPECT(habits_takes(&habits, &lasting));
    EXPECT(habits.way_ns <= 20001);
}

TEST(a_process_that_waited_for_a_cpu_does_not_make_the_way_long) {
    habits_init(&habits);
    learn(&lasting, 1020000, 1000000);
    for (int i = 0; i < 10; i++) {
        learn_once(&lasting, 6000000, 1000000);
    }
    EXPECT(habits_takes(&habits, &lasting));
    learn_once(&lasting, 1020000, 1000000);
    EXPECT_EQ(habits.way_ns, 20000);
}

TEST(a_way_that_has_become_longer_is_learned) {
    habits_init(&habits);
    learn(&lasting, 1020000, 1000000);
    for (int i = 0; i < 200; i++) {
        learn_once(&lasting, 1200000, 1000000);
    }
    EXPECT(habits.way_ns > 150000);
    EXPECT(!habits_takes(&habits, &lasting));
}

TEST(who_ran_for_longer_than_it_was_away_says_nothing_of_the_way) {
    habits_init(&habits);
    learn(&lasting, 1020000, 1000000);
    learn(&lasting, 1000000, 1000000);
    EXPECT_EQ(habits.way_ns, 20000);
}

TEST(a_peer_that_tells_a_longer_time_than_has_passed_is_not_believed) {
    habits_init(&habits);
    learn_once(&brief, 30000, UINT64_MAX);
    EXPECT(habits.way_ns < 30000);
    EXPECT(atomic_load_relaxed(&habits.habits[((uintptr_t)&brief / 64) % HABITS_TYPES].mean_ns) <=
           30001);
}
