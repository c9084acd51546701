// The shared memory lies as one piece: the head, the columns of the places, their names, where each
// name ends, and the rooms. Who opens it works out the same places from what the head says.
//
// A process keeps the board that it has used last, since pieces come by the hundred; a job has one,
// so a board with another id means that the last job is over.
//
// Invariant: see board.h. Start reading at board_calculate.
#include "board.h"

#include "format.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct board_head {
    uint64_t id;
    size_t count;
    size_t name_bytes;
    size_t rooms;
    double radius_km;
    size_t calculator;
    bool is_matrix;
    bool is_matrix_shared;
    char matrix_path[48];
    size_t matrix_rows_at;
    size_t matrix_bytes;
};

// Where the parts lie, in bytes from the beginning.
struct layout {
    size_t column_bytes;
    size_t columns;
    size_t names;
    size_t name_end;
    size_t rooms;
    size_t end;
};

static size_t round_up(size_t bytes) {
    return (bytes + 4095) & ~(size_t)4095;
}

static struct layout lay_out(size_t count, size_t name_bytes, size_t rooms) {
    struct layout layout = {.column_bytes = round_up((count + PLACES_PADDING) * sizeof(double)),
                            .columns = round_up(sizeof(struct board_head))};
    layout.names = layout.columns + PLACES_COLUMNS * layout.column_bytes;
    layout.name_end = layout.names + round_up(name_bytes + PLACES_NAME_PADDING);
    layout.rooms = layout.name_end + round_up((count + 1) * sizeof(size_t));
    layout.end = layout.rooms + rooms * BOARD_ROOM_BYTES;
    return layout;
}

static char *at(const struct board *board, size_t offset) {
    return (char *)board->head + offset;
}

static struct layout layout_of(const struct board *board) {
    return lay_out(board->head->count, board->head->name_bytes, board->head->rooms);
}

static char *room_of(const struct board *board, uint32_t room) {
    return at(board, layout_of(board).rooms + room * BOARD_ROOM_BYTES);
}

// The places as they lie there.
static void find_places(struct board *board) {
    const struct layout layout = layout_of(board);
    struct places *places = &board->places;
    places->count = board->head->count;
    for (int i = 0; i < PLACES_COLUMNS; i++) {
        *places_column(places, i) =
            (double *)(void *)at(board, layout.columns + (size_t)i * layout.column_bytes);
    }
    places->names = at(board, layout.names);
    places->name_end = (size_t *)(void *)at(board, layout.name_end);
}

// ---- who has the job -------------------------------------------------------------------------

static void fill(struct board *board, const struct job *job) {
    struct places *from = job->places;
    struct places *to = &board->places;
    if (from->count == 0) {
        return;
    }
    for (int i = 0; i < PLACES_COLUMNS; i++) {
        memcpy(*places_column(to, i), *places_column(from, i), from->count * sizeof(double));
    }
    memcpy(to->names, from->names, board->head->name_bytes);
    memcpy(to->name_end, from->name_end, (from->count + 1) * sizeof(size_t));
}

static void write_head(struct board_head *head, const struct job *job, size_t rooms) {
    const struct matrix *matrix = job->matrix;
    *head = (struct board_head){.count = job->places->count,
                                .rooms = rooms,
                                .radius_km = job->radius_km,
                                .is_matrix = matrix != NULL,
                                .is_matrix_shared = matrix != NULL && matrix->fd >= 0};
    static _Atomic uint64_t boards;
    head->id = ++boards;
    head->name_bytes = head->count > 0 ? places_name_bytes(job->places, 0, head->count) : 0;
    while (calculator_at(head->calculator) != job->calculator) {
        head->calculator++;
    }
    if (head->is_matrix_shared) {
        (void)snprintf(head->matrix_path, sizeof head->matrix_path, "/proc/%d/fd/%d", getpid(),
                       matrix->fd);
        head->matrix_rows_at = matrix_rows_at(matrix);
        head->matrix_bytes = matrix->mapping_bytes;
    }
}

int board_create(struct board *board, struct job *job, size_t rooms) {
    struct board_head head;
    write_head(&head, job, rooms);
    *board = (struct board){.job = job, .fd = memfd_create("distmat board", MFD_CLOEXEC)};
    board->bytes = lay_out(head.count, head.name_bytes, rooms).end;
    void *memory = MAP_FAILED;
    if (board->fd >= 0 && ftruncate(board->fd, (off_t)board->bytes) == 0) {
        memory = mmap(NULL, board->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, board->fd, 0);
    }
    if (memory == MAP_FAILED) {
        const int error = -errno;
        board_destroy(board);
        return error;
    }
    board->head = memory;
    *board->head = head;
    (void)snprintf(board->path, sizeof board->path, "/proc/%d/fd/%d", getpid(), board->fd);
    find_places(board);
    fill(board, job);
    return 0;
}

void board_destroy(struct board *board) {
    if (board->head != NULL) {
        munmap(board->head, board->bytes);
    }
    if (board->fd >= 0) {
        close(board->fd);
    }
    *board = (struct board){.fd = -1};
}

uint64_t board_id(const struct board *board) {
    return board->head->id;
}

bool board_fits(const struct board *board, const struct piece *piece) {
    const struct board_head *head = board->head;
    const size_t bytes = !head->is_matrix         ? job_text_bytes_max(board->job, piece)
                         : head->is_matrix_shared ? 0
                                                  : piece->pairs * sizeof(double);
    return bytes <= BOARD_ROOM_BYTES;
}

void board_put_out(struct board *board, const struct piece *piece, uint32_t room, int64_t used) {
    struct slot slot = {.piece = *piece, .text = room_of(board, room)};
    slot.error = used < 0 ? (int)used : 0;
    slot.text_bytes = used < 0 ? 0 : (size_t)used;
    if (board->head->is_matrix && !board->head->is_matrix_shared && used >= 0) {
        job_format(board->job, &slot, (const double *)(void *)slot.text);
    }
    job_put_out(board->job, &slot);
}

// ---- who calculates --------------------------------------------------------------------------

// The board that this process has used last.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct board kept = {.fd = -1};
static struct job kept_job;

// Maps the first *bytes of a file, or all of it, *bytes, when that is 0.
static int map_file(const char *path, size_t *bytes, void **memory) {
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    int error = -ESTALE;
    const off_t end = lseek(fd, 0, SEEK_END);
    if (end > 0 && (size_t)end >= *bytes) {
        *bytes = *bytes == 0 ? (size_t)end : *bytes;
        *memory = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        error = *memory == MAP_FAILED ? -errno : 0;
    }
    close(fd);
    return error;
}

static void forget(void) {
    matrix_unmap(&kept.matrix);
    board_destroy(&kept);
}

static int open_matrix(void) {
    const struct board_head *head = kept.head;
    void *memory;
    size_t bytes = head->matrix_bytes;
    const int code = map_file(head->matrix_path, &bytes, &memory);
    if (code < 0) {
        return code;
    }
    kept.matrix = (struct matrix){.n = head->count,
                                  .rows = (double *)(void *)((char *)memory + head->matrix_rows_at),
                                  .mapping = memory,
                                  .mapping_bytes = bytes,
                                  .fd = -1};
    return 0;
}

// Under the lock.
static int open_board(const char *path, uint64_t id) {
    void *memory;
    size_t bytes = 0;
    forget();
    int code = map_file(path, &bytes, &memory);
    if (code < 0) {
        return code;
    }
    kept.head = memory;
    kept.bytes = bytes;
    if (kept.bytes < sizeof *kept.head || kept.head->id != id ||
        kept.bytes < layout_of(&kept).end) {
        forget();
        return -ESTALE;
    }
    format_start();
    find_places(&kept);
    code = kept.head->is_matrix_shared ? open_matrix() : 0;
    if (code < 0) {
        forget();
        return code;
    }
    kept_job = (struct job){.calculator = calculator_at(kept.head->calculator),
                            .radius_km = kept.head->radius_km,
                            .places = &kept.places,
                            .matrix = kept.head->is_matrix ? &kept.matrix : NULL};
    return 0;
}

int64_t board_calculate(const char *path, uint64_t id, const struct piece *piece, uint32_t room) {
    pthread_mutex_lock(&lock);
    const int code = kept.head != NULL && kept.head->id == id ? 0 : open_board(path, id);
    pthread_mutex_unlock(&lock);
    if (code < 0) {
        return code;
    }
    if (kept.head->is_matrix && !kept.head->is_matrix_shared) {
        job_distances(&kept_job, piece, (double *)(void *)room_of(&kept, room));
        return 0;
    }
    struct slot slot = {.piece = *piece};
    if (!kept.head->is_matrix) {
        slot.text = room_of(&kept, room);
        slot.text_capacity = BOARD_ROOM_BYTES;
    }
    job_calculate(&kept_job, &slot);
    return slot.error < 0 ? slot.error : (int64_t)slot.text_bytes;
}
