// Feeds the text to libcsv line by line, so that the line of every field is known, and turns its
// rows into places. Where exactly a field begins is looked up again only for a message.
//
// libcsv accepts anything between quotes and forgives everything after them; both are told here:
// lines with quotes are checked before they are fed.
//
// Invariant: see reader.h. Start reading at reader_next, then take_field and take_row.
#include "reader.h"

#include "fault.h"
#include "number.h"
#include "slurp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const field_names[3] = {"name", "latitude", "longitude"};

// Spaces belong to the fields, as in the original.
static int no_space(unsigned char c) {
    (void)c;
    return 0;
}

static void start_parser(struct reader *reader) {
    csv_init(&reader->parser, CSV_APPEND_NULL);
    csv_set_space_func(&reader->parser, no_space);
    reader->field = 0;
    reader->is_faulty = false;
    reader->is_in_row = false;
    reader->is_in_quotes = false;
}

int reader_open(struct reader *reader, const char *path) {
    memset(reader, 0, sizeof *reader);
    int error = slurp(path, &reader->text, &reader->text_bytes);
    if (error < 0) {
        return error;
    }
    reader->path = strcmp(path, "-") == 0 ? "standard input" : path;
    reader->at.line = 1;
    start_parser(reader);
    return 0;
}

void reader_close(struct reader *reader) {
    csv_free(&reader->parser);
    free(reader->text);
    free(reader->name);
}

// The next line of the text without moving on, line end included (LF, CR LF or CR).
static size_t line_bytes(const struct reader *reader) {
    const char *line = reader->text + reader->at.offset;
    size_t rest = reader->text_bytes - reader->at.offset;
    const char *newline = memchr(line, '\n', rest);
    size_t bytes = newline != NULL ? (size_t)(newline - line) + 1 : rest;
    const char *carriage = memchr(line, '\r', bytes);
    if (carriage == NULL || carriage + 1 == newline) {
        return bytes;
    }
    return (size_t)(carriage - line) + 1;
}

static void move_on(struct reader *reader, size_t bytes) {
    reader->at.offset += bytes;
    reader->at.line++;
    reader->at.line_start = reader->at.offset;
}

static void fault_at(struct reader *reader, const struct mark *mark, const char *reason,
                     const char *detail) {
    if (!reader->is_faulty) {
        reader->is_faulty = true;
        reader->faults++;
    }
    fault_report(reader->faults, reader->path, mark->line, mark->offset - mark->line_start + 1,
                 reason, detail);
}

// Looks up where the given field of the current row begins.
static struct mark find_field(const struct reader *reader, size_t field) {
    struct mark mark = reader->row;
    bool is_open = false;
    bool was_closed = false; // by the byte before: a quote now would be the second of a pair
    bool at_start = true;
    while (field > 0 && mark.offset < reader->text_bytes) {
        char c = reader->text[mark.offset++];
        bool opens = c == '"' && (at_start || was_closed);
        was_closed = c == '"' && is_open;
        is_open = opens || (is_open && c != '"');
        at_start = c == ',' && !is_open;
        field -= at_start;
        if (c == '\n' || (c == '\r' && reader->text[mark.offset] != '\n')) {
            mark.line++;
            mark.line_start = mark.offset;
        }
    }
    return mark;
}

static void fault_in_field(struct reader *reader, size_t field, const char *reason,
                           const char *detail) {
    struct mark mark = find_field(reader, field);
    fault_at(reader, &mark, reason, detail);
}

static int keep_name(struct reader *reader, const char *text, size_t bytes) {
    if (bytes > reader->name_capacity) {
        char *name = realloc(reader->name, 2 * bytes);
        if (name == NULL) {
            return -ENOMEM;
        }
        reader->name = name;
        reader->name_capacity = 2 * bytes;
    }
    if (bytes > 0) {
        memcpy(reader->name, text, bytes);
    }
    reader->name_bytes = bytes;
    return 0;
}

static void take_degrees(struct reader *reader, const char *text, size_t bytes) {
    size_t field = reader->field;
    double limit = field == 1 ? 90 : 180;
    double *degrees = &reader->degrees[field - 1];
    char reason[96];
    switch (number_parse(text, bytes, degrees)) {
    case NUMBER_NONE:
        snprintf(reason, sizeof reason, "%s is not a number", field_names[field]);
        fault_in_field(reader, field, reason, text);
        return;
    case NUMBER_NAN:
        snprintf(reason, sizeof reason, "%s is NaN", field_names[field]);
        fault_in_field(reader, field, reason, text);
        return;
    case NUMBER_OK:
        break;
    }
    if (*degrees < -limit || *degrees > limit) {
        snprintf(reason, sizeof reason, "%s must be between -%g and %g inclusive",
                 field == 1 ? "Latitude" : "Longitude", limit, limit);
        fault_in_field(reader, field, reason, text);
    }
}

// libcsv has a field; the text ends with a zero.
static void take_field(void *text, size_t bytes, void *context) {
    struct reader *reader = context;
    if (reader->field == 0 && keep_name(reader, text, bytes) < 0) {
        reader->error = -ENOMEM;
    } else if (reader->field == 1 || reader->field == 2) {
        take_degrees(reader, text, bytes);
    }
    reader->field++;
}

// libcsv has a whole row.
static void take_row(int terminator, void *context) {
    struct reader *reader = context;
    (void)terminator;
    if (reader->field < 3) {
        char reason[64];
        snprintf(reason, sizeof reason, "short row, %s is missing", field_names[reader->field]);
        fault_at(reader, &reader->row, reason, NULL);
    }
    if (!reader->is_faulty && reader->error == 0) {
        reader->error = places_append(reader->places, reader->name, reader->name_bytes,
                                      reader->degrees[0], reader->degrees[1]);
    }
    reader->field = 0;
    reader->is_faulty = false;
    reader->is_in_row = false;
}

// Follows the quotes of one line. False, with a fault, where text stands behind a closing quote.
static bool check_quotes(struct reader *reader, const char *line, size_t bytes) {
    bool at_start = !reader->is_in_quotes;
    for (size_t i = 0; i < bytes; i++) {
        struct mark mark = reader->at;
        mark.offset += i;
        if (reader->is_in_quotes) {
            if (line[i] != '"') {
                continue;
            }
            char next = i + 1 < bytes ? line[i + 1] : '\n';
            if (next == '"') {
                i++;
            } else if (next == ',' || next == '\r' || next == '\n') {
                reader->is_in_quotes = false;
            } else {
                mark.offset++;
                fault_at(reader, &mark, "text behind a closing quote", NULL);
                return false;
            }
        } else if (line[i] == '"' && at_start) {
            reader->is_in_quotes = true;
            reader->quote = mark;
        } else {
            at_start = line[i] == ',';
        }
    }
    return true;
}

static void feed(struct reader *reader, const char *line, size_t bytes) {
    if (csv_parse(&reader->parser, line, bytes, take_field, take_row, reader) != bytes) {
        reader->error = -ENOMEM;
    }
}

static void take_line(struct reader *reader) {
    const char *line = reader->text + reader->at.offset;
    size_t bytes = line_bytes(reader);
    if (!reader->is_in_row) {
        reader->row = reader->at;
    }
    if (!reader->is_in_row && (line[0] == '\r' || line[0] == '\n')) {
        fault_at(reader, &reader->at, "blank row", NULL);
        reader->is_faulty = false;
    } else if ((reader->is_in_quotes || memchr(line, '"', bytes) != NULL) &&
               !check_quotes(reader, line, bytes)) {
        // Begin afresh with the next line.
        csv_free(&reader->parser);
        start_parser(reader);
    } else {
        reader->is_in_row = true;
        feed(reader, line, bytes);
    }
    move_on(reader, bytes);
}

static void take_end(struct reader *reader) {
    if (reader->is_in_quotes) {
        fault_at(reader, &reader->quote, "quote left open", NULL);
        reader->is_in_quotes = false;
        reader->is_in_row = false;
    } else if (reader->is_in_row) {
        // The last line has no line end.
        csv_fini(&reader->parser, take_field, take_row, reader);
    }
}

bool reader_next(struct reader *reader, struct places *places, size_t rows_max) {
    reader->places = places;
    size_t enough = places->count + rows_max;
    while (reader->at.offset < reader->text_bytes && places->count < enough) {
        if (reader->error < 0) {
            return false;
        }
        take_line(reader);
    }
    if (reader->at.offset < reader->text_bytes) {
        return true;
    }
    take_end(reader);
    return false;
}
