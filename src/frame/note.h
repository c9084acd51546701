// note.h - what a suspended stack waits for, in words, for reports.
//
// Each wait puts a note, which lies on its own stack, into task_stack.note before it suspends.
// Whoever claims the stack's ticket may read it: nobody else can continue the stack meanwhile.
#ifndef TENON_FRAME_NOTE_H
#define TENON_FRAME_NOTE_H

#include <stddef.h>

struct note {
    // Writes what the stack does, as in "it sleeps", and a closing zero.
    void (*tell)(const struct note *note, char *text, size_t bytes);
};

#endif
