// What a runner has to do, cut into pieces of work that may be calculated in any order and on any
// thread, and are put out in theirs.
//
// Pairs are counted in the order of the original: for each destination its earlier places, (1,2),
// (1,3), (2,3), (1,4), ... . A matrix has all origins for each destination. A piece is a run of
// consecutive pairs, and a slot is a piece with the room for its text.
//
//     while (job_plan(job, &slot.piece)) {
//         job_calculate(job, &slot);      // any thread, any order
//         job_put_out(job, &slot);        // one at a time, in the order of job_plan
//     }
//
// Invariant: what is put out does not depend on how the pairs were cut or who calculated them.
// Start reading at job_plan.
#ifndef DISTMAT_JOB_H
#define DISTMAT_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calculator.h"
#include "matrix.h"
#include "output.h"
#include "places.h"
#include "profile.h"
#include "progress.h"
#include "reader.h"

// How many places the reader takes at a time where reading and calculating go together.
#define JOB_ROWS_AT_ONCE 64

struct job {
    const struct calculator *calculator;
    double radius_km;
    int threads; // asked for; 0: as many as the machine gives. A parallel runner tells its own
    int processes; // the same of those beside this one, for runners that use any
    struct places *places;
    struct reader *reader; // NULL when all places are there already
    struct output *output; // CSV goes here, or
    struct matrix *matrix; // the matrix here; NULL for CSV
    struct progress *progress;
    struct profile *profile; // NULL: nobody asks
    double fake_io_seconds;  // what each row read and each row written is to take besides

    // Where job_plan stands: the next pair.
    size_t destination;
    size_t origin;
    size_t piece_pairs; // how many pairs a piece has at most

    uint64_t pairs; // put out so far
    int error;      // the first failure; nothing is put out after it
};

struct piece {
    size_t destination; // of the first pair
    size_t origin;
    size_t pairs;
};

struct slot {
    struct piece piece;
    char *text;
    size_t text_bytes;
    size_t text_capacity;
    int error;
};

// Fills in what the caller leaves at zero, once output or matrix are set.
void job_init(struct job *job);

// The next piece of the places known so far. False when their pairs have all been planned.
bool job_plan(struct job *job, struct piece *piece);

// Calculates a piece, into the matrix or as text into the slot; errors are kept in the slot.
// From any thread, as long as no place is added meanwhile.
void job_calculate(const struct job *job, struct slot *slot);

// The same with distances that are there already, one for each pair of the piece.
void job_format(const struct job *job, struct slot *slot, const double *distances);

// Calculates a piece into `distances`, one for each pair. From any thread.
void job_distances(const struct job *job, const struct piece *piece, double *distances);

// A bound on the bytes of a piece's text, the room included that a slot needs behind it.
size_t job_text_bytes_max(const struct job *job, const struct piece *piece);

// One single distance of a piece: pair `i`, counted from the first one.
double job_distance(const struct job *job, const struct piece *piece, size_t i);

// Puts a calculated piece out. After an error, here or in the slot, it only keeps the first one.
void job_put_out(struct job *job, struct slot *slot);

// Waits as long as so many rows are to take besides: the frame, or, outside of a run, the thread.
void job_pause(const struct job *job, size_t rows);

// The number of pairs of all places known so far.
uint64_t job_total(const struct job *job);

// Slots start zeroed; this frees what they gathered.
void job_free_slots(struct slot *slots, size_t count);

#endif
