// zygote.c - see zygote.h.
#include "cluster/zygote.h"

#include "cluster/build.h"
#include "cluster/local.h"
#include "cluster/serve.h"
#include "cluster/side.h"
#include "os/file.h"
#include "os/share.h"
#include "os/zygote.h"

int (*zygote_body)(struct link *link, const void *greeting, size_t bytes) = serve_greeted;

enum {
    TAG_POST = 1,
    TAG_OWNER,
    TAG_CHILDREN, // the first of them
    GRACE_NS = 500000000,
    RETRY_NS = 1000000,
    EXIT_NO_LINK = 250,
};

struct child {
    struct os_child process;
    bool is_used;
    unsigned peer;
};

// The one of this process.
static struct {
    struct os_zygote self;
    struct os_poll poll;
    uint64_t identity;
    uint64_t memory_kills; // accounted for
    bool is_orphan;
    unsigned living;
    struct child children[LOCAL_PEERS_MAX];
} zygote;

// ---- the process -----------------------------------------------------------------------------

// What belongs to the zygote does not concern the copy.
static void forget_zygote(void) {
    os_poll_deinit(&zygote.poll);
    os_close(zygote.self.post);
    for (unsigned i = 0; i < LOCAL_PEERS_MAX; i++) {
        if (zygote.children[i].is_used) {
            os_close(zygote.children[i].process.handle);
        }
    }
}

_Noreturn static void run_process(const struct os_parcel *parcel) {
    forget_zygote();
    const struct local_start start = {.memory = parcel->handles[0],
                                      .bytes = (uint64_t)parcel->words[2],
                                      .bell = parcel->handles[1],
                                      .owner_bell = parcel->handles[2],
                                      .arena = parcel->handle_count > 3 ? parcel->handles[3] : -1,
                                      .arena_bytes = (uint64_t)parcel->words[3],
                                      .owner = zygote.self.owner,
                                      .identity = zygote.identity};
    struct link *link;
    const struct side_head *head;
    if (zygote_body == NULL || local_attach(&link, &start, &head) != OS_OK) {
        os_process_exit(EXIT_NO_LINK);
    }
    os_process_exit(zygote_body(link, head->greeting, head->greeting_bytes));
}

// ---- the zygote ------------------------------------------------------------------------------

// Tells the owner, who may be slow to listen, but not for ever deaf: then this has an end too.
static void tell(enum zygote_word word, unsigned peer, int64_t value, int handle) {
    const struct os_parcel parcel = {.words = {(int64_t)word, peer, value},
                                     .handles = {handle},
                                     .handle_count = handle >= 0 ? 1 : 0};
    while (os_post_send(zygote.self.post, &parcel) == OS_AGAIN &&
           !os_process_has_ended(zygote.self.owner)) {
        os_thread_sleep(RETRY_NS);
    }
}

static struct child *free_child(void) {
    for (unsigned i = 0; i < LOCAL_PEERS_MAX; i++) {
        if (!zygote.children[i].is_used) {
            return &zygote.children[i];
        }
    }
    return NULL;
}

static int make(const struct os_parcel *parcel) {
    struct child *child = free_child();
    if (child == NULL || parcel->handle_count < OS_PARCEL_HANDLES - 1) {
        return OS_INVALID;
    }
    int code = os_zygote_fork(&child->process);
    if (code < 0) {
        return code;
    }
    if (code == 1) {
        run_process(parcel);
    }
    const uint64_t tag = TAG_CHILDREN + (uint64_t)(child - zygote.children);
    code = os_poll_add(&zygote.poll, child->process.handle, tag);
    if (code != OS_OK) {
        os_process_kill(child->process.handle);
        struct os_child_end end;
        while (!os_process_reap(&child->process, &end)) {
            os_thread_sleep(RETRY_NS);
        }
        return code;
    }
    child->is_used = true;
    child->peer = (unsigned)parcel->words[1];
    zygote.living++;
    tell(ZYGOTE_MADE, child->peer, child->process.number, child->process.handle);
    return OS_OK;
}

static void hear(void) {
    struct os_parcel parcel;
    int code;
    while ((code = os_post_receive(zygote.self.post, &parcel)) == OS_OK) {
        const int made = parcel.words[0] == ZYGOTE_MAKE ? make(&parcel) : OS_INVALID;
        if (made != OS_OK) {
            tell(ZYGOTE_FAILED, (unsigned)parcel.words[1], made, -1);
        }
        for (unsigned i = 0; i < parcel.handle_count; i++) {
            os_close(parcel.handles[i]);
        }
    }
    zygote.is_orphan |= code == OS_BROKEN;
}

// What the system counts is how many, not whom: as many as it has killed since, as far as they were
// killed at all, are taken for those.
static bool was_for_memory(const struct os_child_end *end) {
    enum { KILLED = 9 };
    if (end->signal != KILLED || os_memory_kills() <= zygote.memory_kills) {
        return false;
    }
    zygote.memory_kills++;
    return true;
}

static int detail_of(const struct os_child_end *end) {
    if (end->signal == 0) {
        return end->code < 0 ? (int)LINK_UNKNOWN : -end->code;
    }
    return was_for_memory(end) ? (int)LINK_OUT_OF_MEMORY : end->signal;
}

static void see_child(struct child *child) {
    struct os_child_end end;
    const int handle = child->process.handle;
    if (!child->is_used || !os_process_has_ended(handle)) {
        return;
    }
    os_poll_remove(&zygote.poll, handle);
    while (!os_process_reap(&child->process, &end)) {
        os_thread_yield();
    }
    child->is_used = false;
    zygote.living--;
    tell(ZYGOTE_ENDED, child->peer, detail_of(&end), -1);
}

static void wait_for_something(uint64_t deadline_ns) {
    struct os_poll_event events[16];
    const int count = os_poll_wait(&zygote.poll, events, 16, deadline_ns);
    for (int i = 0; i < count; i++) {
        if (events[i].tag == TAG_POST) {
            hear();
        } else if (events[i].tag == TAG_OWNER) {
            zygote.is_orphan = true;
        } else {
            see_child(&zygote.children[events[i].tag - TAG_CHILDREN]);
        }
    }
}

// Those that are left when the grace is over are killed by the system when this process ends.
static void leave(void) {
    const uint64_t deadline_ns = os_now_ns() + GRACE_NS;
    while (zygote.living > 0 && os_now_ns() < deadline_ns) {
        wait_for_something(deadline_ns);
    }
    for (unsigned i = 0; i < LOCAL_PEERS_MAX; i++) {
        if (zygote.children[i].is_used) {
            os_process_kill(zygote.children[i].process.handle);
        }
    }
}

void zygote_serve_if_caught(void) {
    if (!os_zygote_caught(&zygote.self)) {
        return;
    }
    zygote.identity = build_identity();
    zygote.memory_kills = os_memory_kills();
    if (os_poll_init(&zygote.poll) == OS_OK &&
        os_poll_add(&zygote.poll, zygote.self.post, TAG_POST) == OS_OK &&
        os_poll_add(&zygote.poll, zygote.self.owner, TAG_OWNER) == OS_OK) {
        while (!zygote.is_orphan) {
            wait_for_something(OS_NEVER);
        }
        leave();
    }
    os_process_exit(0);
}
