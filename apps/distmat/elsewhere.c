// See elsewhere.h. A piece that is too long for a room is calculated here, in its turn.
#include "elsewhere.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOMS_PER_PROCESS 8
// A piece is a larger one than for threads, about a millisecond: the way there and back costs more.
#define CSV_PIECE_PAIRS 8192
#define MATRIX_PIECE_PAIRS ((size_t)1 << 20)
#define PATH_BYTES 64

TN_DFRAME_DEFINE(int64_t, calculate_elsewhere, (tn_text, path), (uint64_t, id),
                 (uint64_t, destination), (uint64_t, origin), (uint64_t, pairs), (uint32_t, room)) {
    char name[PATH_BYTES];
    const struct piece piece = {destination, origin, pairs};
    const int length = snprintf(name, sizeof name, "%.*s", (int)path.count, path.data);
    return length < PATH_BYTES ? board_calculate(name, id, &piece, room) : -ENAMETOOLONG;
}

int elsewhere_processes(struct job *job) {
    if (job->processes == 0) {
        cpu_set_t cpus;
        const bool is_known = sched_getaffinity(0, sizeof cpus, &cpus) == 0;
        job->processes = is_known ? CPU_COUNT(&cpus) : 2;
    }
    return job->processes;
}

int elsewhere_init(struct elsewhere *elsewhere, struct job *job) {
    const size_t rooms = ROOMS_PER_PROCESS * ((size_t)job->processes + 1);
    *elsewhere = (struct elsewhere){.job = job, .rooms = rooms, .board = {.fd = -1}};
    elsewhere->pieces = calloc(rooms, sizeof *elsewhere->pieces);
    if (elsewhere->pieces == NULL) {
        return -ENOMEM;
    }
    if (job->matrix == NULL) {
        job->piece_pairs = CSV_PIECE_PAIRS;
    } else if (job->matrix->fd >= 0) {
        job->piece_pairs = MATRIX_PIECE_PAIRS;
    }
    return board_create(&elsewhere->board, job, rooms);
}

void elsewhere_deinit(struct elsewhere *elsewhere) {
    board_destroy(&elsewhere->board);
    free(elsewhere->pieces);
}

// Everything before it is put out already, so the order stands.
static void calculate_here(struct elsewhere *elsewhere, const struct piece *piece) {
    struct slot slot = {.piece = *piece};
    job_calculate(elsewhere->job, &slot);
    job_put_out(elsewhere->job, &slot);
    job_free_slots(&slot, 1);
}

bool elsewhere_plan(struct elsewhere *elsewhere) {
    struct job *job = elsewhere->job;
    struct piece *piece = &elsewhere->pieces[elsewhere->begun % elsewhere->rooms];
    while (job->error == 0 && elsewhere->begun < elsewhere->ended + elsewhere->rooms) {
        struct job before = *job;
        if (!job_plan(job, piece)) {
            return false;
        }
        if (board_fits(&elsewhere->board, piece)) {
            elsewhere->begun++;
            return true;
        }
        if (elsewhere->ended < elsewhere->begun) { // not its turn yet
            job->destination = before.destination;
            job->origin = before.origin;
            return false;
        }
        calculate_here(elsewhere, piece);
    }
    return false;
}

int64_t elsewhere_again(struct elsewhere *elsewhere) {
    const struct board *board = &elsewhere->board;
    const size_t room = elsewhere->ended % elsewhere->rooms;
    return board_calculate(board->path, board_id(board), &elsewhere->pieces[room], (uint32_t)room);
}

void elsewhere_put_out(struct elsewhere *elsewhere, int64_t used) {
    const size_t room = elsewhere->ended % elsewhere->rooms;
    board_put_out(&elsewhere->board, &elsewhere->pieces[room], (uint32_t)room, used);
    elsewhere->ended++;
}
