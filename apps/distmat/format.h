// Numbers as text, exactly as Python's repr() writes a float: the shortest digits that read back as
// the same double, "2337.0" with a point, "1e-05" and "1e+16" beyond the plain range, nan, inf.
//
// Invariant: strtod of the text is the value again, bit for bit (any nan is "nan").
// Start reading at format_double in format.c.
#ifndef DISTMAT_FORMAT_H
#define DISTMAT_FORMAT_H

#include <stddef.h>

// The longest text is -2.2250738585072014e-308.
#define FORMAT_BYTES_MAX 24

// format_double stores in whole words, so this much room must be writable behind `out`.
#define FORMAT_ROOM_BYTES 40

// Prepares the tables; once, before the first format_double and before any second thread.
void format_start(void);

// Writes the value at `out` and returns the number of bytes that count; no terminating zero.
size_t format_double(char *out, double value);

#endif
