// Numbers out of CSV fields, as Python's float() takes them: spaces around, a sign, decimals, an
// exponent, inf; no hexadecimal. Invariant: independent of the locale. Start at number_parse.
#ifndef DISTMAT_NUMBER_H
#define DISTMAT_NUMBER_H

#include <stddef.h>

enum number {
    NUMBER_OK,   // *value holds it; it may be infinite
    NUMBER_NAN,  // written as nan
    NUMBER_NONE, // not a number at all, or more than one
};

// `text` has `bytes` bytes and a zero behind them. The nearest double is stored.
enum number number_parse(const char *text, size_t bytes, double *value);

#endif
