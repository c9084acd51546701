// Prints faults of the input. Invariant: one line each, whatever the detail holds.
// Start reading at fault_report.
#include "fault.h"

#include <stdio.h>

#define DETAIL_BYTES_SHOWN 40

// Control characters would let a file write into the terminal.
static void print_detail(const char *detail) {
    fputs(": \"", stderr);
    for (size_t i = 0; detail[i] != '\0'; i++) {
        if (i == DETAIL_BYTES_SHOWN) {
            fputs("...", stderr);
            break;
        }
        unsigned char c = (unsigned char)detail[i];
        fputc(c < ' ' || c == 0x7f ? '?' : c, stderr);
    }
    fputc('"', stderr);
}

void fault_report(size_t row, const char *path, size_t line, size_t column, const char *reason,
                  const char *detail) {
    if (row > FAULT_ROWS_SHOWN) {
        return;
    }
    fprintf(stderr, "%s:%zu:%zu: %s", path, line, column, reason);
    if (detail != NULL) {
        print_detail(detail);
    }
    fputc('\n', stderr);
}

void fault_summary(size_t rows, const char *path) {
    if (rows > FAULT_ROWS_SHOWN) {
        fprintf(stderr, "%s: ... and %zu more\n", path, rows - FAULT_ROWS_SHOWN);
    }
    fprintf(stderr, "distmat: %s: %zu malformed row%s; no output was written\n", path, rows,
            rows == 1 ? "" : "s");
}
