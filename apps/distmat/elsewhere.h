// Pieces that any process may calculate: what the runners of processes have in common. They differ
// in how a piece is handed in, and how its result is taken.
//
// Invariant: at most `rooms` pieces are under way; piece i has room and handle i % rooms until it
// has been put out. Start reading at elsewhere_work.
#ifndef DISTMAT_ELSEWHERE_H
#define DISTMAT_ELSEWHERE_H

#include <tenon.h>

#include "board.h"

// Calculates a piece of a board into one of its rooms; board_calculate says what it returns.
TN_DFRAME_DECLARE(int64_t, calculate_elsewhere, (tn_text, path), (uint64_t, id),
                  (uint64_t, destination), (uint64_t, origin), (uint64_t, pairs), (uint32_t, room));

// Its arguments, for tn_spawn and tn_submit.
#define ELSEWHERE_ARGUMENTS(board, piece, room)                                                    \
    tn_text_of((board)->path), board_id(board), (piece)->destination, (piece)->origin,             \
        (piece)->pairs, (room)

// What a runner does with one piece; `handle` points to its own, handle_bytes of them.
struct elsewhere_way {
    size_t handle_bytes;
    void (*begin)(struct tn_self *self, void *upper, const struct board *board,
                  const struct piece *piece, uint32_t room, void *handle);
    // Waits for what calculate_elsewhere returns, *used. Returns TN_OK, or how the frame ended.
    int (*take)(struct tn_self *self, void *handle, int64_t *used);
};

// Does the job, in a frame of the runner's. The piece of a process that is lost is calculated
// again, here. Returns TN_OK, also when the output failed (job->error), or how a piece ended.
int elsewhere_work(struct tn_self *self, struct job *job, const struct elsewhere_way *way,
                   void *upper);

// The options of a run for the job: as many processes as it asks for, or as there are CPUs to use.
#define ELSEWHERE_RUN(job)                                                                         \
    TN_RUN(.num_threads = (job)->threads, .num_processes = elsewhere_processes(job))
int elsewhere_processes(struct job *job);

#endif
