// lobby.h - memory for frames that wait to begin, close together, in blocks.
//
// They are given out one after the other and mostly leave in that order (move.c). A block goes back
// to the system, or is used again, when the last one has left it: very many that have waited leave
// nothing behind.
//
// Invariant: `holders` of a block counts the frames that lie there, and its lobby while it gives
// out more of it. Start reading at lobby_take.
#ifndef TENON_FRAME_LOBBY_H
#define TENON_FRAME_LOBBY_H

struct frame;
struct lobby_block;

// Of one worker, which alone takes; any thread may leave.
struct lobby {
    struct lobby_block *block; // the one that is given out; NULL: none
    struct lobby_block *spare; // an empty one
};

// Memory for a frame, and the block it lies in; NULL: none.
struct frame *lobby_take(struct lobby *lobby, struct lobby_block **block);

// A frame of that block is not there any more. `lobby` is the calling worker's; NULL: it has none.
void lobby_leave(struct lobby *lobby, struct lobby_block *block);

// When all frames have left.
void lobby_deinit(struct lobby *lobby);

#endif
