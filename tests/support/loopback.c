// See loopback.h. Start reading at open_all.
#include "support/loopback.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/check.h"
#include "cluster/bridge.h"
#include "cluster/guest.h"
#include "cluster/serve.h"
#include "cluster/side.h"
#include "support/loopback_end.h"

enum { PROCESSES_MAX = 4 };

struct process {
    struct end owners; // what the owner has of it
    struct end own;
    struct lane lane;
    _Atomic uint64_t notes[SIDE_NOTES];
    void *memory[2];
    struct loans loans;
    struct os_thread thread;
    struct serve_options options;
    bool is_up;
    bool is_down;          // and joined
    bool has_heard_end;    // by itself
    _Atomic int is_killed; // 1: and `detail` stands
    _Atomic int detail;
    _Atomic int is_lying;
    _Atomic int is_gone;
};

static struct {
    struct link link; // the owner's
    struct process processes[PROCESSES_MAX];
    int count;
    int threads;
    bool is_forced;
    bool is_apart;      // shares no memory
    int doorbell[2];    // of the owner
    struct loans loans; // for all processes
    _Atomic int started;
} stage;

static void name_peer(const struct link *link, unsigned peer, char *text, size_t bytes) {
    (void)link;
    (void)snprintf(text, bytes, "process %u", peer);
}

// ---- the process's end -----------------------------------------------------------------------

static struct process *process_of(const struct link *link) {
    return container_of((struct link *)(uintptr_t)link, struct process, own.link);
}

static bool is_killed(struct process *process) {
    return atomic_load_acquire(&process->is_killed) != 0; // pairs with loopback_kill
}

static bool send_own(struct link *link, unsigned peer, const struct message *message,
                     const void *payload) {
    struct process *process = process_of(link);
    struct message sent = *message;
    (void)peer;
    if (is_killed(process)) {
        return false; // so nothing begins any more that the owner has not been told of
    }
    if (atomic_exchange_relaxed(&process->is_lying, 0) != 0) {
        sent.kind = MESSAGE_RUN; // which owners send
    }
    return end_send(&process->own, &sent, payload);
}

static void cut_own(struct link *link, unsigned peer, enum session_why why) {
    (void)peer, (void)why;
    atomic_store_relaxed(&process_of(link)->is_killed, 1);
}

static unsigned turn_own(struct link *link) {
    struct process *process = process_of(link);
    if (!is_killed(process)) {
        return end_drain(&process->own, link, 0);
    }
    if (!process->has_heard_end) {
        process->has_heard_end = true;
        link->events->down(link->upper, 0, 0);
        return 1;
    }
    return 0;
}

static int doorbell_own(const struct link *link) {
    return process_of(link)->own.bell[0];
}

static bool sleep_own(struct link *link) {
    struct process *process = process_of(link);
    end_quieten(process->own.bell[0]); // a full pipe would ring for nobody
    return end_may_sleep(&process->own) && (process->has_heard_end || !is_killed(process));
}

static void awake_own(struct link *link) {
    struct end *end = &process_of(link)->own;
    end_quieten(end->bell[0]);
    ring_awake_empty(&end->in);
}

static void close_own(struct link *link) {
    struct process *process = process_of(link);
    // release: pairs with look_for_end: all that was sent stands in the ring.
    atomic_store_release(&process->is_gone, 1);
    end_ring_bell(process->owners.bell[1]);
}

static void *lend_own(struct link *link, size_t bytes) {
    return end_lend(&process_of(link)->own, bytes);
}

static void unlend_own(struct link *link, const void *payload) {
    loans_let_go(&process_of(link)->loans, payload);
}

static const struct link_calls own_calls = {.send = send_own,
                                            .cut = cut_own,
                                            .turn = turn_own,
                                            .doorbell = doorbell_own,
                                            .sleep = sleep_own,
                                            .awake = awake_own,
                                            .name = name_peer,
                                            .lend = lend_own,
                                            .unlend = unlend_own,
                                            .close = close_own};

static void live(void *argument) {
    struct process *process = argument;
    (void)cluster_serve(&process->own.link, &process->options);
}

// ---- the owner's end -------------------------------------------------------------------------

static bool send_owners(struct link *link, unsigned peer, const struct message *message,
                        const void *payload) {
    (void)link;
    return end_send(&stage.processes[peer].owners, message, payload);
}

static void kill_process(struct process *process, int detail) {
    int expected = 0;
    atomic_store_relaxed(&process->detail, detail);
    // release: pairs with is_killed.
    if (atomic_cas_release(&process->is_killed, &expected, 1)) {
        end_ring_bell(process->own.bell[1]);
    }
}

static void cut_owners(struct link *link, unsigned peer, enum session_why why) {
    (void)link, (void)why;
    kill_process(&stage.processes[peer], 9);
}

static unsigned look_for_end(struct link *link, struct process *process, unsigned peer) {
    // pairs with close_own
    if (process->is_down || atomic_load_acquire(&process->is_gone) == 0) {
        return 0;
    }
    const unsigned count = end_drain(&process->owners, link, peer);
    os_thread_join(&process->thread);
    process->is_down = true;
    link->events->down(link->upper, peer, atomic_load_relaxed(&process->detail));
    return count + 1;
}

static unsigned turn_owners(struct link *link) {
    unsigned count = 0;
    for (int i = 0; i < stage.count; i++) {
        struct process *process = &stage.processes[i];
        if (process->is_down) {
            continue;
        }
        if (!process->is_up) {
            process->is_up = true;
            link->events->up(link->upper, (unsigned)i);
            count++;
        }
        count += end_drain(&process->owners, link, (unsigned)i);
        count += look_for_end(link, process, (unsigned)i);
    }
    return count;
}

static int doorbell_owners(const struct link *link) {
    (void)link;
    return stage.doorbell[0];
}

static bool sleep_owners(struct link *link) {
    bool may_sleep = true;
    (void)link;
    end_quieten(stage.doorbell[0]); // as above
    for (int i = 0; i < stage.count; i++) {
        struct process *process = &stage.processes[i];
        may_sleep = may_sleep && end_may_sleep(&process->owners) && process->is_up &&
                    (process->is_down || atomic_load_relaxed(&process->is_gone) == 0);
    }
    return may_sleep;
}

static void awake_owners(struct link *link) {
    (void)link;
    end_quieten(stage.doorbell[0]);
    for (int i = 0; i < stage.count; i++) {
        ring_awake_empty(&stage.processes[i].owners.in);
    }
}

static void close_process(struct process *process) {
    if (!process->is_down) {
        kill_process(process, 15);
        os_thread_join(&process->thread);
    }
    os_close(process->own.bell[0]);
    os_close(process->own.bell[1]);
    os_free(process->memory[0]);
    os_free(process->memory[1]);
    end_drop_lent(&process->loans);
}

static void close_owners(struct link *link) {
    (void)link;
    for (int i = 0; i < stage.count; i++) {
        close_process(&stage.processes[i]);
    }
    REQUIRE(stage.loans.count == 0, "an argument is still lent");
    end_drop_lent(&stage.loans);
    os_close(stage.doorbell[0]);
    os_close(stage.doorbell[1]);
}

static void *lend_owners(struct link *link, size_t bytes) {
    (void)link;
    return end_lend(&stage.processes[0].owners, bytes);
}

static void unlend_owners(struct link *link, const void *payload) {
    (void)link;
    loans_let_go(&stage.loans, payload);
}

static bool keep_owners(struct link *link, const void *payload, struct link_kept *kept) {
    bool is_kept = false;
    (void)link;
    for (int i = 0; i < stage.count && !is_kept; i++) {
        is_kept = end_keep(&stage.processes[i].owners, payload, kept);
    }
    return is_kept;
}

static uint64_t noted_owners(const struct link *link, unsigned peer, uint32_t slot) {
    (void)link;
    return atomic_load_relaxed(&stage.processes[peer].notes[slot]);
}

static bool lane_owners(struct link *link, unsigned peer, struct link_lane *lane) {
    struct process *process = &stage.processes[peer];
    (void)link;
    *lane = (struct link_lane){&process->lane, process->notes, SIDE_NOTES, {NULL, NULL, NULL}};
    return true;
}

static const struct link_calls owners_calls = {.send = send_owners,
                                               .cut = cut_owners,
                                               .turn = turn_owners,
                                               .noted = noted_owners,
                                               .lane = lane_owners,
                                               .doorbell = doorbell_owners,
                                               .sleep = sleep_owners,
                                               .awake = awake_owners,
                                               .name = name_peer,
                                               .lend = lend_owners,
                                               .unlend = unlend_owners,
                                               .keep = keep_owners,
                                               .close = close_owners};

// ---- opening ---------------------------------------------------------------------------------

static int open_one(struct process *process, int threads) {
    *process = (struct process){.options.threads = threads};
    process->own.link = (struct link){.calls = &own_calls,
                                      .is_reliable = true,
                                      .payload_max = END_PAYLOADS / 2,
                                      .notes = process->notes,
                                      .notes_count = stage.is_apart ? 0 : SIDE_NOTES,
                                      .lane = stage.is_apart ? NULL : &process->lane,
                                      .lasting = stage.loans.memory,
                                      .lasting_bytes = END_LENT_BYTES};
    end_make_lent(&process->loans);
    process->own.loans = &process->loans;
    process->owners.loans = &stage.loans;
    process->owners.is_owners = true;
    process->own.other = &process->owners;
    process->owners.other = &process->own;
    process->owners.bell[1] = stage.doorbell[1];
    process->memory[0] = end_make_ring(&process->own.in, &process->owners.out);
    process->memory[1] = end_make_ring(&process->owners.in, &process->own.out);
    int code = process->memory[0] == NULL || process->memory[1] == NULL
                   ? OS_NO_MEMORY
                   : os_pipe(process->own.bell);
    if (code == OS_OK) {
        code = os_thread_start(&process->thread, live, process, "tenon-process");
        if (code == OS_OK) {
            atomic_fetch_add_relaxed(&stage.started, 1);
            return OS_OK;
        }
        os_close(process->own.bell[0]);
        os_close(process->own.bell[1]);
    }
    os_free(process->memory[0]);
    os_free(process->memory[1]);
    end_drop_lent(&process->loans);
    return code;
}

static int open_all(int processes, int threads, struct link **link) {
    int code = os_pipe(stage.doorbell);
    if (code != OS_OK) {
        return code;
    }
    stage.link =
        (struct link){.calls = &owners_calls, .is_reliable = true, .payload_max = END_PAYLOADS / 2};
    stage.count = 0;
    end_make_lent(&stage.loans);
    while (stage.count < processes && code == OS_OK) {
        code = open_one(&stage.processes[stage.count], threads);
        stage.count += code == OS_OK ? 1 : 0;
    }
    if (code != OS_OK) {
        close_owners(&stage.link);
        return code;
    }
    *link = &stage.link;
    return OS_OK;
}

static const struct bridge_way way = {.open = open_all};

static struct elsewhere *make(int processes, const struct tn_run_options *options) {
    (void)options;
    struct elsewhere *elsewhere = bridge_make(processes, stage.threads, &way);
    if (elsewhere != NULL) {
        elsewhere->is_forced = stage.is_forced;
    }
    return elsewhere;
}

void loopback_use(int processes, int threads) {
    REQUIRE(processes <= PROCESSES_MAX, "a test has at most four processes");
    stage.threads = threads;
    elsewhere_provide(make, processes);
}

void loopback_force(bool is_forced) {
    stage.is_forced = is_forced;
}

void loopback_share(bool is_shared) {
    stage.is_apart = !is_shared;
}

void loopback_kill(int process, int detail) {
    kill_process(&stage.processes[process], detail);
}

void loopback_lie(int process) {
    atomic_store_relaxed(&stage.processes[process].is_lying, 1);
}

int loopback_heard(enum message_kind kind) {
    return end_heard(kind);
}

int loopback_started(void) {
    return atomic_load_relaxed(&stage.started);
}

int loopback_here(void) {
    const struct worker *worker = worker_current();
    struct wire *wire = worker == NULL ? NULL : worker->scheduler->wire;
    if (wire == NULL || wire->wants != NULL) { // that of a bridge
        return -1;
    }
    const struct link *link = container_of(wire, struct serve, elsewhere.wire)->link;
    int process = 0;
    while (link != &stage.processes[process].own.link) {
        process++;
    }
    return process;
}
