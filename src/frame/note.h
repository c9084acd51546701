// note.h - what a suspended stack waits for, in words, for reports.
//
// Each wait puts a note, which lies on its own stack, into task_stack.note before it suspends.
// Whoever claims the stack's ticket may read it: nobody else can continue the stack meanwhile.
#ifndef TENON_FRAME_NOTE_H
#define TENON_FRAME_NOTE_H

#include <stdbool.h>
#include <stddef.h>

struct frame;
struct tn_self;

// Who wants to meet frames, embedded in what it needs for that.
struct meeting {
    bool (*meet)(struct meeting *meeting, struct frame *frame);
};

struct note {
    // Writes what the stack does, as in "it sleeps", and a closing zero.
    void (*tell)(const struct note *note, char *text, size_t bytes);
    // Whether nobody but a frame of the run, or a thread that is in none, can end the wait: no
    // timer, nothing that happens in the world. NULL: no. When nobody runs: standstill.h.
    bool (*ends_inside)(const struct note *note);
    // Of a wait of src/sync: who holds what it waits for; NULL: nobody, or nobody knows. Itself
    // NULL for all other waits.
    const struct tn_self *(*holder)(const struct note *note);
    // Of a wait for the end of frames: meets them until that returns true, and returns it. NULL for
    // all other waits.
    bool (*awaited)(const struct note *note, struct meeting *meeting);
};

// The second of them, for waits of which it is always true.
static inline bool note_ends_inside(const struct note *note) {
    (void)note;
    return true;
}

#endif
