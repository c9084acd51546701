// taker_lane.h - the lane of a taker: what becomes of the record of its place.
//
//               taker_lane_open                  taker_lane_close
//     RUNNING ------------------> LANE --------------------------------> ENDED, and EMPTY soon
//        ^                          |\--- taker_lane_hear -------------> WAITING
//        \----- taker_lane_run -----/
//
// Who serves the lane has no lock, and asks for these when it has been shut: by itself, or by its
// caller. Until then messages about its place can only be that its task is to end.
// As the taker, and so under the same lock. Start reading at taker_lane_open.
#ifndef TENON_CLUSTER_TAKER_LANE_H
#define TENON_CLUSTER_TAKER_LANE_H

#include "cluster/taker.h"

// The task has ended, as in taker_end with TN_OK; its owner has asked for a lane, and may use it
// from now on. False: there can be none now, and nothing has changed.
bool taker_lane_open(struct taker *taker, struct taker_slot *slot, const void *result,
                     uint32_t bytes);

// Nothing runs in the place, of which this was the last use, and that has been answered.
void taker_lane_close(struct taker *taker, struct taker_slot *slot, uint64_t place,
                      uint64_t now_ns);

// The task that was called last is running, or has just ended, and is the taker's again.
void taker_lane_run(struct taker *taker, struct taker_slot *slot, uint64_t place, uint64_t task);

// It has not been taken in the lane; it waits, or ends at once if its owner has asked for that.
void taker_lane_hear(struct taker *taker, struct taker_slot *slot, const struct message *message,
                     const void *arguments, uint64_t now_ns);

// CANCEL or RETURN, meanwhile. The task that was called last shall end, which nobody but who serves
// the lane knows of; one before it has ended. Who shall come back has begun, or does so at once.
void taker_lane_hear_end(struct taker *taker, struct taker_slot *slot,
                         const struct message *message);

#endif
