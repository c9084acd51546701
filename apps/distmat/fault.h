// Messages about malformed input, for a person with an editor: FILE:LINE:COLUMN: reason.
// Invariant: at most FAULT_ROWS_SHOWN rows are named in full. Start reading at fault_report.
#ifndef DISTMAT_FAULT_H
#define DISTMAT_FAULT_H

#include <stddef.h>

#define FAULT_ROWS_SHOWN 50

// Prints one fault to standard error. `row` is the number of faulty rows so far, this one included;
// `detail`, shown in quotes and cut if it is long, may be NULL.
void fault_report(size_t row, const char *path, size_t line, size_t column, const char *reason,
                  const char *detail);

// The last line of a list of faults.
void fault_summary(size_t rows, const char *path);

#endif
