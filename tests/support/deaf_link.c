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

void deaf_link_init(struct deaf_link *deaf, bool is_reliable) {
    static const struct link_calls calls = {.send = send, .cut = cut};
    *deaf = (struct deaf_link){.link = {.calls = &calls, .is_reliable = is_reliable}};
}
