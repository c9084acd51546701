// See link_sim.h.
#include "support/link_sim.h"

#include <string.h>

#include "support/test.h"

static void put(struct link_sim *sim, const struct link_sim_packet *packet) {
    if (sim->count == LINK_SIM_PACKETS) {
        sim->is_full = true;
        return;
    }
    sim->packets[sim->count] = *packet;
    sim->packets[sim->count++].sequence = ++sim->sequence;
}

static bool send(struct link *link, unsigned peer, const struct message *message,
                 const void *payload) {
    struct link_sim_end *end = (struct link_sim_end *)(void *)link;
    struct link_sim *sim = end->sim;
    struct link_sim_packet packet = {.message = *message, .from = end->number, .to = (int)peer};
    EXPECT(message->bytes <= LINK_SIM_PAYLOAD_MAX && peer < LINK_SIM_ENDS);
    if (message->bytes > 0) {
        memcpy(packet.payload, payload, message->bytes);
    }
    const struct link_sim_fate fate = sim->fate(sim->upper, packet.from, packet.to, message);
    sim->sent++;
    sim->lost += fate.copies == 0;
    sim->doubled += fate.copies == 2;
    for (int i = 0; i < fate.copies; i++) {
        packet.at_ns = sim->now_ns + fate.delay_ns[i];
        put(sim, &packet);
    }
    return true;
}

static void cut(struct link *link, unsigned peer, enum session_why why) {
    struct link_sim_end *end = (struct link_sim_end *)(void *)link;
    end->sim->cut(end->sim->upper, end->number, (int)peer, why);
}

static uint64_t noted(const struct link *link, unsigned peer, uint32_t slot) {
    const struct link_sim_end *end = (const struct link_sim_end *)(const void *)link;
    return atomic_load_relaxed(&end->sim->ends[peer].share->notes[slot]);
}

static void let_go(void *memory, void *what) {
    struct link_sim_share *share = memory;
    (void)what;
    EXPECT(share->users > 0);
    share->users--;
}

static bool take_lane(struct link *link, unsigned peer, struct link_lane *lane) {
    const struct link_sim_end *end = (const struct link_sim_end *)(const void *)link;
    struct link_sim_share *share = end->sim->ends[peer].share;
    share->users++;
    *lane = (struct link_lane){
        &share->lane, share->notes, LINK_SIM_NOTES, {let_go, share, NULL}};
    return true;
}

static const struct link_calls calls = {.send = send, .cut = cut};
static const struct link_calls calls_with_notes = {.send = send, .cut = cut, .noted = noted};
static const struct link_calls calls_with_lanes = {
    .send = send, .cut = cut, .noted = noted, .lane = take_lane};

void link_sim_init(struct link_sim *sim, bool is_reliable) {
    memset(sim, 0, sizeof *sim);
    for (int i = 0; i < LINK_SIM_ENDS; i++) {
        sim->ends[i] = (struct link_sim_end){
            {.calls = &calls, .is_reliable = is_reliable}, sim, i, &sim->shares[i][0]};
    }
}

void link_sim_keep_notes(struct link_sim *sim) {
    for (int i = 0; i < LINK_SIM_ENDS; i++) {
        struct link *link = &sim->ends[i].link;
        link->calls = &calls_with_notes;
        link->notes = sim->shares[i][0].notes;
        link->notes_count = LINK_SIM_NOTES;
    }
}

void link_sim_keep_lanes(struct link_sim *sim) {
    sim->has_lanes = true;
    sim->ends[0].link.calls = &calls_with_lanes;
}

void link_sim_renew(struct link_sim *sim, int end) {
    struct link *link = &sim->ends[end].link;
    int free = 0;
    if (!sim->has_lanes) {
        return;
    }
    while (free < LINK_SIM_SHARES && sim->shares[end][free].users > 0) {
        free++;
    }
    EXPECT(free < LINK_SIM_SHARES);
    struct link_sim_share *share = &sim->shares[end][free];
    memset(share, 0, sizeof *share);
    sim->ends[end].share = share;
    link->notes = share->notes;
    link->lane = &share->lane;
}

int link_sim_lanes(const struct link_sim *sim) {
    int lanes = 0;
    for (int i = 0; i < LINK_SIM_ENDS * LINK_SIM_SHARES; i++) {
        lanes += sim->shares[i / LINK_SIM_SHARES][i % LINK_SIM_SHARES].users;
    }
    return lanes;
}

void link_sim_forget_lanes(struct link_sim *sim) {
    for (int i = 0; i < LINK_SIM_ENDS * LINK_SIM_SHARES; i++) {
        sim->shares[i / LINK_SIM_SHARES][i % LINK_SIM_SHARES].users = 0;
    }
}

static int find_next(const struct link_sim *sim, unsigned frozen) {
    int next = -1;
    for (int i = 0; i < sim->count; i++) {
        const struct link_sim_packet *packet = &sim->packets[i];
        if ((frozen >> packet->to & 1) != 0) {
            continue;
        }
        if (next < 0 || packet->at_ns < sim->packets[next].at_ns ||
            (packet->at_ns == sim->packets[next].at_ns &&
             packet->sequence < sim->packets[next].sequence)) {
            next = i;
        }
    }
    return next;
}

uint64_t link_sim_next(const struct link_sim *sim, unsigned frozen) {
    const int next = find_next(sim, frozen);
    return next < 0 ? SESSION_NEVER : sim->packets[next].at_ns;
}

struct link_sim_packet link_sim_take(struct link_sim *sim, unsigned frozen) {
    const int next = find_next(sim, frozen);
    EXPECT(next >= 0);
    const struct link_sim_packet packet = sim->packets[next];
    sim->packets[next] = sim->packets[--sim->count];
    return packet;
}

void link_sim_clear(struct link_sim *sim, int end, bool keep_sent) {
    for (int i = sim->count; i-- > 0;) {
        if (sim->packets[i].to == end || (!keep_sent && sim->packets[i].from == end)) {
            sim->packets[i] = sim->packets[--sim->count];
        }
    }
}

bool link_sim_has(const struct link_sim *sim, int from, int to) {
    for (int i = 0; i < sim->count; i++) {
        if (sim->packets[i].from == from && sim->packets[i].to == to) {
            return true;
        }
    }
    return false;
}
