// owner_place.h - the places of a peer: giving them to tasks, saying what is due in each, and
// (owner_open.c) who has room.
//
// What is to be said for a place follows from its state alone (speak_for): that its task shall end,
// or come back, or run. So a repetition is never about something that is over.
// Private to the owner. Start reading at owner_place_task.
#ifndef TENON_CLUSTER_OWNER_PLACE_H
#define TENON_CLUSTER_OWNER_PLACE_H

#include "cluster/owner.h"

// Sends a message that nobody repeats: it answers one that is repeated.
void owner_say(struct owner *owner, struct owner_peer *peer, struct message message,
               const void *payload);

// Says BYE in the name of the peer's session, and of the one that is proposed: its taker may have
// taken that up already.
void owner_peer_say_bye(struct owner *owner, struct owner_peer *peer);

// Puts a task, which is in no list, into a free place of an open peer, and tells it.
void owner_place_task(struct owner *owner, struct owner_peer *peer, struct owner_task *task,
                      uint64_t now_ns);

// The task waits there; or begins: what was said before has arrived.
void owner_place_wait(struct owner_peer *peer, struct owner_place *place);
void owner_place_begin(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                       uint64_t now_ns);

// Whether the taker has noted that it begins, or has begun.
bool owner_place_is_noted(const struct owner *owner, const struct owner_peer *peer,
                          const struct owner_place *place);

// Something new is to be said for a place: that its task shall end, or come back.
void owner_place_ask(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                     uint64_t now_ns);

// The taker says that it has heard the tell of that number.
void owner_place_hear_told(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                           uint32_t number, uint64_t now_ns);

// The place and its task part; what is left to be told is dropped.
void owner_place_free(struct owner *owner, struct owner_peer *peer, struct owner_place *place);

// A free place is in use without a task; and is free again, when it has been used up to there.
void owner_place_hold(struct owner *owner, struct owner_peer *peer, struct owner_place *place);
void owner_place_unhold(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                        uint64_t generation);

// A task is in a place that was held, as if it had been sent there.
void owner_place_land(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                      struct owner_task *task, uint64_t generation, uint64_t now_ns);

// The peer has begun or ended a task.
void owner_peer_moves(struct owner_peer *peer, uint64_t now_ns);

// Puts the peer where it belongs: `open` has those that offer more places than are used.
void owner_peer_update(struct owner *owner, struct owner_peer *peer);

// The same after one of its places was filled: it goes behind the others, and may be the favourite.
void owner_peer_got_task(struct owner *owner, struct owner_peer *peer, uint64_t now_ns);

// The least full of the open peers; NULL: there is none.
struct owner_peer *owner_open_peer(const struct owner *owner);

// Who gets the next task; NULL: nobody now.
struct owner_peer *owner_next_peer(const struct owner *owner, uint64_t now_ns);

// Whether it is where it belongs.
void owner_peer_check(const struct owner_peer *peer);

// Says what is due, or (after the link had no room) what has never been sent.
void owner_peer_speak(struct owner *owner, struct owner_peer *peer, uint64_t now_ns,
                      bool unsent_only);

#endif
