// deaf_link.c - see deaf_link.h.
#include "support/deaf_link.h"

static bool send(struct link *link, unsigned peer, const struct message *message,
                 const void *payload) {
    struct deaf_link *deaf = (struct deaf_link *)(void *)link;
    (void)peer, (void)payload;
    if (deaf->is_full) {
        return false;
    }
    deaf->said = *message;
    deaf->count++;
    return true;
}

static void cut(struct link *link, unsigned peer, enum session_why why) {
    (void)peer;
    ((struct deaf_link *)(void *)link)->cut = why;
}

static void let_go(void *memory, void *what) {
    (void)what;
    ((struct deaf_link *)memory)->lanes--;
}

static bool lane(struct link *link, unsigned peer, struct link_lane *lane) {
    struct deaf_link *deaf = (struct deaf_link *)(void *)link;
    (void)peer;
    *lane = deaf->lane;
    lane->kept = (struct link_kept){let_go, deaf, NULL};
    deaf->lanes += deaf->lane.lane != NULL;
    return deaf->lane.lane != NULL;
}

static uint64_t noted(const struct link *link, unsigned peer, uint32_t slot) {
    const struct deaf_link *deaf = (const struct deaf_link *)(const void *)link;
    (void)peer;
    return deaf->lane.notes == NULL ? 0 : atomic_load_relaxed(&deaf->lane.notes[slot]);
}

void deaf_link_init(struct deaf_link *deaf, bool is_reliable) {
    static const struct link_calls calls = {.send = send, .cut = cut, .noted = noted, .lane = lane};
    *deaf = (struct deaf_link){.link = {.calls = &calls, .is_reliable = is_reliable}};
}
