// Maps the matrix. A .npy file is a magic number, a length and a Python dictionary as text, padded
// so that the numbers begin at a multiple of 64; see NumPy's description of the format.
// Invariant: see matrix.h. Start reading at matrix_map_file.
#include "matrix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEADER_BYTES 128

static int matrix_bytes(size_t n, size_t extra, size_t *bytes) {
    if (__builtin_mul_overflow(n, n, bytes) || __builtin_mul_overflow(*bytes, 8, bytes) ||
        __builtin_add_overflow(*bytes, extra, bytes)) {
        return -EFBIG;
    }
    return *bytes > PTRDIFF_MAX ? -EFBIG : 0;
}

static void begin(struct matrix *matrix) {
    *matrix = (struct matrix){.fd = -1};
}

int matrix_map_memory(struct matrix *matrix, size_t n) {
    begin(matrix);
    int error = matrix_bytes(n, 0, &matrix->mapping_bytes);
    if (error < 0 || n == 0) {
        return error;
    }
    void *mapping = mmap(NULL, matrix->mapping_bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) {
        return -errno;
    }
    // Fewer faults and fewer misses where the system has large pages to give; else no harm.
    (void)madvise(mapping, matrix->mapping_bytes, MADV_HUGEPAGE);
    matrix->n = n;
    matrix->rows = mapping;
    matrix->mapping = mapping;
    return 0;
}

int matrix_map_shared(struct matrix *matrix, size_t n) {
    begin(matrix);
    int error = matrix_bytes(n, 0, &matrix->mapping_bytes);
    if (error < 0 || n == 0) {
        return error;
    }
    matrix->fd = memfd_create("distmat matrix", MFD_CLOEXEC);
    matrix->owns_fd = matrix->fd >= 0;
    void *mapping = MAP_FAILED;
    if (matrix->owns_fd && ftruncate(matrix->fd, (off_t)matrix->mapping_bytes) == 0) {
        mapping = mmap(NULL, matrix->mapping_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, matrix->fd,
                       0);
    }
    if (mapping == MAP_FAILED) {
        error = -errno;
        matrix_unmap(matrix);
        return error;
    }
    (void)madvise(mapping, matrix->mapping_bytes, MADV_HUGEPAGE);
    matrix->n = n;
    matrix->rows = mapping;
    matrix->mapping = mapping;
    return 0;
}

size_t matrix_rows_at(const struct matrix *matrix) {
    return (size_t)((const char *)matrix->rows - (const char *)matrix->mapping);
}

static void write_header(char *header, size_t n) {
    memset(header, ' ', HEADER_BYTES);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    uint16_t rest = HEADER_BYTES - 10;
    header[8] = (char)(rest & 0xff);
    header[9] = (char)(rest >> 8);
    const char *order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "<" : ">";
    int length =
        snprintf(header + 10, HEADER_BYTES - 10,
                 "{'descr': '%sf8', 'fortran_order': False, 'shape': (%zu, %zu), }", order, n, n);
    header[10 + length] = ' ';
    header[HEADER_BYTES - 1] = '\n';
}

int matrix_map_file(struct matrix *matrix, size_t n, struct output *output) {
    begin(matrix);
    if (output->is_stream) {
        return -ESPIPE;
    }
    int error = matrix_bytes(n, HEADER_BYTES, &matrix->mapping_bytes);
    if (error < 0) {
        return error;
    }
    // Room first: a mapped file that outgrows its disk would be killed by SIGBUS.
    error = posix_fallocate(output->fd, 0, (off_t)matrix->mapping_bytes);
    if (error != 0) {
        return -error;
    }
    char *mapping =
        mmap(NULL, matrix->mapping_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, output->fd, 0);
    if (mapping == MAP_FAILED) {
        return -errno;
    }
    write_header(mapping, n);
    matrix->n = n;
    matrix->mapping = mapping;
    matrix->rows = (double *)(void *)(mapping + HEADER_BYTES);
    matrix->fd = output->fd;
    return 0;
}

void matrix_unmap(struct matrix *matrix) {
    if (matrix->mapping != NULL) {
        munmap(matrix->mapping, matrix->mapping_bytes);
    }
    if (matrix->owns_fd) {
        close(matrix->fd);
    }
    begin(matrix);
}
