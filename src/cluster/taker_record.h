// taker_record.h - the records of places: what a taker knows of each, and what it answers from
// that.
//
// Private to the taker, whose picture (taker.h) shows which function moves a record.
// Start reading at record_answer.
#ifndef TENON_CLUSTER_TAKER_RECORD_H
#define TENON_CLUSTER_TAKER_RECORD_H

#include "cluster/taker.h"

// Sends a message of the session. Returns false when the link had no room.
bool taker_say(struct taker *taker, struct message message, const void *payload);

// A record of the place that the message is about, in a slot that is EMPTY or ENDED: ENDED, as
// returned, until the caller says otherwise.
void record_begin(struct taker *taker, struct taker_slot *slot, const struct message *message);

// From WAITING, RUNNING or (just begun) ENDED to ENDED in this way, and says so.
void record_end(struct taker *taker, struct taker_slot *slot, enum message_how how,
                uint64_t now_ns);

// To EMPTY, from wherever it is.
void record_drop(struct taker *taker, struct taker_slot *slot);

// A message about the place.
struct message record_message(const struct taker *taker, const struct taker_slot *slot,
                              enum message_kind kind);

// Says what is due: the first POST, and again until the owner says POSTED, then the next; behind
// all of them RESULT, and again until it says ACK. Each once where nothing is lost.
void record_speak(struct taker *taker, struct taker_slot *slot, uint64_t now_ns);

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

#endif
