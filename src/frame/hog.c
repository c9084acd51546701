// hog.c - see hog.h. Everything but hog_limit_ns and hog_left runs in a signal handler: it locks
// nothing, allocates nothing and calls nothing of the C library but what os.h allows.
#include "frame/hog.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/sentence.h"
#include "frame/run.h"
#include "frame/time.h"
#include "frame/tree.h"

#define PATH_BYTES 256
#define ADDRESSES 12
#define ADDRESS_BYTES 160
#define CHECKED_SECONDS 0.02

uint64_t hog_limit_ns(double seconds) {
    return time_span_ns(seconds == 0 && TENON_CHECKED > 0 ? CHECKED_SECONDS : seconds);
}

static void add_place(struct sentence *sentence, const struct tree_place *place) {
    char path[PATH_BYTES];
    (void)tree_path(*place, path, sizeof path);
    sentence_add(sentence, path);
    sentence_add(sentence, " (spawned at ");
    sentence_add(sentence, tree_type(place)->file);
    sentence_add(sentence, ":");
    sentence_add_number(sentence, tree_line(place), 10, 1);
    sentence_add(sentence, ")");
}

static void add_backtrace(struct sentence *sentence, const void *registers) {
    void *addresses[ADDRESSES];
    const size_t count = os_backtrace(registers, addresses, ADDRESSES);
    for (size_t i = 0; i < count; i++) {
        char text[ADDRESS_BYTES];
        os_describe_address(addresses[i], text, sizeof text);
        sentence_add(sentence, i == 0 ? "\n    in " : "\n    from ");
        sentence_add(sentence, text);
    }
}

static void compose(struct sentence *sentence, const struct tree_place *place, int thread,
                    const struct hog *hog) {
    add_place(sentence, place);
    sentence_add(sentence, " has computed for ");
    sentence_add_seconds(sentence, hog->cpu_ns);
    sentence_add(sentence, " (");
    sentence_add_seconds(sentence, hog->clock_ns);
    sentence_add(sentence, " by the clock) without a wait, and nothing else may run on thread ");
    sentence_add_number(sentence, (uint64_t)thread, 10, 1);
    sentence_add(sentence, hog->is_in_the_way ? ", which others wait for: it is" : ": it is");
    add_backtrace(sentence, hog->registers);
}

enum hog_telling hog_tell(struct worker *worker, struct task_stack *stack, const struct hog *hog) {
    struct run *run = worker->scheduler->upper;
    const struct tree_place place = tree_place_on(stack);
    // To compute is what PFrames are for, as long as nobody waits for their thread.
    if (tree_type(&place)->level != TN_LEVEL_FRAME && !hog->is_in_the_way) {
        return HOG_PASSED;
    }
    if (run->report != NULL && hog->tellings == 0) {
        struct hog_record *record = &run->hogs[worker->index];
        struct sentence sentence;
        sentence_init(&sentence, record->text, sizeof record->text);
        compose(&sentence, &place, worker->index, hog);
        return HOG_OWED;
    }
    char text[HOG_TEXT_BYTES];
    struct sentence sentence;
    sentence_init(&sentence, text, sizeof text - 1);
    sentence_add(&sentence, "tenon: ");
    compose(&sentence, &place, worker->index, hog);
    text[sentence.length] = '\n';
    text[sentence.length + 1] = '\0';
    os_write_error(text);
    return HOG_TOLD;
}

void hog_left(struct worker *worker, uint64_t cpu_ns) {
    struct run *run = worker->scheduler->upper;
    char text[HOG_TEXT_BYTES + 64];
    struct sentence sentence;
    sentence_init(&sentence, text, sizeof text);
    sentence_add(&sentence, run->hogs[worker->index].text);
    sentence_add(&sentence, "\n    and left after ");
    sentence_add_seconds(&sentence, cpu_ns);
    run_tell(run, text);
}
