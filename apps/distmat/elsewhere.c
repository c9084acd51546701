// See elsewhere.h. A piece that is too long for a room is calculated here, in its turn.
#include "elsewhere.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOMS_PER_PROCESS 8
// A piece is about a millisecond: the way there and back costs more than to another thread, but a
// small job is to have pieces for all.
#define CSV_PIECE_PAIRS 8192
// Of a matrix, by whether the calculator keeps up with memory (chord) or not (haversine).
#define MATRIX_FAST_PIECE_PAIRS ((size_t)1 << 20)
#define MATRIX_PIECE_PAIRS 16384
#define PATH_BYTES 64

struct elsewhere {
    struct job *job;
    struct board board;
    struct piece *pieces;
    unsigned char *handles;
    size_t rooms;
    size_t begun; // pieces so far
    size_t ended; // pieces so far
};

TN_DFRAME_DEFINE(int64_t, calculate_elsewhere, (tn_text, path), (uint64_t, id),
                 (uint64_t, destination), (uint64_t, origin), (uint64_t, pairs), (uint32_t, room)) {
    char name[PATH_BYTES];
    const struct piece piece = {destination, origin, pairs};
    const int length = snprintf(name, sizeof name, "%.*s", (int)path.count, path.data);
    return length < PATH_BYTES ? board_calculate(name, id, &piece, room) : -ENAMETOOLONG;
}

TN_PFRAME(int, count_threads) {
    return tn_thread_count();
}

int elsewhere_processes(struct job *job) {
    if (job->processes == 0 && tn_run(count_threads, &job->processes) != TN_OK) {
        job->processes = 1;
    }
    return job->processes;
}

static int init(struct elsewhere *elsewhere, struct job *job, size_t handle_bytes) {
    const size_t rooms = ROOMS_PER_PROCESS * ((size_t)job->processes + 1);
    *elsewhere = (struct elsewhere){.job = job, .rooms = rooms, .board = {.fd = -1}};
    elsewhere->pieces = calloc(rooms, sizeof *elsewhere->pieces);
    elsewhere->handles = calloc(rooms, handle_bytes);
    if (elsewhere->pieces == NULL || elsewhere->handles == NULL) {
        return -ENOMEM;
    }
    if (job->matrix == NULL) {
        job->piece_pairs = CSV_PIECE_PAIRS;
    } else if (job->matrix->fd >= 0) {
        job->piece_pairs =
            job->calculator->calculate_far != NULL ? MATRIX_FAST_PIECE_PAIRS : MATRIX_PIECE_PAIRS;
    }
    return board_create(&elsewhere->board, job, rooms);
}

static void deinit(struct elsewhere *elsewhere) {
    board_destroy(&elsewhere->board);
    free(elsewhere->pieces);
    free(elsewhere->handles);
}

// Everything before it is put out already, so the order stands.
static void calculate_here(struct elsewhere *elsewhere, const struct piece *piece) {
    struct slot slot = {.piece = *piece};
    job_calculate(elsewhere->job, &slot);
    job_put_out(elsewhere->job, &slot);
    job_free_slots(&slot, 1);
}

// Plans the next piece, if there is one, and a room for it: number `begun`.
static bool plan(struct elsewhere *elsewhere) {
    struct job *job = elsewhere->job;
    struct piece *piece = &elsewhere->pieces[elsewhere->begun % elsewhere->rooms];
    while (job->error == 0 && elsewhere->begun < elsewhere->ended + elsewhere->rooms) {
        const size_t destination = job->destination;
        const size_t origin = job->origin;
        if (!job_plan(job, piece)) {
            return false;
        }
        if (board_fits(&elsewhere->board, piece)) {
            return true;
        }
        if (elsewhere->ended < elsewhere->begun) { // not its turn yet
            job->destination = destination;
            job->origin = origin;
            return false;
        }
        calculate_here(elsewhere, piece);
    }
    return false;
}

static void begin(struct tn_self *self, struct elsewhere *elsewhere,
                  const struct elsewhere_way *way, void *upper) {
    const size_t room = elsewhere->begun++ % elsewhere->rooms;
    way->begin(self, upper, &elsewhere->board, &elsewhere->pieces[room], (uint32_t)room,
               elsewhere->handles + room * way->handle_bytes);
}

// Waits for the oldest piece that is under way, and puts it out.
static int end(struct tn_self *self, struct elsewhere *elsewhere, const struct elsewhere_way *way) {
    struct board *board = &elsewhere->board;
    const size_t room = elsewhere->ended % elsewhere->rooms;
    const struct piece *piece = &elsewhere->pieces[room];
    int64_t used = 0;
    int code = way->take(self, elsewhere->handles + room * way->handle_bytes, &used);
    if (code == TN_LOST) {
        used = board_calculate(board->path, board_id(board), piece, (uint32_t)room);
        code = TN_OK;
    }
    if (code == TN_OK) {
        board_put_out(board, piece, (uint32_t)room, used);
        elsewhere->ended++;
    }
    return code;
}

int elsewhere_work(struct tn_self *self, struct job *job, const struct elsewhere_way *way,
                   void *upper) {
    struct elsewhere elsewhere;
    int code = TN_OK;
    job->threads = tn_thread_count();
    job->error = init(&elsewhere, job, way->handle_bytes);
    do {
        while (plan(&elsewhere)) {
            begin(self, &elsewhere, way, upper);
        }
        if (elsewhere.ended < elsewhere.begun) {
            code = end(self, &elsewhere, way);
        }
    } while (code == TN_OK && elsewhere.ended < elsewhere.begun);
    deinit(&elsewhere);
    return code;
}
