// knot_story.h - what a look for knots has to tell, put together while nothing moves and said when
// it may.
//
// Invariant: each line ends in a zero; count <= STORY_LINES_MAX. Start reading at
// story_tell_circle.
#ifndef TENON_FRAME_KNOT_STORY_H
#define TENON_FRAME_KNOT_STORY_H

#include "base/sentence.h"
#include "frame/run.h"

// How much is told in one look, and how many frames of one circle are.
enum { STORY_LINES_MAX = 24, STORY_FRAMES_MAX = 12, STORY_TEXT_BYTES = 128 };

struct story {
    char lines[STORY_LINES_MAX][RUN_MESSAGE_BYTES];
    int count;
    bool is_certain; // of one circle at least
};

// Whether another circle has room.
static inline bool story_has_room(const struct story *story) {
    return story->count + 1 + STORY_FRAMES_MAX <= STORY_LINES_MAX;
}

// One line: where the frame on the stack was spawned, what it waits for, where; if it is tied, that
// it is held by the frame on `next`. Neither moves meanwhile. The line may be gone on with.
struct sentence story_tell_wait(struct story *story, const char *word, struct task_stack *stack,
                                struct task_stack *next);

// A circle: each of `count` stacks waits for the next, the last for the first. `has_deadline`: a
// deadline will end one of the waits.
void story_tell_circle(struct story *story, struct task_stack *const *stacks, int count,
                       bool has_deadline);

#endif
