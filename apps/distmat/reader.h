// Reads places from CSV: name, latitude, longitude, further columns ignored; no header row.
//
// The text is read whole, then parsed in batches, so a caller may calculate between two of them.
// Every malformed row is named on standard error as FILE:LINE:COLUMN: reason (columns count bytes
// from 1), up to a bound; all of them are counted.
//
// Invariant: a row is either added to the places or counted as a fault, and line breaks inside
// quotes do not shift the line numbers of what follows. Start reading at reader_next.
#ifndef DISTMAT_READER_H
#define DISTMAT_READER_H

#include <csv.h>
#include <stdbool.h>
#include <stddef.h>

#include "places.h"

// A position in the text.
struct mark {
    size_t offset;
    size_t line;       // from 1
    size_t line_start; // offset of that line
};

struct reader {
    const char *path; // as in messages
    char *text;
    size_t text_bytes;

    struct mark at;    // the next byte to be parsed
    struct mark row;   // where the current row began
    struct mark quote; // where the open quote stands
    bool is_in_row;    // the row goes on in the next line
    bool is_in_quotes; // because a quote is open
    struct csv_parser parser;

    size_t field; // of the current row, counted from 0
    char *name;
    size_t name_bytes;
    size_t name_capacity;
    double degrees[2]; // latitude, longitude
    bool is_faulty;    // the current row
    size_t faults;     // rows
    int error;         // negative errno value once something failed for good
    struct places *places;
};

// Reads the file, or standard input for "-". Returns 0, or a negative errno value and leaves
// nothing open. `path` must live as long as the reader.
int reader_open(struct reader *reader, const char *path);
void reader_close(struct reader *reader);

// Parses up to `rows_max` further rows into the places. True when there may be more; false at the
// end and on error, see reader->error.
bool reader_next(struct reader *reader, struct places *places, size_t rows_max);

#endif
