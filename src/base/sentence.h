// sentence.h - a sentence put together without the C library, in a signal handler for instance.
//
// Invariant: `text` ends in a zero and holds `length` characters, at most `room`; what does not fit
// is cut. Start reading at sentence_init.
#ifndef TENON_BASE_SENTENCE_H
#define TENON_BASE_SENTENCE_H

#include <stddef.h>
#include <stdint.h>

struct sentence {
    char *text;
    size_t room;
    size_t length;
};

// In the caller's `bytes` bytes at `text`, at least one.
static inline void sentence_init(struct sentence *sentence, char *text, size_t bytes) {
    *sentence = (struct sentence){text, bytes - 1, 0};
    text[0] = '\0';
}

static inline void sentence_add(struct sentence *sentence, const char *text) {
    while (*text != '\0' && sentence->length < sentence->room) {
        sentence->text[sentence->length++] = *text++;
    }
    sentence->text[sentence->length] = '\0';
}

// Base 2 to 16, with zeros in front up to `digits_min` digits.
static inline void sentence_add_number(struct sentence *sentence, uint64_t number,
                                       unsigned int base, unsigned int digits_min) {
    char digits[65];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    while (number != 0 || sizeof digits - 1 - at < digits_min) {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    }
    sentence_add(sentence, &digits[at]);
}

// Seconds with three digits after the point.
static inline void sentence_add_seconds(struct sentence *sentence, uint64_t duration_ns) {
    const uint64_t ms = (duration_ns + 500000) / 1000000;
    sentence_add_number(sentence, ms / 1000, 10, 1);
    sentence_add(sentence, ".");
    sentence_add_number(sentence, ms % 1000, 10, 3);
    sentence_add(sentence, " s");
}

#endif
