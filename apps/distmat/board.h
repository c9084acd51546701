// What the processes of a job share: its places, one copy for all of them, and the room where they
// leave what they have calculated. It is memory with a path, by which a DFrame finds it again.
//
//     board_create(&board, job, 16);                        // who has the job
//     used = board_calculate(path, id, &piece, 3);          // any process, any thread
//     board_put_out(&board, &piece, 3, used);               // who has the job, in order
//
// Invariant: a room is written by whoever calculates its piece, and read only after that has
// ended; the rest is not written once the board stands. Start reading at board_calculate.
#ifndef DISTMAT_BOARD_H
#define DISTMAT_BOARD_H

#include <stddef.h>
#include <stdint.h>

#include "job.h"

// What one room holds: the text of a piece, or its distances when the matrix is not shared.
#define BOARD_ROOM_BYTES ((size_t)1280 << 10)

struct board_head;

struct board {
    struct job *job; // of who made it; in other processes its own
    struct board_head *head;
    size_t bytes;
    int fd;
    char path[48];
    struct places places; // as they lie in the shared memory
    struct matrix matrix; // the shared one; n is 0 when there is none
};

// Shares the places of a job, with so many rooms. Returns 0 or a negative errno value.
int board_create(struct board *board, struct job *job, size_t rooms);
void board_destroy(struct board *board);

// A number that no other board of this process has had.
uint64_t board_id(const struct board *board);

// Whether the piece is sure to fit into a room.
bool board_fits(const struct board *board, const struct piece *piece);

// Calculates a piece of the board at `path` into a room, or into the shared matrix. Returns the
// bytes of text in the room, or a negative errno value: -ESTALE when the board is gone.
int64_t board_calculate(const char *path, uint64_t id, const struct piece *piece, uint32_t room);

// Puts out what board_calculate has left and returned.
void board_put_out(struct board *board, const struct piece *piece, uint32_t room, int64_t used);

#endif
