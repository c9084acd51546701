// A process, which is a thread here (support/loopback.h), that asks at ports of this one what no
// honest one asks.
#include <string.h>

#include <tenon.h>

#include "base/bits.h"
#include "cluster/baggage.h"
#include "cluster/guest.h"
#include "cluster/schema.h"
#include "support/loopback.h"
#include "support/test.h"

TN_DATA(queued, (int, number), (bool, is_odd), (double, half));
TN_PROCESS_QUEUE(struct queued, works);
TN_PROCESS_QUEUE(int, jobs);
TN_PROCESS_QUEUE(tn_text, lines);

TN_DFRAME(int, gets_from, (struct tn_port, port)) {
    int number = 0;
    const int code = tn_port_get(jobs, port, &number);
    return code == TN_OK ? number : code;
}

// As guest_ask, but with this in it.
TN_DFRAME(void, asks_nonsense, (struct tn_port, port), (int, kind), (struct tn_port, works_port),
          (struct tn_port, lines_port)) {
    static struct {
        struct baggage_ask ask;
        uint64_t item[2 + TN_ITEM_BYTES_MAX / 8 + 1];
    } nonsense;
    nonsense.ask = (struct baggage_ask){.port = port, .number = 1, .wish = TN_WISH_GET};
    struct guest *guest = elsewhere_border(frame_nearest(self))->body_data;
    struct taker_post *post = os_allocate(sizeof *post);
    *post = (struct taker_post){.payload = &nonsense, .bytes = sizeof nonsense.ask};
    switch (kind) {
    case 0:
        nonsense.ask.number = 2; // the first one was left out
        break;
    case 1:
        nonsense.ask.wish = TN_WISH_CLOSE + 1;
        break;
    case 2:
        post->bytes += 8; // a get has no item
        break;
    case 3:
        nonsense.ask.wish = 0; // there is none to be taken back
        break;
    case 4: // no item, and then half of one
    case 5:
        nonsense.ask.port = works_port;
        nonsense.ask.type = schema_item_identity(&works_tn_carried);
        nonsense.ask.wish = TN_WISH_PUT;
        post->bytes += kind == 4 ? 0 : 8;
        break;
    case 6: // a line that is longer than what has come, and one that is too long
    case 7:
        nonsense.ask.port = lines_port;
        nonsense.ask.type = schema_item_identity(&lines_tn_carried);
        nonsense.ask.wish = TN_WISH_PUT;
        nonsense.item[0] = sizeof(tn_text);
        nonsense.item[1] = kind == 6 ? 100 : TN_ITEM_BYTES_MAX + 1;
        post->bytes += (uint32_t)(kind == 6 ? sizeof(tn_text) + 8 : sizeof nonsense.item);
        break;
    default: // a bool that is none
        nonsense.ask.port = works_port;
        nonsense.ask.type = schema_item_identity(&works_tn_carried);
        nonsense.ask.wish = TN_WISH_PUT;
        post->bytes += (uint32_t)bits_round_up(sizeof(struct queued), 8);
        memset(nonsense.item, 7, sizeof(struct queued));
        break;
    }
    list_node_init(&post->node);
    os_lock_acquire(&guest->serve->ear.turn);
    taker_post(&guest->serve->taker, guest->slot, post, os_now_ns());
    os_lock_release(&guest->serve->ear.turn);
    (void)tn_sleep(self, 1000);
}

TN_PFRAME(int, hears_nonsense, (int, asked)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_queue(jobs) queue = TN_QUEUE_OF(.max = 1);
    tn_queue(works) others = TN_QUEUE_OF(.max = 1);
    tn_queue(lines) texts = TN_QUEUE_OF(.max = 1);
    const struct tn_port port = tn_queue_port(jobs, &queue);
    tn_task(asks_nonsense) child = tn_spawn(
        asks_nonsense, port, asked, tn_queue_port(works, &others), tn_queue_port(lines, &texts));
    const int code = tn_try_await(asks_nonsense, child, NULL);
    EXPECT_EQ(tn_put(jobs, &queue, 4), TN_OK);
    tn_task(gets_from) next = tn_spawn(gets_from, port);
    EXPECT_EQ(tn_await(gets_from, next), 4);
    EXPECT_EQ(tn_queue_count(&others), 0);
    EXPECT_EQ(tn_queue_count(&texts), 0);
    EXPECT_EQ(tn_queue_join(self, &others), TN_OK);
    EXPECT_EQ(tn_queue_free(&others), TN_OK);
    EXPECT_EQ(tn_queue_free(&texts), TN_OK);
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
    return code;
}

TEST(a_process_that_asks_what_is_no_ask_is_cut_off_and_the_program_lives) {
    for (int kind = 0; kind < 9; kind++) {
        loopback_send_all(1, 1);
        int code = 0;
        EXPECT_EQ(tn_run_with(TWO_THREADS, hears_nonsense, &code, kind), TN_OK);
        EXPECT_EQ(code, TN_LOST);
    }
}
