// Cuts the work, calculates pieces, puts them out. Rows of text are written straight into the
// slot: origin with its comma, destination with its comma, the number, CR LF.
//
// Invariant: a slot's text never outgrows the bound that slot_reserve works out from the names.
// Start reading at job_calculate.
#include "job.h"

#include "format.h"

#include <tenon.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Distances on their way from a calculator to the text; small enough for any frame's stack.
#define DISTANCES_AT_ONCE 256

// About 40 KB of text: many pieces for few threads, and all of them stay in the cache.
#define CSV_PIECE_PAIRS 1024
// A chord matrix fills a piece in some 50 microseconds, a haversine one in 2 milliseconds.
#define MATRIX_PIECE_PAIRS 65536
// Very long names make smaller pieces.
#define PIECE_BYTES_MAX (1 << 20)

void job_init(struct job *job) {
    job->destination = 0;
    job->origin = 0;
    job->pairs = 0;
    job->error = 0;
    job->piece_pairs = job->matrix != NULL ? MATRIX_PIECE_PAIRS : CSV_PIECE_PAIRS;
}

// How many pairs a destination has: earlier places only, or all places in a matrix.
static size_t row_pairs(const struct job *job, size_t destination) {
    return job->matrix != NULL ? job->places->count : destination;
}

// A bound on the text of the pairs of one destination with origins first to end.
static size_t text_bytes_max(const struct places *places, size_t destination, size_t first,
                             size_t end) {
    size_t each = places_name_bytes(places, destination, destination + 1) + FORMAT_BYTES_MAX + 2;
    return places_name_bytes(places, first, end) + (end - first) * each;
}

// The largest stretch of origins of one destination that fits; at least one.
static size_t fitting(const struct job *job, size_t count, size_t bytes) {
    if (job->matrix != NULL) {
        return count;
    }
    while (count > 1 && text_bytes_max(job->places, job->destination, job->origin,
                                       job->origin + count) > bytes) {
        count = (count + 1) / 2;
    }
    return count;
}

bool job_plan(struct job *job, struct piece *piece) {
    size_t bytes = PIECE_BYTES_MAX;
    piece->pairs = 0;
    while (job->destination < job->places->count && piece->pairs < job->piece_pairs) {
        size_t row = row_pairs(job, job->destination);
        if (job->origin == row) {
            job->destination++;
            job->origin = 0;
            continue;
        }
        size_t wanted = job->piece_pairs - piece->pairs;
        wanted = wanted < row - job->origin ? wanted : row - job->origin;
        size_t count = fitting(job, wanted, bytes);
        size_t used = job->matrix != NULL ? 0
                                          : text_bytes_max(job->places, job->destination,
                                                           job->origin, job->origin + count);
        if (piece->pairs > 0 && used > bytes) {
            break;
        }
        if (piece->pairs == 0) {
            piece->destination = job->destination;
            piece->origin = job->origin;
        }
        piece->pairs += count;
        job->origin += count;
        bytes -= used < bytes ? used : bytes;
    }
    return piece->pairs > 0;
}

// Walks a piece, one destination at a time: sets the stretch and returns true until none is left.
static bool next_stretch(const struct job *job, struct piece *rest, size_t count_max,
                         struct stretch *stretch) {
    while (rest->pairs > 0 && rest->origin == row_pairs(job, rest->destination)) {
        rest->destination++;
        rest->origin = 0;
    }
    if (rest->pairs == 0) {
        return false;
    }
    size_t count = row_pairs(job, rest->destination) - rest->origin;
    count = count < rest->pairs ? count : rest->pairs;
    count = count < count_max ? count : count_max;
    *stretch =
        (struct stretch){job->places, rest->destination, rest->origin, count, job->radius_km};
    rest->origin += count;
    rest->pairs -= count;
    return true;
}

size_t job_text_bytes_max(const struct job *job, const struct piece *piece) {
    size_t bytes = FORMAT_ROOM_BYTES + 16;
    struct piece rest = *piece;
    struct stretch stretch;
    while (next_stretch(job, &rest, SIZE_MAX, &stretch)) {
        bytes += text_bytes_max(job->places, stretch.destination, stretch.origin,
                                stretch.origin + stretch.count);
    }
    return bytes;
}

static int slot_reserve(const struct job *job, struct slot *slot) {
    const size_t bytes = job_text_bytes_max(job, &slot->piece);
    slot->text_bytes = 0;
    if (bytes <= slot->text_capacity) {
        return 0;
    }
    free(slot->text);
    slot->text = malloc(bytes);
    slot->text_capacity = slot->text != NULL ? bytes : 0;
    return slot->text != NULL ? 0 : -ENOMEM;
}

// Sixteen bytes at a time: names are short, both sides have room behind them, and what was written
// too far is overwritten by what follows.
static char *copy_name(char *out, const char *name, size_t bytes) {
    memcpy(out, name, 16);
    for (size_t i = 16; i < bytes; i += 16) {
        memcpy(out + i, name + i, 16);
    }
    return out + bytes;
}

static char *write_rows(char *out, const struct stretch *stretch, const double *distances) {
    const struct places *places = stretch->places;
    const char *destination = places->names + places->name_end[stretch->destination];
    size_t destination_bytes =
        places_name_bytes(places, stretch->destination, stretch->destination + 1);
    const size_t *name_end = places->name_end + stretch->origin;
    for (size_t i = 0; i < stretch->count; i++) {
        out = copy_name(out, places->names + name_end[i], name_end[i + 1] - name_end[i]);
        out = copy_name(out, destination, destination_bytes);
        out += format_double(out, distances[i]);
        memcpy(out, "\r\n", 2);
        out += 2;
    }
    return out;
}

static void fill_matrix(const struct job *job, struct slot *slot) {
    struct piece rest = slot->piece;
    struct stretch stretch;
    while (next_stretch(job, &rest, SIZE_MAX, &stretch)) {
        double *row = job->matrix->rows + stretch.destination * job->matrix->n;
        calculator_fill(job->calculator, &stretch, row + stretch.origin);
    }
}

static void calculate(const struct job *job, struct slot *slot) {
    slot->error = 0;
    if (job->matrix != NULL) {
        fill_matrix(job, slot);
        return;
    }
    slot->error = slot_reserve(job, slot);
    if (slot->error < 0) {
        return;
    }
    double distances[DISTANCES_AT_ONCE];
    struct piece rest = slot->piece;
    struct stretch stretch;
    char *out = slot->text;
    while (next_stretch(job, &rest, DISTANCES_AT_ONCE, &stretch)) {
        job->calculator->calculate(&stretch, distances);
        out = write_rows(out, &stretch, distances);
    }
    slot->text_bytes = (size_t)(out - slot->text);
}

void job_calculate(const struct job *job, struct slot *slot) {
    const struct span span = profile_begin(job->profile);
    calculate(job, slot);
    profile_work(job->profile, &span, "calculate");
}

void job_distances(const struct job *job, const struct piece *piece, double *distances) {
    struct piece rest = *piece;
    struct stretch stretch;
    while (next_stretch(job, &rest, SIZE_MAX, &stretch)) {
        job->calculator->calculate(&stretch, distances);
        distances += stretch.count;
    }
}

void job_format(const struct job *job, struct slot *slot, const double *distances) {
    slot->error = job->matrix == NULL ? slot_reserve(job, slot) : 0;
    if (slot->error < 0) {
        return;
    }
    struct piece rest = slot->piece;
    struct stretch stretch;
    char *out = slot->text;
    while (next_stretch(job, &rest, SIZE_MAX, &stretch)) {
        if (job->matrix != NULL) {
            double *row = job->matrix->rows + stretch.destination * job->matrix->n;
            memcpy(row + stretch.origin, distances, stretch.count * sizeof *distances);
        } else {
            out = write_rows(out, &stretch, distances);
        }
        distances += stretch.count;
    }
    slot->text_bytes = (size_t)(out - slot->text);
}

double job_distance(const struct job *job, const struct piece *piece, size_t i) {
    size_t destination = piece->destination;
    size_t origin = piece->origin + i;
    while (origin >= row_pairs(job, destination)) {
        origin -= row_pairs(job, destination);
        destination++;
    }
    struct stretch stretch = {job->places, destination, origin, 1, job->radius_km};
    double distance;
    const struct span span = profile_begin(job->profile);
    job->calculator->calculate(&stretch, &distance);
    profile_work(job->profile, &span, "calculate");
    return distance;
}

void job_pause(const struct job *job, size_t rows) {
    const double seconds = job->fake_io_seconds * (double)rows;
    if (seconds <= 0) {
        return;
    }
    const struct span span = profile_begin(job->profile);
    if (tn_thread_index() >= 0) {
        (void)tn_sleep(tn_current(), seconds); // who has to end hears of it at the next wait
    } else {
        tn_block(seconds);
    }
    profile_wait(job->profile, &span, "fake I/O");
}

void job_put_out(struct job *job, struct slot *slot) {
    if (job->error == 0) {
        job->error = slot->error;
    }
    if (job->error == 0) {
        job_pause(job, slot->piece.pairs);
    }
    if (job->error == 0 && job->matrix == NULL) {
        const struct span span = profile_begin(job->profile);
        job->error = output_write(job->output, slot->text, slot->text_bytes);
        profile_work(job->profile, &span, "write");
    }
    if (job->error == 0) {
        job->pairs += slot->piece.pairs;
        progress_add(job->progress, slot->piece.pairs);
    }
}

uint64_t job_total(const struct job *job) {
    uint64_t n = job->places->count;
    return job->matrix != NULL ? n * n : n > 0 ? n * (n - 1) / 2 : 0;
}

void job_free_slots(struct slot *slots, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(slots[i].text);
        slots[i] = (struct slot){0};
    }
}
