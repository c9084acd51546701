// bridge.c - see bridge.h.
#include "cluster/bridge.h"

#include <stdio.h>
#include <string.h>

#include "frame/run.h"

// ---- places ----------------------------------------------------------------------------------

// Where DFrames run for long, each thread gets one to run and one to go on with: what waits behind
// those would wait too long while another thread is idle.
static uint32_t places_per_thread(const struct bridge *bridge) {
    return bridge->mean_ns == 0 || bridge->mean_ns >= BRIDGE_LONG_NS ? 2 : BRIDGE_PLACES;
}

static uint32_t count_free(const struct bridge *bridge) {
    uint32_t offered = 0, used = bridge->claimed, threads = 0;
    LIST_EACH(&bridge->owner.peers, node) {
        const struct owner_peer *peer = container_of(node, struct owner_peer, node);
        if (peer->is_up && peer->ending == 0 && !peer->lags) {
            offered += peer->offered;
            used += peer->used;
            threads += (uint32_t)bridge->threads;
        }
    }
    const uint32_t most = threads * places_per_thread(bridge);
    const uint32_t places = offered < most ? offered : most;
    return places > used ? places - used : 0;
}

// DFrames so short that this process has as much to do for them as the one that runs them keep the
// CPUs of both busy: where there are no more, a further process would only take one from them.
static bool are_cpus_busy(const struct bridge *bridge) {
    const int threads = bridge->run->scheduler.executors + bridge->threads;
    return bridge->mean_ns < 2 * (uint64_t)BRIDGE_CALL_NS && threads >= bridge->cpus;
}

void bridge_fill(struct bridge *bridge) {
    const uint64_t each_ns = bridge->mean_ns + BRIDGE_CALL_NS;
    bridge->owner.fill = are_cpus_busy(bridge)
                             ? OWNER_FILL_ALL
                             : (uint32_t)((uint64_t)bridge->threads * BRIDGE_FILL_NS / each_ns);
}

void bridge_update(struct bridge *bridge) {
    const uint32_t open = bridge->state == BRIDGE_OPEN ? count_free(bridge) : 0;
    if (atomic_load_relaxed(&bridge->elsewhere.wire.open) != (int)open) {
        atomic_store_relaxed(&bridge->elsewhere.wire.open, (int)open);
    }
}

// ---- the link --------------------------------------------------------------------------------

static void up(void *upper, unsigned number) {
    struct bridge *bridge = upper;
    if (number >= (unsigned)bridge->processes || bridge->peers[number].is_known) {
        link_cut(bridge->ear.link, number, SESSION_BAD);
        return;
    }
    struct bridge_peer *peer = &bridge->peers[number];
    owner_peer_init(&bridge->owner, &peer->peer, number, peer->places, BRIDGE_PLACES);
    peer->is_known = true;
    bridge->coming--;
}

static struct bridge_peer *peer_of(struct bridge *bridge, unsigned number) {
    const bool is_known = number < (unsigned)bridge->processes && bridge->peers[number].is_known;
    return is_known ? &bridge->peers[number] : NULL;
}

static void hear_message(void *upper, unsigned number, const struct message *message,
                         const void *payload) {
    struct bridge *bridge = upper;
    struct bridge_peer *peer = peer_of(bridge, number);
    if (peer != NULL) {
        const uint64_t now_ns = bridge_heard_ns(bridge, message);
        if (!bridge->ear.link->is_reliable || !message_begins_or_ends(message)) {
            atomic_store_relaxed(&bridge->elsewhere.wire.due_ns, 0); // a lease lasts longer
        }
        owner_hear(&bridge->owner, &peer->peer, message, payload, now_ns);
        if (bridge->is_lied_to) {
            bridge->is_lied_to = false;
            link_cut(bridge->ear.link, number, SESSION_BAD);
        }
    }
}

static void writable(void *upper, unsigned number) {
    struct bridge *bridge = upper;
    struct bridge_peer *peer = peer_of(bridge, number);
    if (peer != NULL) {
        owner_writable(&bridge->owner, &peer->peer, os_now_ns());
    }
}

static void tell_end(struct bridge *bridge, unsigned number, int detail) {
    const struct link *link = bridge->ear.link;
    char name[BRIDGE_TEXT_BYTES / 2], end[BRIDGE_TEXT_BYTES / 2];
    link->calls->name(link, number, name, sizeof name);
    link_describe_end(detail, end, sizeof end);
    (void)snprintf(bridge->how_lost, sizeof bridge->how_lost, "%s %s", name, end);
}

static bool has_peers(const struct bridge *bridge) {
    for (int i = 0; i < bridge->processes; i++) {
        if (bridge->peers[i].is_known) {
            return true;
        }
    }
    return bridge->coming > 0;
}

static void shut(struct bridge *bridge) {
    bridge->state = BRIDGE_SHUT;
    atomic_store_relaxed(&bridge->elsewhere.is_shut, true);
}

// No process is left: what waits for a place runs here, and so does all that comes.
static void give_up(struct bridge *bridge) {
    struct list_node *node;
    shut(bridge);
    while ((node = list_first(&bridge->owner.queue)) != NULL) {
        owner_cancel(&bridge->owner, container_of(node, struct owner_task, node), TN_CANCELLED,
                     os_now_ns());
    }
}

// Another process in place of one that has ended; not for ever, if each ends before it was of use.
static void replace(struct bridge *bridge) {
    if (bridge->way->add != NULL && bridge->useless < USELESS_MAX + bridge->processes) {
        bridge->useless++;
        bridge->coming += bridge->way->add(bridge->ear.link) >= 0;
    }
}

static void down(void *upper, unsigned number, int detail) {
    struct bridge *bridge = upper;
    struct bridge_peer *peer = peer_of(bridge, number);
    const bool was_up = peer != NULL;
    if (was_up) {
        tell_end(bridge, number, detail);
        owner_down(&bridge->owner, &peer->peer, detail, os_now_ns());
        owner_peer_deinit(&bridge->owner, &peer->peer, os_now_ns());
        peer->is_known = false;
    } else {
        bridge->coming--;
    }
    // One that has never been up, and was not killed either, will not be the next time.
    if (was_up || (detail > 0 && detail < LINK_OUT_OF_MEMORY)) {
        replace(bridge);
    }
    if (!has_peers(bridge)) {
        give_up(bridge);
    }
}

static const struct link_events events = {
    .up = up, .hear = hear_message, .writable = writable, .down = down};

// ---- opening ---------------------------------------------------------------------------------

static const struct owner_calls owner_calls = {.deliver = call_deliver,
                                               .post = call_post,
                                               .keeps = bridge_keeps,
                                               .told = answer_told,
                                               .parted = call_parted,
                                               .lost_lane = call_lane_lost};

static void begin_owner(struct bridge *bridge, struct link *link) {
    struct owner_options options = {
        .link = link, .timing = session_timing_default(), .calls = &owner_calls, .upper = bridge};
    options.incarnation = ports_run(&bridge->run->ports);
    owner_init(&bridge->owner, &options);
    link->events = &events;
    link->upper = bridge;
}

// At the first DFrame. Without a link everything stays here.
static void open_link(struct bridge *bridge) {
    struct link *link = NULL;
    shut(bridge);
    const int code = bridge->way->open(bridge->processes, bridge->threads, &link);
    if (code != OS_OK) {
        run_report(bridge->run, "no other process can be started (%s): DFrames stay in this one",
                   strerror(-code));
        return;
    }
    begin_owner(bridge, link);
    if (ear_open(&bridge->ear, link) != OS_OK) {
        link->calls->close(link);
        run_report(bridge->run, "other processes can't be waited for: DFrames stay in this one");
        return;
    }
    bridge->coming += bridge->processes;
    bridge->ticked_ns = os_now_ns();
    bridge->state = BRIDGE_OPEN;
    atomic_store_relaxed(&bridge->elsewhere.is_shut, false);
}

// ---- hearing ---------------------------------------------------------------------------------

// With the turn, and a link. Returns how much was heard, or said.
static unsigned look(struct bridge *bridge, const struct worker *worker, bool is_first) {
    answers_begin(&bridge->answers, worker);
    bridge->heard_ns = 0;
    bridge->spins_ns = spin_clock_ns(&worker->spin);
    const unsigned heard = ear_hear(bridge->ear.link, is_first);
    return heard + answers_say(&bridge->answers);
}

void bridge_release(struct bridge *bridge) {
    struct call *const ended = bridge->ended;
    bridge->ended = NULL;
    os_lock_release(&bridge->ear.turn);
    call_end_all(ended);
}

// Before another process wakes for a short DFrame: those that the last one got may be over.
static void look_before_waking(struct bridge *bridge) {
    if (owner_would_wake(&bridge->owner)) {
        (void)look(bridge, worker_current(), true);
    }
}

bool bridge_prepare(struct bridge *bridge) {
    if (bridge->state == BRIDGE_IDLE) {
        open_link(bridge);
    } else if (bridge->state == BRIDGE_OPEN) {
        look_before_waking(bridge);
    }
    return bridge->state == BRIDGE_OPEN;
}

// ---- what the frame layer asks ---------------------------------------------------------------

static bool claim(struct elsewhere *elsewhere, const struct frame *frame, bool is_away) {
    struct bridge *bridge = bridge_from(elsewhere);
    const bool must_go = elsewhere->is_forced || (is_away && !bridge->stays);
    if (!must_go && (atomic_load_relaxed(&elsewhere->wire.open) <= 0 ||
                     !habits_takes(&bridge->habits, frame->type))) {
        return false;
    }
    os_lock_acquire(&bridge->ear.turn);
    const bool is_claimed = bridge_prepare(bridge) && (must_go || count_free(bridge) > 0);
    bridge->claimed += is_claimed ? 1 : 0;
    bridge_update(bridge);
    bridge_release(bridge);
    return is_claimed;
}

static void unclaim(struct elsewhere *elsewhere) {
    struct bridge *bridge = bridge_from(elsewhere);
    os_lock_acquire(&bridge->ear.turn);
    bridge->claimed--;
    bridge_update(bridge);
    os_lock_release(&bridge->ear.turn);
}

static void begin(struct elsewhere *elsewhere, struct run *run) {
    bridge_from(elsewhere)->run = bridge_from(elsewhere)->answers.run = run;
    elsewhere->wire.agent_spins = !elsewhere->is_forced; // then who spawns also sends
}

static void end_peers(struct bridge *bridge) {
    for (int i = 0; i < bridge->processes; i++) {
        struct bridge_peer *peer = &bridge->peers[i];
        if (peer->is_known) {
            owner_peer_deinit(&bridge->owner, &peer->peer, os_now_ns());
            peer->is_known = false;
        }
    }
}

// No thread of the run is left, and no call.
static void close_bridge(struct elsewhere *elsewhere) {
    struct bridge *bridge = bridge_from(elsewhere);
    struct link *link = bridge->ear.link;
    if (link != NULL) {
        end_peers(bridge);
        ear_close(&bridge->ear);
        link->calls->close(link);
    }
    answers_deinit(&bridge->answers);
    ear_deinit(&bridge->ear);
    os_free(bridge->peers);
    os_free(bridge);
}

// ---- what the scheduler asks -----------------------------------------------------------------

static bool hear(struct wire *wire, struct worker *worker, bool is_first) {
    struct bridge *bridge = container_of(wire, struct bridge, elsewhere.wire);
    if (!ear_take(&bridge->ear, worker, is_first)) {
        return false;
    }
    if (is_first) {
        worker->listens = true;
        ear_begin(&bridge->ear, worker);
    }
    unsigned heard = 0;
    if (bridge->ear.link != NULL) {
        heard = look(bridge, worker, is_first);
        bridge_look_at_time(bridge, heard > 0 || is_first, bridge->quiet_by == worker->index);
    }
    bridge->quiet_by = heard > 0 ? -1 : worker->index;
    bridge_release(bridge);
    return heard > 0;
}

static bool wants(struct wire *wire, const struct tn_type *type, bool is_idle) {
    return habits_wants(&container_of(wire, struct bridge, elsewhere.wire)->habits, type, is_idle);
}

// It comes by for the next trial if it has left tasks where they are.
static uint64_t agent_until(const struct bridge *bridge, uint64_t until_ns) {
    const uint64_t try_ns =
        bridge->elsewhere.wire.leaves_some ? os_now_ns() + HABITS_TRIAL_NS : OS_NEVER;
    return ear_agent_until(&bridge->ear, try_ns < until_ns ? try_ns : until_ns);
}

// Who leaves sees to it that somebody looks when it is time. False: the agent sleeps for longer,
// and does not watch.
static bool leave_looking(struct bridge *bridge, const struct worker *worker) {
    struct wire *wire = &bridge->elsewhere.wire;
    const uint64_t now_ns = bridge->owner.unbegun > 0 ? os_now_ns() : 0; // else nobody looks at it
    if (worker->is_announced) {
        bridge_relieve(bridge, now_ns);
    } else {
        bridge_relieve_later(bridge, now_ns);
    }
    const uint64_t due_ns = atomic_load_relaxed(&wire->due_ns);
    const uint64_t look_ns = bridge->owner.unbegun > 0 ? bridge->look_ns : OS_NEVER;
    const uint64_t until_ns = due_ns < look_ns ? due_ns : look_ns;
    if (worker->is_agent) {
        wire->until_ns = agent_until(bridge, until_ns);
    }
    return until_ns >= wire->until_ns || bridge->ear.is_watched ||
           atomic_load_relaxed(&bridge->ear.listeners) > 0;
}

static bool leave(struct wire *wire, struct worker *worker, bool has_listened) {
    struct bridge *bridge = container_of(wire, struct bridge, elsewhere.wire);
    os_lock_acquire(&bridge->ear.turn);
    const bool is_quiet = ear_end(&bridge->ear, worker, has_listened);
    const bool wakes = is_quiet && (!leave_looking(bridge, worker) || bridge->ear.calls_agent);
    os_lock_release(&bridge->ear.turn);
    if (wakes) {
        wire_wake_agent(&bridge->run->scheduler);
    }
    return is_quiet && !answers_wait(&bridge->answers);
}

struct elsewhere *bridge_make(int processes, int threads, const struct bridge_way *way) {
    processes = processes < BRIDGE_PROCESSES_MAX ? processes : BRIDGE_PROCESSES_MAX;
    const char *place = os_environment("TENON_PLACE");
    struct bridge *bridge = os_allocate_aligned(sizeof *bridge, CACHE_LINE);
    struct bridge_peer *peers = os_allocate((size_t)processes * sizeof *peers);
    if (bridge == NULL || peers == NULL) {
        os_free(bridge);
        os_free(peers);
        return NULL;
    }
    *bridge =
        (struct bridge){.elsewhere = {.wire = {.hear = hear, .leave = leave, .wants = wants},
                                      .claim = claim,
                                      .unclaim = unclaim,
                                      .body = &call_body,
                                      .is_light = call_is_light,
                                      .depart = call_depart,
                                      .flights = &call_flights,
                                      .is_forced = place != NULL && strcmp(place, "remote") == 0,
                                      .begin = begin,
                                      .close = close_bridge},
                        .state = BRIDGE_IDLE,
                        .relief = {.threads = (uint32_t)threads, .worth_ns = BRIDGE_LONG_NS},
                        .quiet_by = -1,
                        .processes = processes,
                        .threads = threads,
                        .cpus = os_usable_cpus(),
                        .way = way,
                        .peers = peers};
    for (int i = 0; i < processes; i++) {
        peers[i].is_known = false;
    }
    if (ear_init(&bridge->ear) != OS_OK) {
        os_free(bridge);
        os_free(peers);
        return NULL;
    }
    bridge->elsewhere.wire.world = &bridge->ear.world;
    answers_init(&bridge->answers, &bridge->owner);
    habits_init(&bridge->habits);
    bridge->stays = place != NULL && strcmp(place, "here") == 0;
    // The first DFrame shall ask.
    atomic_store_relaxed(&bridge->elsewhere.wire.open, bridge->stays ? 0 : 1);
    atomic_store_relaxed(&bridge->elsewhere.wire.due_ns, OS_NEVER);
    return &bridge->elsewhere;
}
