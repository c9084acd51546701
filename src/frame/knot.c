// knot.c - see knot.h. Start reading at pass.
#include "frame/knot.h"

#include "frame/cancel.h"
#include "frame/knot_story.h"
#include "frame/note.h"
#include "frame/scope.h"

// When it is looked for the first time after something was tied: a little later than it is noticed
// that nothing moves at all (scheduler/still.c), which is the better thing to say. When nothing has
// changed, it is looked less and less often.
#define INTERVAL_NS 150000000u
#define INTERVAL_MAX_NS 3200000000u

// The longest circle that is found.
enum { LENGTH_MAX = 64 };

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
    const bool is_mine =
        search->claims < LENGTH_MAX && cancel_claim(stack, atomic_load_relaxed(&stack->ticket));
    if (is_mine) {
        search->claimed[search->claims++] = stack;
    }
    return is_mine;
}

static bool pass(struct search *search, struct task_stack *stack);

// NULL: nobody holds it, or a thread or a frame of another run does.
static struct task_stack *stack_of_holder(struct search *search, const struct tn_self *holder) {
    struct task_stack *stack =
        holder == NULL ? NULL : task_stack_of((struct tn_self *)(uintptr_t)holder);
    const bool is_ours =
        stack != NULL && stack_set_has(&search->scheduler->stacks, &stack->memory);
    return is_ours ? stack : NULL;
}

// To who holds it. That must hold it still when it is known not to move.
static bool pass_holder(struct search *search, const struct knot_tie *tie) {
    const struct tn_self *holder = tie->note->holder(tie->note);
    struct task_stack *next = stack_of_holder(search, holder);
    return next != NULL && pass(search, next) && tie->note->holder(tie->note) == holder;
}

static struct task_stack *stack_of_frame(struct frame *frame) {
    frame_lock(frame);
    struct task_stack *stack = frame->stack;
    frame_unlock(frame);
    return stack;
}

// To the frame, whose stack must be the same when it is known not to move.
static bool meet(struct meeting *meeting, struct frame *frame) {
    struct task_stack *stack = stack_of_frame(frame);
    return stack != NULL && pass(container_of(meeting, struct search, meeting), stack) &&
           stack_of_frame(frame) == stack;
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
    struct knot_tie *tie = atomic_load_relaxed(&stack->tie);
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
        struct knot_tie *tie = atomic_load_relaxed(&search->path[i]->tie);
        is_news = is_news || (tie != NULL && !tie->is_told);
        if (tie != NULL) {
            tie->is_told = true;
        }
        search->has_deadline =
            search->has_deadline || scope_deadline_ns(search->path[i]) != OS_NEVER;
    }
    return !is_news;
}

// ---- suspects --------------------------------------------------------------------------------

// What a stack waits for that only a frame can bring about and nobody holds: for a lock or the end
// of a frame it waits as long as somebody else does something. Else NULL.
static const struct note *open_note(struct search *search, struct task_stack *stack) {
    bool is_claimed = false;
    for (int i = 0; i < search->claims && !is_claimed; i++) {
        is_claimed = search->claimed[i] == stack;
    }
    if (atomic_load_relaxed(&stack->tie) != NULL || (!is_claimed && !claim(search, stack))) {
        return NULL;
    }
    const struct note *note = stack->note;
    const bool is_open =
        note->awaited == NULL && note->ends_inside != NULL && note->ends_inside(note);
    return is_open ? note : NULL;
}

// True when that was told: who has waited for so long, for whom, and what that one waits for.
static bool suspect(struct search *search, struct story *story, const struct knot_tie *tie,
                    uint64_t waited_ns) {
    const struct tn_self *holder = tie->note->holder(tie->note);
    struct task_stack *next = stack_of_holder(search, holder);
    const struct note *note = next == NULL ? NULL : open_note(search, next);
    if (note == NULL || tie->note->holder(tie->note) != holder) {
        return false;
    }
    char text[STORY_TEXT_BYTES];
    struct sentence line = story_tell_wait(story, "suspect", tie->stack, next);
    sentence_add(&line, ", for ");
    sentence_add_seconds(&line, waited_ns);
    sentence_add(&line, "; that one ");
    note->tell(note, text, sizeof text);
    sentence_add(&line, text);
    return true;
}

// Those who wait for the same one are not told again.
static void suspect_long_ones(struct knots *knots, struct search *search, struct story *story,
                              uint64_t now_ns) {
    const struct tn_self *told[STORY_LINES_MAX];
    int count = 0;
    for (int i = 0; i < knots->count; i++) {
        LIST_EACH(&knots->lists[i].ties, node) {
            struct knot_tie *tie = container_of(node, struct knot_tie, link);
            const uint64_t waited_ns = now_ns - tie->seen_ns;
            const bool is_long = waited_ns >= search->scheduler->suspect_ns;
            if (tie->is_told || !is_long || !story_has_room(story)) {
                continue;
            }
            const struct tn_self *holder = tie->note->holder(tie->note);
            for (int k = 0; k < count && !tie->is_told; k++) {
                tie->is_told = told[k] == holder;
            }
            if (!tie->is_told && suspect(search, story, tie, waited_ns)) {
                tie->is_told = true;
                told[count++] = holder;
            }
        }
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
    const uint64_t now_ns = os_now_ns();
    for (int i = 0; i < knots->count; i++) {
        LIST_EACH(&knots->lists[i].ties, node) {
            struct knot_tie *tie = container_of(node, struct knot_tie, link);
            met.any = true;
            met.news = met.news || tie->seen == 0;
            tie->seen_ns = tie->seen == 0 ? now_ns : tie->seen_ns;
            tie->seen = tie->seen == 0 ? search->look : tie->seen;
        }
    }
    for (int i = 0; i < knots->count; i++) {
        LIST_EACH(&knots->lists[i].ties, node) {
            struct knot_tie *tie = container_of(node, struct knot_tie, link);
            if (story_has_room(story) && look_from(search, tie)) {
                story_tell_circle(story, &search->path[search->first],
                                  search->length - search->first, search->has_deadline);
            }
        }
    }
    if (search->scheduler->suspect_ns != OS_NEVER) {
        suspect_long_ones(knots, search, story, now_ns);
    }
    met.news = met.news || story->count > 0;
    return met;
}

// With all lists locked: nobody ties itself meanwhile and sees the former interval.
static void choose_next(struct knots *knots, struct scheduler *scheduler, struct met met) {
    const uint64_t former_ns = atomic_load_relaxed(&knots->interval_ns);
    uint64_t longer_ns = former_ns * 2 < INTERVAL_MAX_NS ? former_ns * 2 : INTERVAL_MAX_NS;
    if (longer_ns > scheduler->suspect_ns) { // it wants to hear by then
        longer_ns = scheduler->suspect_ns > INTERVAL_NS ? scheduler->suspect_ns : INTERVAL_NS;
    }
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
    atomic_store_relaxed(&stack->tie, tie);
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
        atomic_store_relaxed(&tie->stack->tie, NULL);
        unlock_list(tie);
    }
}
