// DFrames in other processes, which are threads here (support/loopback.h): what they post to events
// of this one (tenon/port.h).
#include <signal.h>

#include <tenon.h>

#include "cluster/guest.h"
#include "support/loopback.h"
#include "support/test.h"

TN_DFRAME(int, knocks, (struct tn_port, port), (int64_t, value)) {
    EXPECT_EQ(tn_port_post(self, port, value), TN_OK);
    return loopback_here();
}

TN_PFRAME(int, hears_a_knock, (int64_t, value)) {
    struct tn_event *event = tn_event_create_with(self, TN_EVENT("knock", .is_singleshot = true));
    tn_task(knocks) child = tn_spawn(knocks, tn_port_of(event), value);
    const int where = tn_await(knocks, child);
    void *heard = NULL;
    EXPECT_EQ(tn_event_wait(self, event, &heard), TN_OK); // it was posted before the result came
    EXPECT_EQ((intptr_t)heard, value);
    return where;
}

TEST(what_a_dframe_posts_is_there_before_its_result) {
    loopback_send_all(1, 1);
    int where = -2;
    EXPECT_EQ(tn_run_with(TWO_THREADS, hears_a_knock, &where, -5), TN_OK);
    EXPECT_EQ(where, 0);
    EXPECT_EQ(tn_run_with(TWO_THREADS, hears_a_knock, &where, INT64_MAX), TN_OK);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), hears_a_knock, &where, 0), TN_OK);
}

// ---- order -----------------------------------------------------------------------------------

// An event has no memory: of what is posted while it goes on, it hears nothing.
TN_FRAME(void, hears_them_grow, (struct tn_event *, event)) {
    intptr_t last = -1;
    void *value;
    while (tn_event_wait(self, event, &value) == TN_OK) {
        EXPECT((intptr_t)value > last);
        last = (intptr_t)value;
    }
}

TN_PFRAME(void, knocks_inside, (struct tn_port, port), (int, value)) {
    EXPECT_EQ(tn_port_post(self, port, value), TN_OK);
}

TN_DFRAME(void, knocks_often, (struct tn_port, port), (int, count)) {
    for (int i = 0; i < count; i++) {
        if (i % 3 == 2) {
            tn_task(knocks_inside) child = tn_spawn(knocks_inside, port, i);
            tn_await(knocks_inside, child);
        } else {
            EXPECT_EQ(tn_port_post(self, port, i), TN_OK);
        }
    }
}

// More of them than the way there has room for at a time.
TN_FRAME(void, listens_to_many, (int, count)) {
    struct tn_event *event = tn_event_create(self, "knocks");
    tn_task(hears_them_grow) listener =
        tn_spawn_with(TN_OPTIONS(.is_immediate = true), hears_them_grow, event);
    tn_task(knocks_often) child = tn_spawn(knocks_often, tn_port_of(event), count);
    EXPECT_EQ(tn_try_await(knocks_often, child, NULL), TN_OK);
    tn_forget(listener); // it ends with this frame
}

TEST(posts_to_an_event_arrive_in_order) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, listens_to_many, NULL, 1000), TN_OK);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), listens_to_many, NULL, 50), TN_OK);
}

TN_DFRAME(void, knocks_at, (struct tn_port, port), (int, value), (bool, waits)) {
    if (waits) {
        (void)tn_sleep(self, 0);
    }
    EXPECT_EQ(tn_port_post(self, port, value), TN_OK);
    EXPECT_EQ(tn_port_post(self, port, -1), TN_OK);
}

TN_PFRAME(void, hears_each, (int, count)) {
    enum { MAX = 100 };
    struct tn_event *events[MAX];
    tn_task(knocks_at) children[MAX];
    for (int i = 0; i < count; i++) {
        events[i] = tn_event_create_with(self, TN_EVENT("one", .is_singleshot = true));
        children[i] = tn_spawn(knocks_at, tn_port_of(events[i]), i, i % 5 == 0);
    }
    for (int i = count; i-- > 0;) {
        void *value;
        EXPECT_EQ(tn_try_await(knocks_at, children[i], NULL), TN_OK);
        EXPECT_EQ(tn_event_wait(self, events[i], &value), TN_OK);
        EXPECT_EQ((intptr_t)value, i);
    }
}

TEST(none_of_the_posts_of_many_dframes_is_left_out) {
    loopback_send_all(2, 2);
    EXPECT_EQ(tn_run_with(TWO_THREADS, hears_each, NULL, 100), TN_OK);
}

// ---- ports that name nothing -----------------------------------------------------------------

TN_DFRAME(int, posts_to, (struct tn_port, port)) {
    return tn_port_post(self, port, 1);
}

TN_PFRAME(void, posts_into_the_void, (int, count)) {
    struct tn_event *event = tn_event_create(self, "early");
    const struct tn_port old = tn_port_of(event);
    EXPECT_EQ(tn_event_remove(self, event), TN_OK);
    struct tn_event *later = tn_event_create(self, "later");
    const struct tn_port live = tn_port_of(later);
    EXPECT(live.number != old.number);
    const struct tn_port ports[] = {old,
                                    {0, 0},
                                    {live.run + 1, live.number},
                                    {live.run, live.number + 1},
                                    {live.run, UINT64_MAX},
                                    {live.run, live.number + (UINT64_C(1) << 32)}};
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(tn_port_post(self, ports[i], 1), TN_REMOVED);
        tn_task(posts_to) child = tn_spawn(posts_to, ports[i]);
        // Nobody there can know whether a run has such a port; none has one of 0.
        EXPECT_EQ(tn_await(posts_to, child), ports[i].run == 0 ? TN_REMOVED : TN_OK);
    }
    EXPECT_EQ(tn_port_of(later).number, live.number);
    EXPECT_EQ(tn_port_of(NULL).number, 0);
}

TEST(what_is_posted_to_no_event_is_lost_and_nothing_else) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, posts_into_the_void, NULL, 6), TN_OK);
}

// ---- ends ------------------------------------------------------------------------------------

TN_DFRAME(int, knocks_until_the_end, (struct tn_port, port)) {
    for (int i = 0;; i++) {
        const int code = tn_port_post(self, port, i);
        const int due = code != TN_OK ? code : tn_sleep(self, 0);
        if (due != TN_OK) {
            return due;
        }
    }
}

TN_PFRAME(void, removes_who_knocks, (int, rounds)) {
    for (int i = 0; i < rounds; i++) {
        struct tn_event *event = tn_event_create(self, "knocks");
        tn_task(knocks_until_the_end) child = tn_spawn(knocks_until_the_end, tn_port_of(event));
        struct tn_frame *frame = tn_share(child);
        EXPECT_EQ(tn_event_wait(self, event, NULL), TN_OK);
        if (i % 2 == 0) {
            EXPECT_EQ(tn_event_remove(self, event), TN_OK);
        }
        EXPECT(tn_remove(self, frame));
    }
}

TEST(a_dframe_that_posts_is_removed_at_any_moment) {
    loopback_send_all(2, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, removes_who_knocks, NULL, 10), TN_OK);
}

static _Atomic int held_in;

TN_DFRAME(void, knocks_and_holds, (struct tn_port, port)) {
    held_in = loopback_here();
    EXPECT_EQ(tn_port_post(self, port, 7), TN_OK);
    (void)tn_sleep(self, 1000);
}

TN_PFRAME(int, loses_who_knocked, (int, detail)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    struct tn_event *event = tn_event_create_with(self, TN_EVENT("knock", .is_singleshot = true));
    tn_task(knocks_and_holds) child = tn_spawn(knocks_and_holds, tn_port_of(event));
    struct tn_frame *frame = tn_share(child);
    void *value = NULL;
    EXPECT_EQ(tn_event_wait(self, event, &value), TN_OK);
    EXPECT_EQ((intptr_t)value, 7);
    loopback_kill(held_in, detail);
    return tn_join(knocks_and_holds, frame, NULL);
}

TEST(what_was_posted_stays_when_the_process_is_lost) {
    loopback_send_all(1, 1);
    int code = 0;
    EXPECT_EQ(tn_run_with(TWO_THREADS, loses_who_knocked, &code, SIGKILL), TN_OK);
    EXPECT_EQ(code, TN_LOST);
}

// ---- a process that posts what is no post ------------------------------------------------------

// As guest_post, but with so many bytes.
TN_DFRAME(void, posts_nonsense, (uint32_t, bytes)) {
    static const char nonsense[64] = {1};
    struct guest *guest = elsewhere_border(frame_nearest(self))->body_data;
    struct taker_post *post = os_allocate(sizeof *post);
    *post = (struct taker_post){.payload = nonsense, .bytes = bytes};
    list_node_init(&post->node);
    os_lock_acquire(&guest->serve->ear.turn);
    taker_post(&guest->serve->taker, guest->slot, post, os_now_ns());
    os_lock_release(&guest->serve->ear.turn);
    (void)tn_sleep(self, 1000);
}

TN_PFRAME(int, hears_nonsense, (uint32_t, bytes)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_task(posts_nonsense) child = tn_spawn(posts_nonsense, bytes);
    const int code = tn_try_await(posts_nonsense, child, NULL);
    struct tn_event *event = tn_event_create_with(self, TN_EVENT("knock", .is_singleshot = true));
    tn_task(knocks) next = tn_spawn(knocks, tn_port_of(event), 5);
    (void)tn_await(knocks, next); // elsewhere again, or here
    void *value = NULL;
    EXPECT_EQ(tn_event_wait(self, event, &value), TN_OK);
    EXPECT_EQ((intptr_t)value, 5);
    return code;
}

TEST(a_process_that_posts_what_is_no_post_is_cut_off_and_the_program_lives) {
    for (uint32_t bytes = 0; bytes <= 64; bytes += 16) {
        loopback_send_all(1, 1);
        int code = 0;
        EXPECT_EQ(tn_run_with(TWO_THREADS, hears_nonsense, &code, bytes), TN_OK);
        EXPECT_EQ(code, TN_LOST);
    }
}
