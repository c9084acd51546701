// Tests of going to sleep and being woken, with real threads; the protocol itself is explored in
// tests/model.
// Invariant: a worker that is chosen is woken, and no worker is chosen twice.
#include "scheduler/idle.h"

#include "base/atomic.h"
#include "os/os.h"
#include "support/test.h"

TEST(the_lowest_announced_worker_is_chosen_first) {
    struct idle_map map;
    struct idle idle[IDLE_WORKERS_MAX];
    idle_map_init(&map);
    EXPECT(idle_map_is_empty(&map));
    EXPECT_EQ(idle_choose(&map), -1);
    static const int order[] = {700, 3, 64, 0, 63, 1023, 5};
    static const int sorted[] = {3, 5, 63, 64, 700, 1023};
    for (int i = 0; i < 7; i++) {
        const int index = order[i];
        idle_init(&idle[index], index, index != 0); // 0 takes no free work
        idle_announce(&idle[index], &map);
    }
    EXPECT(!idle_map_is_empty(&map));
    for (int i = 0; i < 6; i++) {
        EXPECT_EQ(idle_choose(&map), sorted[i]);
    }
    EXPECT_EQ(idle_choose(&map), -1);
    EXPECT(idle_map_is_empty(&map));
}

// An agent comes behind as many workers as the map has bits.
TEST(who_takes_no_free_work_needs_no_place_in_the_map) {
    struct idle_map map;
    struct idle idle;
    idle_map_init(&map);
    idle_init(&idle, IDLE_WORKERS_MAX, false);
    idle_announce(&idle, &map);
    EXPECT(idle_map_is_empty(&map));
    EXPECT_EQ(idle_choose(&map), -1);
    idle_wake(&idle);
    EXPECT(idle_is_woken(&idle));
    EXPECT(idle_retract(&idle, &map));
}

TEST(a_worker_that_retracts_learns_whether_it_was_chosen) {
    struct idle_map map;
    struct idle idle;
    idle_map_init(&map);
    idle_init(&idle, 9, true);
    idle_announce(&idle, &map);
    EXPECT(!idle_is_woken(&idle));
    EXPECT(idle_retract(&idle, &map));
    EXPECT_EQ(idle_choose(&map), -1);
    idle_announce(&idle, &map);
    EXPECT_EQ(idle_choose(&map), 9);
    EXPECT(!idle_retract(&idle, &map));
    EXPECT(idle_is_woken(&idle));
}

TEST(a_sleep_ends_at_its_deadline_or_at_a_wake_before_it) {
    struct idle_map map;
    struct idle idle;
    idle_map_init(&map);
    idle_init(&idle, 0, true);
    idle_announce(&idle, &map);
    const uint64_t start_ns = os_now_ns();
    idle_sleep(&idle, start_ns + 5000000);
    EXPECT(os_now_ns() - start_ns >= 5000000);
    EXPECT(idle_is_woken(&idle));
    (void)idle_retract(&idle, &map);
    idle_announce(&idle, &map);
    idle_wake(&idle);
    idle_sleep(&idle, OS_NEVER); // does not
    EXPECT(idle_is_woken(&idle));
}

// Two threads hand a number to and fro; each sleeps until it is its turn.
struct game {
    struct idle_map map;
    struct idle idle[2];
    _Atomic int turn;
    int rounds;
};

static struct game game;

static void play(int me) {
    for (int i = 0; i < game.rounds; i++) {
        while (atomic_load_acquire(&game.turn) % 2 != me) { // pairs with play
            idle_announce(&game.idle[me], &game.map);
            if (atomic_load_acquire(&game.turn) % 2 != me) { // pairs with play
                idle_sleep(&game.idle[me], OS_NEVER);
            }
            (void)idle_retract(&game.idle[me], &game.map);
        }
        atomic_fetch_add_release(&game.turn, 1); // pairs with play
        idle_published();
        idle_wake(&game.idle[1 - me]);
    }
}

static void play_second(void *argument) {
    (void)argument;
    play(1);
}

TEST(no_wake_up_is_lost, .seconds = 30) {
    game.rounds = 20000 / test_slowness();
    idle_map_init(&game.map);
    for (int i = 0; i < 2; i++) {
        idle_init(&game.idle[i], i, true);
    }
    struct os_thread thread;
    EXPECT_EQ(os_thread_start(&thread, play_second, NULL, "second"), OS_OK);
    play(0);
    os_thread_join(&thread);
    EXPECT_EQ(atomic_load_relaxed(&game.turn), 2 * game.rounds);
}
