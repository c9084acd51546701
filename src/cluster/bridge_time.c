// bridge_time.c - what the owner's side does when it is time: what is due to be said again or given
// up, and who is relieved of what waits behind a long DFrame.
//
// Invariant: while somebody listens, `due_ns` is looked at within EAR_LOOKS_TIMED looks at the
// link; while nobody does, the agent sleeps no longer than until then. Start reading at
// bridge_look_at_time.
#include "cluster/bridge.h"
#include "frame/run.h"

// ---- relief ----------------------------------------------------------------------------------

// Threads of this process that would begin what comes back.
static uint32_t count_idle(const struct bridge *bridge) {
    return bridge->elsewhere.is_forced ? 0 : idle_count(&bridge->run->scheduler.idle);
}

// What may have ended its process does not run here.
bool bridge_keeps(void *upper, struct owner_task *task) {
    const struct bridge *bridge = upper;
    return task->begins == 0 && count_idle(bridge) > 0 &&
           !relief_has_peer(&bridge->relief, &bridge->owner);
}

static void prepare_relief(struct bridge *bridge, uint64_t now_ns) {
    owner_see_notes(&bridge->owner, now_ns);
    const uint64_t short_ns = atomic_load_relaxed(&bridge->habits.short_ns);
    const uint64_t worth_ns = short_ns > BRIDGE_FILL_NS ? short_ns : BRIDGE_FILL_NS;
    bridge->relief.worth_ns = short_ns == 0 ? BRIDGE_LONG_NS : worth_ns;
    bridge->relief.mean_ns = bridge->mean_ns;
}

void bridge_relieve(struct bridge *bridge, uint64_t now_ns) {
    if (bridge->state != BRIDGE_OPEN) {
        return;
    }
    if (bridge->owner.unbegun > 0) {
        owner_place_tasks(&bridge->owner, now_ns); // a favourite may have stopped
    }
    if (!list_is_empty(&bridge->owner.queue) && count_idle(bridge) > 0) {
        owner_keep(&bridge->owner);
    }
    if (now_ns >= bridge->look_ns && bridge->owner.unbegun > 0) {
        prepare_relief(bridge, now_ns);
        bridge->look_ns = relief_look(&bridge->relief, &bridge->owner, count_idle(bridge), now_ns);
        bridge_update(bridge);
    }
}

void bridge_relieve_later(struct bridge *bridge, uint64_t now_ns) {
    if (now_ns >= bridge->look_ns && bridge->owner.unbegun > 0) {
        prepare_relief(bridge, now_ns);
        const uint64_t due_ns =
            relief_due(&bridge->relief, &bridge->owner, count_idle(bridge), now_ns);
        const uint64_t least_ns = now_ns + bridge->relief.worth_ns;
        bridge->look_ns = due_ns > least_ns ? due_ns : least_ns;
    }
}

// ---- time --------------------------------------------------------------------------------------

// Who has not looked at the time for long may have been stopped together with the others: they get
// a moment to speak before it is judged who is silent.
static void tick(struct bridge *bridge, uint64_t now_ns) {
    if (now_ns >= atomic_load_relaxed(&bridge->elsewhere.wire.due_ns)) {
        const struct session_timing *timing = &bridge->owner.options.timing;
        const bool was_away = now_ns - bridge->ticked_ns > timing->lease_ns / 2;
        bridge->ticked_ns = now_ns;
        const uint64_t due_ns =
            was_away ? now_ns + timing->beat_ns : owner_tick(&bridge->owner, now_ns);
        atomic_store_relaxed(&bridge->elsewhere.wire.due_ns, due_ns);
    }
}

void bridge_look_at_time(struct bridge *bridge, bool is_news, bool is_quiet) {
    if (ear_is_timed(&bridge->ear, is_news)) {
        const uint64_t now_ns = bridge->heard_ns != 0 ? bridge->heard_ns : os_now_ns();
        tick(bridge, now_ns);
        bridge_update(bridge);
        if (is_news) {
            bridge->look_ns = 0; // a thread has become idle
        } else if (is_quiet) {
            bridge_relieve(bridge, now_ns);
        }
    }
}
