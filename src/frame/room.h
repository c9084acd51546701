// room.h - memory for a result, which belongs first to the frame that makes it, then to the frame
// that awaits it.
//
//            tn_room               await                   end of the frame that awaited
//     (none) ------> frame->rooms ------> frame->received ------------------------------> (none)
//                        \--- the frame's memory goes: nobody awaits it any more ---------^
//
// A frame that only calls others, a lane of an executor or a map, hands what it has received on,
// with the result (room_take_received).
//
// Invariant: `rooms` is its frame's own until that has ended, then whose await takes it;
// `received` is its frame's own. Neither is locked. Start reading at room_receive.
#ifndef TENON_FRAME_ROOM_H
#define TENON_FRAME_ROOM_H

#include <stddef.h>

#include "base/bits.h"

struct frame;
struct tn_self;

struct room {
    struct frame *owner;
    struct room *older;
    struct room **held_by; // what points to it
    size_t number;         // of the item of a map with whose result it came
    unsigned char elements[];
};

_Static_assert(offsetof(struct room, elements) % 16 == 0, "elements lie at a multiple of 16");

// A room of a frame; NULL: no memory. By the frame, or while it waits for whoever calls.
struct room *room_make(struct frame *frame, size_t bytes);

// Takes the rooms of a frame that has ended; NULL: none.
struct room *room_take(struct frame *frame);

// Takes what the current frame, the calling one, has received; NULL: nothing.
struct room *room_take_received(struct frame *frame);

// They belong to the frame that is current on `self` from now on. NULL: nothing.
void room_receive_some(struct tn_self *self, struct room *rooms);
static inline void room_receive(struct tn_self *self, struct room *rooms) {
    if (UNLIKELY(rooms != NULL)) {
        room_receive_some(self, rooms);
    }
}

// Gives a list back.
void room_free_all(struct room *rooms);

#endif
