// check.c - the end of every failed assertion.
//
// Invariant: nothing here allocates or uses printf, so that a panic works on a nearly full stack
// and inside a broken heap. Start reading at check_panic.
#include "base/check.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

struct line {
    char text[480];
    size_t length;
};

static void append_text(struct line *line, const char *text) {
    while (*text != '\0' && line->length + 2 < sizeof line->text) {
        line->text[line->length++] = *text++;
    }
}

static void append_number(struct line *line, int number) {
    char digits[12];
    size_t at = sizeof digits - 1;
    unsigned int left = number < 0 ? 0u : (unsigned int)number;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + left % 10u);
        left /= 10u;
    } while (left != 0);
    append_text(line, &digits[at]);
}

void check_panic(const char *expression, const char *sentence, const char *file, int line) {
    struct line out = {.length = 0};
    append_text(&out, "tenon: ");
    append_text(&out, sentence);
    append_text(&out, " (");
    append_text(&out, expression);
    append_text(&out, ") at ");
    append_text(&out, file);
    append_text(&out, ":");
    append_number(&out, line);
    out.text[out.length++] = '\n';
    out.text[out.length] = '\0';
    // stderr is unbuffered, so this is one write and no stack-hungry formatting.
    fputs(out.text, stderr);
    abort();
}
