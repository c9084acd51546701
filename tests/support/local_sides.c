// local_sides.c - see local_sides.h.
#include "support/local_sides.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <tenon/dframe.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "cluster/side.h"
#include "cluster/zygote.h"
#include "os/os.h"
#include "support/left.h"
#include "support/test.h"

TN_DFRAME(int, known, (int, n)) {
    return n;
}

enum { MS = 1000000 };

// ---- in a process ----------------------------------------------------------------------------

static struct {
    struct link *link;
    bool is_over;
    bool is_silent; // it does not answer `leave`
} process;

static void ignore_peer(void *upper, unsigned peer) {
    (void)upper, (void)peer;
}

static void process_down(void *upper, unsigned peer, int detail) {
    (void)upper, (void)peer, (void)detail;
    process.is_over = true;
}

static void process_leave(void *upper, unsigned peer) {
    (void)upper, (void)peer;
    process.is_over = true;
}

static void use_memory(void) {
    enum { PIECE = 1 << 20 };
    for (;;) {
        char *piece = malloc(PIECE);
        if (piece == NULL) {
            abort();
        }
        memset(piece, 1, PIECE);
        __asm__ volatile("" ::"r"(piece) : "memory"); // or nothing of it need be there
    }
}

// The head of the memory that is shared, found by its greeting.
static struct side_head *shared_head;

// The ring to the owner: it lies behind the other one.
static struct ring_shared *ring_to_owner(void) {
    const size_t unit = sizeof(struct ring_slot);
    const size_t ring =
        bits_round_up(ring_bytes(shared_head->slot_count, shared_head->payload_bytes), unit);
    const size_t first = bits_round_up(sizeof *shared_head, unit);
    return (struct ring_shared *)(void *)((unsigned char *)shared_head + first + ring);
}

// How many messages were pushed: the highest number of one.
static uint64_t count_pushed(const struct ring_shared *ring) {
    uint64_t pushed = 0;
    for (uint32_t i = 0; i < shared_head->slot_count; i++) {
        const uint64_t number = ring->slots[i].message.payload;
        pushed = number > pushed ? number : pushed;
    }
    return pushed;
}

static void break_things(uint64_t wish) {
    struct ring_shared *ring = ring_to_owner();
    const uint64_t pushed = count_pushed(ring), lent = RING_APART | SIDE_LENT;
    struct ring_slot *slot = &ring->slots[pushed & (shared_head->slot_count - 1)];
    const uint64_t last = shared_head->hold_bytes - 64;
    slot->message = (struct message){.bytes = 100};
    slot->where = RING_APART | last;
    if (wish == BREAK_LOAN) {
        slot->message.kind = MESSAGE_RESULT;
        slot->where = lent | last;
    } else if (wish == LEND_WRONG) { // only results are lent
        slot->message.kind = MESSAGE_POST;
        slot->where = lent | 4080;
    }
    _Atomic uint64_t *number = (_Atomic uint64_t *)(void *)&slot->message.payload;
    // pairs with see_message
    atomic_store_release(number, wish == BREAK_RING ? pushed + 1000000 : pushed + 1);
}

static void process_hear(void *upper, unsigned peer, const struct message *message,
                         const void *payload) {
    (void)upper;
    struct message answer = *message;
    answer.payload = 0; // the next link says where it lies
    const struct rlimit limit = {4096, 4096};
    EXPECT(link_note(process.link, NOTED_SLOT, message->value));
    switch (message->value) {
    case EXIT:
        exit(9);
    case KILL:
        (void)kill(getpid(), SIGKILL);
        break;
    case FREEZE:
        (void)kill(getpid(), SIGSTOP);
        break;
    case LIMIT:
        (void)setrlimit(RLIMIT_FSIZE, &limit);
        (void)!ftruncate(fileno(tmpfile()), 8192);
        break;
    case EAT:
        use_memory();
        break;
    case BREAK_RING:
    case BREAK_HOLD:
    case BREAK_LOAN:
    case LEND_WRONG:
        break_things(message->value);
        return;
    case PRINT:
        printf("not lost\n");
        break;
    default:
        break;
    }
    while (!process.link->calls->send(process.link, peer, &answer, payload)) {
        os_thread_sleep(MS / 10); // the test takes what is sent
    }
}

static const struct link_events process_events = {.up = ignore_peer,
                                                  .hear = process_hear,
                                                  .writable = ignore_peer,
                                                  .down = process_down,
                                                  .leave = process_leave};

static void wait_on(struct link *link, int ms) {
    if (link->calls->sleep(link)) {
        struct pollfd state = {.fd = link->calls->doorbell(link), .events = POLLIN};
        (void)poll(&state, 1, ms);
    }
    link->calls->awake(link);
}

static int answer(struct link *link, const void *greeting, size_t bytes) {
    process.link = link;
    link->events = &process_events;
    shared_head = (struct side_head *)(uintptr_t)((const unsigned char *)greeting -
                                                  offsetof(struct side_head, greeting));
    if (bytes != 6 || memcmp(greeting, "hello", 6) != 0) {
        return 77;
    }
    while (!process.is_over) {
        if (link->calls->turn(link) == 0) {
            wait_on(link, 10000);
        }
    }
    link->calls->close(link);
    return 0;
}

__attribute__((constructor(200))) static void set_body(void) {
    zygote_body = answer;
}

// ---- the owner -------------------------------------------------------------------------------

struct local_owner owner;

static void owner_up(void *upper, unsigned peer) {
    (void)upper;
    EXPECT(peer < LOCAL_SIDES_PEERS && !owner.is_up[peer]);
    owner.is_up[peer] = true;
    owner.ups++;
}

static void owner_heard(void *upper, unsigned peer, const struct message *message,
                        const void *payload) {
    (void)upper;
    EXPECT(owner.is_up[peer]);
    if (message->version == 0) {
        owner.bad++;
        return;
    }
    owner.heard++;
    owner.last = *message;
    if (message->bytes > 0 && message->bytes <= owner.payload_bytes) {
        memcpy(owner.payload, payload, message->bytes);
    }
}

static void owner_lost(void *upper, unsigned peer, int detail) {
    (void)upper;
    owner.is_up[peer] = false;
    owner.detail[peer] = detail;
    owner.noted[peer] = owner.link->calls->noted(owner.link, peer, NOTED_SLOT);
    owner.downs++;
}

static const struct link_events owner_events = {
    .up = owner_up, .hear = owner_heard, .writable = ignore_peer, .down = owner_lost};

int open_link_or_fail(void) {
    const struct local_options options = {
        .peers_max = LOCAL_SIDES_PEERS, .greeting = "hello", .greeting_bytes = 6};
    owner = (struct local_owner){.payload = NULL};
    left_begin();
    const int code = local_open(&owner.link, &options);
    if (code == OS_UNSUPPORTED) {
        TEST_SKIP("this system has one process only");
    }
    if (code == OS_OK) {
        owner.link->events = &owner_events;
    } else {
        left_expect_nothing();
    }
    return code;
}

void open_link(void) {
    EXPECT_EQ(open_link_or_fail(), OS_OK);
}

void hear_until(const int *count, int wanted) {
    const uint64_t give_up_ns = os_now_ns() + UINT64_C(8000) * MS;
    while (*count < wanted) {
        if (owner.link->calls->turn(owner.link) == 0) {
            wait_on(owner.link, 10);
        }
        local_check(owner.link);
        EXPECT(os_now_ns() < give_up_ns);
    }
}

unsigned add_up(void) {
    const int ups = owner.ups;
    const int peer = local_add(owner.link);
    if (peer == -ENOEXEC) {
        TEST_SKIP("this system does not start programs of its own machine");
    }
    EXPECT(peer >= 0);
    hear_until(&owner.ups, ups + 1);
    return (unsigned)peer;
}

bool try_wish(unsigned peer, enum wish wish) {
    const struct message message = {.kind = MESSAGE_RUN, .version = 1, .value = wish};
    return link_send(owner.link, peer, &message, NULL);
}

void wish(unsigned peer, enum wish wish) {
    EXPECT(try_wish(peer, wish));
}

void close_link(void) {
    owner.link->calls->close(owner.link);
    left_expect_nothing();
}
