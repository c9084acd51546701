// Reads a number strictly with strtod, which rounds correctly but takes more than we want.
// Invariant: *value is set for NUMBER_OK only. Start reading at number_parse.
#include "number.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// The letters of a decimal number, of inf, infinity and nan. Without x and parentheses, strtod has
// no hexadecimal and no nan(...) left to find.
static bool is_plain(const char *text, size_t bytes) {
    static const char allowed[] = "0123456789+-.eEiInNfFaAtTyY";
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\0' || strchr(allowed, text[i]) == NULL) {
            return false;
        }
    }
    return bytes > 0;
}

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

enum number number_parse(const char *text, size_t bytes, double *value) {
    while (bytes > 0 && is_space(text[0])) {
        text++;
        bytes--;
    }
    while (bytes > 0 && is_space(text[bytes - 1])) {
        bytes--;
    }
    if (!is_plain(text, bytes)) {
        return NUMBER_NONE;
    }
    char *end;
    double number = strtod(text, &end);
    if (end != text + bytes) {
        return NUMBER_NONE;
    }
    if (isnan(number)) {
        return NUMBER_NAN;
    }
    *value = number;
    return NUMBER_OK;
}
