// knot.c - see knot.h. Start reading at pass.
#include "frame/knot.h"

#include "base/sentence.h"
#include "frame/frame.h"
#include "frame/note.h"
#include "frame/run.h"
#include "frame/scope.h"
#include "frame/tree.h"

// When it is looked for the first time after something was tied: a little later than it is noticed
// that nothing moves at all (scheduler/still.c), which is the better thing to say. When nothing has
// changed, it is looked less and less often.
#define INTERVAL_NS 150000000u
#define INTERVAL_MAX_NS 3200000000u

// The longest circle that is found; how many of its frames are told; and how much in one look.
enum { LENGTH_MAX = 64, FRAMES_TOLD_MAX = 12, LINES_MAX = 24 };

enum { PATH_BYTES = 192, TEXT_BYTES = 128 };

struct search {
    struct meeting meeting; // the frames that a frame waits for
    struct scheduler *scheduler;
    uint32_t look;
    struct task_stack *path[LENGTH_MAX]; // each waits for the next
    int length;
    int first; // where the circle begins, when there is one
    struct task_stack *claimed[LENGTH_MAX];
    int claims;
    bool has_deadline; // of somebody in the circle
};

// ---- searching -------------------------------------------------------------------------------

// Whether it may go on without anybody else: it is being cancelled.
static bool is_moved(struct task_stack *stack) {
    return atomic_load_relaxed(&stack->cancels) != atomic_load_relaxed(&stack->cancels_seen);
}

static bool claim(struct search *search, struct task_stack *stack) {
    const uint32_t ticket = atomic_load_relaxed(&stack->ticket);
    const bool is_mine = ticket % 2 == 1 && atomic_load_relaxed(&stack->cancellable) == ticket &&
                         search->claims < LENGTH_MAX && task_stack_claim(stack, ticket);
    if (is_mine) {
        search->claimed[search->claims++] = stack;
    }
    return is_mine;
}

static bool pass(struct search *search, struct task_stack *stack);

// To who holds it. That must hold it still when it is known not to move.
static bool pass_holder(struct search *search, const struct knot_tie *tie) {
    const struct tn_self *holder = tie->note->holder(tie->note);
    struct task_stack *next =
        holder == NULL ? NULL : task_stack_of((struct tn_self *)(uintptr_t)holder);
    return next != NULL && stack_set_has(&search->scheduler->stacks, &next->memory) &&
           pass(search, next) && tie->note->holder(tie->note) == holder;
}

static bool meet(struct meeting *meeting, struct frame *frame) {
    frame_lock(frame);
    struct task_stack *stack = frame->stack;
    frame_unlock(frame);
    return stack != NULL && pass(container_of(meeting, struct search, meeting), stack);
}

static bool pass_awaited(struct search *search, const struct note *note) {
    return note->awaited != NULL && note->awaited(note, &search->meeting);
}

// Goes on from a stack to whom it waits for. True when that leads back to the way come by.
static bool pass(struct search *search, struct task_stack *stack) {
    for (int i = 0; i < search->length; i++) {
        if (search->path[i] == stack) {
            search->first = i;
            return true;
        }
    }
    struct knot_tie *tie = stack->tie;
    if (search->length == LENGTH_MAX || is_moved(stack)) {
        return false;
    }
    if (tie == NULL ? !claim(search, stack)
                    : tie->seen == 0 || tie->seen == search->look || tie->passed == search->look) {
        return false;
    }
    const int at = search->length++;
    search->path[at] = stack;
    if (tie != NULL) {
        tie->passed = search->look;
    }
    const bool is_found =
        tie != NULL ? pass_holder(search, tie) : pass_awaited(search, stack->note);
    if (!is_found) {
        search->length = at;
    }
    return is_found;
}

// Whether what was found has been told before; now it is.
static bool mark_told(struct search *search) {
    bool is_news = false;
    for (int i = search->first; i < search->length; i++) {
        struct knot_tie *tie = search->path[i]->tie;
        is_news = is_news || (tie != NULL && !tie->is_told);
        if (tie != NULL) {
            tie->is_told = true;
        }
        search->has_deadline =
            search->has_deadline || scope_deadline_ns(search->path[i]) != OS_NEVER;
    }
    return !is_news;
}

// ---- telling ---------------------------------------------------------------------------------

// Put together while nothing moves, and said when it may.
struct story {
    char lines[LINES_MAX][RUN_MESSAGE_BYTES];
    int count;
    bool is_certain; // of one circle at least
};

static bool has_room(const struct story *story) {
    return story->count + 1 + FRAMES_TOLD_MAX <= LINES_MAX;
}

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

static void tell_one(struct story *story, const char *word, struct task_stack *stack,
                     struct task_stack *next) {
    const struct knot_tie *tie = stack->tie;
    const struct note *note = tie != NULL ? tie->note : stack->note;
    const struct tree_place place = tree_place_on(stack);
    char text[TEXT_BYTES];
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
}

static void tell(const struct search *search, struct story *story) {
    const int count = search->length - search->first;
    const char *word = search->has_deadline ? "suspect" : "deadlock";
    struct sentence line;
    begin_line(story, &line, word);
    if (count == 1) {
        sentence_add(&line, "a frame waits for what it holds itself, ");
    } else {
        sentence_add_number(&line, (uint64_t)count, 10, 1);
        sentence_add(&line, " frames wait for each other in a circle, ");
    }
    sentence_add(&line, search->has_deadline ? "until a deadline passes"
                        : count == 1         ? "and cannot go on"
                                             : "and none can go on");
    story->is_certain = story->is_certain || !search->has_deadline;
    const int end = count < FRAMES_TOLD_MAX ? search->length : search->first + FRAMES_TOLD_MAX;
    for (int i = search->first; i < end; i++) {
        const bool is_last = i + 1 == search->length;
        tell_one(story, word, search->path[i], search->path[is_last ? search->first : i + 1]);
    }
}

// ---- looking ---------------------------------------------------------------------------------

// What a look has met.
struct met {
    bool any;
    bool news; // tied since the look before, or a knot
};

// True when a knot was found that nobody has been told of.
static bool look_from(struct search *search, struct knot_tie *tie) {
    search->length = 0;
    search->has_deadline = false;
    return pass(search, tie->stack) && !mark_told(search);
}

static struct met look_at(struct knots *knots, struct search *search, struct story *story) {
    struct met met = {false, false};
    for (int i = 0; i < knots->count; i++) {
        LIST_EACH(&knots->lists[i].ties, node) {
            struct knot_tie *tie = container_of(node, struct knot_tie, link);
            met.any = true;
            met.news = met.news || tie->seen == 0;
            tie->seen = tie->seen == 0 ? search->look : tie->seen;
        }
    }
    for (int i = 0; i < knots->count; i++) {
        LIST_EACH(&knots->lists[i].ties, node) {
            if (has_room(story) && look_from(search, container_of(node, struct knot_tie, link))) {
                tell(search, story);
            }
        }
    }
    met.news = met.news || story->count > 0;
    return met;
}

// With all lists locked: nobody ties itself meanwhile and sees the former interval.
static void choose_next(struct knots *knots, struct scheduler *scheduler, struct met met) {
    const uint64_t former_ns = atomic_load_relaxed(&knots->interval_ns);
    const uint64_t longer_ns = former_ns * 2 < INTERVAL_MAX_NS ? former_ns * 2 : INTERVAL_MAX_NS;
    const uint64_t interval_ns = !met.any ? 0 : met.news ? INTERVAL_NS : longer_ns;
    atomic_store_relaxed(&knots->interval_ns, interval_ns);
    scheduler_look_at(scheduler, met.any ? os_now_ns() + interval_ns : OS_NEVER);
}

void knots_look(struct scheduler *scheduler) {
    struct run *run = scheduler->upper;
    struct knots *knots = &run->knots;
    struct search search = {.meeting.meet = meet, .scheduler = scheduler};
    struct story story;
    story.count = 0;
    story.is_certain = false;
    for (int i = 0; i < knots->count; i++) {
        os_lock_acquire(&knots->lists[i].lock);
    }
    search.look = ++knots->looks;
    choose_next(knots, scheduler, look_at(knots, &search, &story));
    for (int i = knots->count; i-- > 0;) {
        os_lock_release(&knots->lists[i].lock);
    }
    for (int i = 0; i < search.claims; i++) {
        worker_ready(scheduler, search.claimed[i]);
    }
    for (int i = 0; i < story.count; i++) {
        run_tell(run, story.lines[i]);
    }
    if (story.is_certain && run->fails_on_knots) {
        run_fail(run, TN_DEADLOCK, NULL);
    }
}

// ---- tying -----------------------------------------------------------------------------------

void knots_init(struct knots *knots, struct knot_list *lists, int count) {
    *knots = (struct knots){.lists = lists, .count = count};
    for (int i = 0; i < count; i++) {
        os_lock_init(&lists[i].lock);
        list_init(&lists[i].ties);
    }
}

// In a run of one thread nobody looks meanwhile.
static void lock_list(struct knot_tie *tie) {
    if (tie->stack->scheduler->is_shared) {
        os_lock_acquire(&tie->list->lock);
    }
}

static void unlock_list(struct knot_tie *tie) {
    if (tie->stack->scheduler->is_shared) {
        os_lock_release(&tie->list->lock);
    }
}

void knot_tie(struct knot_tie *tie, struct task_stack *stack, const struct note *note,
              const void *site) {
    tie->list = NULL;
    if (stack == NULL) {
        return;
    }
    struct knots *knots = &((struct run *)stack->scheduler->upper)->knots;
    tie->list = &knots->lists[stack->worker->index];
    tie->stack = stack;
    tie->note = note;
    tie->site = site;
    tie->seen = 0;
    tie->passed = 0;
    tie->is_told = false;
    lock_list(tie);
    list_push_back(&tie->list->ties, &tie->link);
    stack->tie = tie;
    if (UNLIKELY(atomic_load_relaxed(&knots->interval_ns) != INTERVAL_NS)) {
        atomic_store_relaxed(&knots->interval_ns, INTERVAL_NS);
        scheduler_look_at(stack->scheduler, os_now_ns() + INTERVAL_NS);
    }
    unlock_list(tie);
}

void knot_untie(struct knot_tie *tie) {
    if (tie->list != NULL) {
        lock_list(tie);
        list_remove(&tie->link);
        tie->stack->tie = NULL;
        unlock_list(tie);
    }
}
