// taker_record.h - the records of places: what a taker knows of each, and what it answers from
// that.
//
// Private to the taker, whose picture (taker.h) shows which function moves a record.
// Start reading at record_answer.
#ifndef TENON_CLUSTER_TAKER_RECORD_H
#define TENON_CLUSTER_TAKER_RECORD_H

#include "cluster/taker.h"

// A message of the session; and one about a place. Inline, so that it is written once, where it is
// sent from: a copy of what has just been written in smaller parts waits until they are in the
// cache.
static inline struct message taker_message(const struct taker *taker, enum message_kind kind) {
    return (struct message){.kind = (uint8_t)kind,
                            .version = SESSION_VERSION,
                            .owner = taker->owner,
                            .session = taker->session};
}

static inline struct message record_message(const struct taker *taker,
                                            const struct taker_slot *slot, enum message_kind kind) {
    return (struct message){.kind = (uint8_t)kind,
                            .version = SESSION_VERSION,
                            .owner = taker->owner,
                            .session = taker->session,
                            .place = place_of((uint32_t)(slot - taker->slots), slot->generation),
                            .task = slot->task,
                            .attempt = slot->attempt};
}

// Sends it. Returns false when the link had no room.
static inline bool taker_say(struct taker *taker, const struct message *message,
                             const void *payload) {
    return link_send(taker->options.link, taker->options.peer, message, payload);
}

// A session begins: nothing has been heard of any place, nor has anything begun in one.
void record_forget_all(struct taker *taker);

// A record of the place that the message is about, in a slot that is EMPTY or ENDED: ENDED, as
// returned, until the caller says otherwise.
void record_begin(struct taker *taker, struct taker_slot *slot, const struct message *message);

// The same for its first RUN: it waits, or has ended already, and that is said.
void record_run(struct taker *taker, struct taker_slot *slot, const struct message *message,
                const void *payload, uint64_t now_ns);

// From WAITING, RUNNING or (just begun) ENDED to ENDED in this way, and says so.
void record_end(struct taker *taker, struct taker_slot *slot, enum message_how how,
                uint64_t now_ns);

// To EMPTY, from wherever it is.
void record_drop(struct taker *taker, struct taker_slot *slot);

// Says what is due: the first POST, and again until the owner says POSTED, then the next; behind
// all of them RESULT, and again until it says ACK. Each once where nothing is lost.
void record_speak(struct taker *taker, struct taker_slot *slot, uint64_t now_ns);

// Says that it begins, or, asked for that, has begun. False: as above.
bool record_say_started(struct taker *taker, const struct taker_slot *slot, bool was_asked);

// Says the RESULT of an ENDED one without posts, and in the same message that `next`, which waits,
// begins (NULL: nothing does). False: the link had no room.
bool record_say_result(struct taker *taker, struct taker_slot *slot, const struct taker_slot *next);

// The first post has arrived.
void record_end_post(struct taker *taker, struct taker_slot *slot);

// Nobody wants the posts any more.
void record_drop_posts(struct taker *taker, struct taker_slot *slot);
void record_due_at(struct taker *taker, struct taker_slot *slot, uint64_t at_ns);

// Tells the owner how it stands with the place.
void record_answer(struct taker *taker, struct taker_slot *slot, uint64_t now_ns);

// ---- taker.c ---------------------------------------------------------------------------------

// Something has ended while it was FENCED: greets anew when nothing of that session runs any more.
void taker_end_fence(struct taker *taker, uint64_t now_ns);

#endif
