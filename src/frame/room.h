// room.h - memory for a result, which belongs first to the frame that makes it, then to the frame
// that awaits it.
//
//            tn_room               await                   end of the frame that awaited
//     (none) ------> frame->rooms ------> frame->received ------------------------------> (none)
//                        \--- the frame's memory goes: nobody awaits it any more ---------^
//
// In a queue (sync/item.h) a room is alone: it belongs to no frame until the one that gets it has
// received it.
//
// A frame that only calls others, a lane of an executor or a map, hands what it has received on,
// with the result (room_take_received).
//
// Invariant: `rooms` is its frame's own until that has ended, then whose await takes it;
// `received` is its frame's own. Neither is locked. A room's elements follow it, or are lent by
// whoever reads them next, or has written them (the hold between two processes). Start reading at
// room_receive.
#ifndef TENON_FRAME_ROOM_H
#define TENON_FRAME_ROOM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bits.h"

struct frame;
struct tn_self;

struct room {
    struct frame *owner; // NULL: it is alone
    struct room *older;
    struct room **held_by; // what points to it; NULL: nothing, it is alone
    size_t number;         // of the item of a map with whose result it came
    void *memory;          // where its memory begins; NULL: it is lent
    void *unused;
    unsigned char elements[]; // of a lent one, its struct room_loan
};

enum { ROOM_HEAD = offsetof(struct room, elements) };
_Static_assert(ROOM_HEAD % 16 == 0, "elements lie at a multiple of 16");

// Elements that lie elsewhere, at the beginning of a page, which those of other rooms never do:
// that is how tn_room_free tells them apart.
struct room_loan {
    const void *at;
    void (*give_back)(void *lender, void *what); // from any thread, once
    void *lender, *what;
};
enum { ROOM_LENT_ALIGNMENT = 4096 };

// A room of a frame; NULL: no memory. By the frame, or while it waits for whoever calls.
struct room *room_make(struct frame *frame, size_t bytes);

// The same for elements that are lent; NULL: no memory, and nothing was given back.
struct room *room_make_lent(struct frame *frame, const struct room_loan *loan);

// A room that is alone; NULL: no memory. From any thread, as the next two.
struct room *room_make_alone(size_t bytes);

// The room whose elements begin there; they are not lent.
struct room *room_at(const void *elements);

// Ends a room that is alone but keeps its memory, which it returns, for os_free: from now on the
// ROOM_HEAD bytes before the elements are the caller's as well.
void *room_take_apart(struct room *room);

// Whether a frame that has ended has a room with just these lent elements: then the room goes, and
// the loan is the caller's.
bool room_take_loan(struct frame *frame, const void *at, struct room_loan *loan);

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
