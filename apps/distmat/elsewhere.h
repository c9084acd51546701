// Pieces that any process may calculate: what the runners of processes have in common.
//
// Invariant: at most `rooms` pieces are under way; piece i uses room i % rooms until it has been
// put out. Start reading at calculate_elsewhere.
#ifndef DISTMAT_ELSEWHERE_H
#define DISTMAT_ELSEWHERE_H

#include <tenon.h>

#include "board.h"

// Calculates a piece of a board into one of its rooms; board_calculate says what it returns.
TN_DFRAME_DECLARE(int64_t, calculate_elsewhere, (tn_text, path), (uint64_t, id),
                  (uint64_t, destination), (uint64_t, origin), (uint64_t, pairs), (uint32_t, room));

// The job of a runner, cut into pieces for other processes.
struct elsewhere {
    struct job *job;
    struct board board;
    struct piece *pieces; // one for each room
    size_t rooms;
    size_t begun; // pieces so far
    size_t ended; // pieces so far
};

// Shares the job, with rooms enough to keep every process at work. Returns 0 or a negative errno
// value; elsewhere_deinit takes either.
int elsewhere_init(struct elsewhere *elsewhere, struct job *job);
void elsewhere_deinit(struct elsewhere *elsewhere);

// Plans the next piece, if there is one and a room for it; its number is `begun` then, less one.
bool elsewhere_plan(struct elsewhere *elsewhere);

// Puts out the oldest piece that is under way, of which calculate_elsewhere returned `used`.
void elsewhere_put_out(struct elsewhere *elsewhere, int64_t used);

// Calculates that piece here, because the process that had it is gone. Returns the same.
int64_t elsewhere_again(struct elsewhere *elsewhere);

// Runs `root` with the processes that the job asks for. Returns what tn_run does.
#define ELSEWHERE_RUN(job)                                                                         \
    TN_RUN(.num_threads = (job)->threads, .num_processes = elsewhere_processes(job))
int elsewhere_processes(struct job *job);

#endif
