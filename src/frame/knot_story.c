// knot_story.c - see knot_story.h.
#include "frame/knot_story.h"

#include "frame/note.h"
#include "frame/tree.h"

enum { PATH_BYTES = 192 };

static void begin_line(struct story *story, struct sentence *sentence, const char *word) {
    sentence_init(sentence, story->lines[story->count++], RUN_MESSAGE_BYTES);
    sentence_add(sentence, word);
    sentence_add(sentence, ": ");
}

static void add_path(struct sentence *sentence, struct task_stack *stack) {
    char path[PATH_BYTES];
    (void)tree_path(tree_place_on(stack), path, sizeof path);
    sentence_add(sentence, path);
}

struct sentence story_tell_wait(struct story *story, const char *word, struct task_stack *stack,
                                struct task_stack *next) {
    const struct knot_tie *tie = atomic_load_relaxed(&stack->tie);
    const struct note *note = tie != NULL ? tie->note : stack->note;
    const struct tree_place place = tree_place_on(stack);
    char text[STORY_TEXT_BYTES];
    struct sentence line;
    begin_line(story, &line, word);
    add_path(&line, stack);
    sentence_add(&line, ", spawned at ");
    sentence_add(&line, tree_type(&place)->file);
    sentence_add(&line, ":");
    sentence_add_number(&line, tree_line(&place), 10, 1);
    sentence_add(&line, ", ");
    note->tell(note, text, sizeof text);
    sentence_add(&line, text);
    if (tie != NULL) {
        sentence_add(&line, ", held by ");
        add_path(&line, next);
        sentence_add(&line, ", in ");
        os_describe_address(tie->site, text, sizeof text);
        sentence_add(&line, text);
    }
    return line;
}

void story_tell_circle(struct story *story, struct task_stack *const *stacks, int count,
                       bool has_deadline) {
    const char *word = has_deadline ? "suspect" : "deadlock";
    struct sentence line;
    begin_line(story, &line, word);
    if (count == 1) {
        sentence_add(&line, "a frame waits for what it holds itself, ");
    } else {
        sentence_add_number(&line, (uint64_t)count, 10, 1);
        sentence_add(&line, " frames wait for each other in a circle, ");
    }
    sentence_add(&line, has_deadline ? "until a deadline passes"
                        : count == 1 ? "and cannot go on"
                                     : "and none can go on");
    story->is_certain = story->is_certain || !has_deadline;
    for (int i = 0; i < count && i < STORY_FRAMES_MAX; i++) {
        (void)story_tell_wait(story, word, stacks[i], stacks[i + 1 == count ? 0 : i + 1]);
    }
}
