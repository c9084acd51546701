// tasks.c - see tasks.h. The range word is the whole protocol: read its invariant first, then
// tasks_publish (down the page), tasks_steal and tasks_reclaim.
#include "scheduler/tasks.h"

#include "base/atomic.h"
#include "base/check.h"

// Above every task: an await that compares with it takes the slow path.
#define BEYOND ((struct tn_task *)(UINTPTR_MAX & ~(uintptr_t)63))

// Farther away, what runs in place is remembered (tasks_current).
#define FAR 64

struct range {
    uint32_t tail;
    uint32_t split;
};

static uint64_t pack(uint32_t tail, uint32_t split) {
    return (uint64_t)split << 32 | tail;
}

static struct range unpack(uint64_t word) {
    return (struct range){(uint32_t)word, (uint32_t)(word >> 32)};
}

static uint32_t index_of(const struct tasks *tasks, const struct tn_task *task) {
    return (uint32_t)(task - tasks->first);
}

_Static_assert(sizeof(struct tn_task) == CACHE_LINE, "a task is one cache line");
_Static_assert(TASK_IN_PLACE == true && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "TN_MARK_IN_PLACE_ writes the lowest byte of info");

void tasks_init(struct tasks *tasks, void *memory, size_t bytes, bool is_shared) {
    tasks->first = memory;
    tasks->end = tasks->first + bytes / sizeof(struct tn_task) - TASKS_RESERVE;
    tasks->is_shared = is_shared;
    tasks->is_closed = false;
    tasks->is_watched = false;
    tasks->is_sending = false;
    tasks->is_bound = false;
    tasks->oldest = tasks->first;
    tasks->holes = 0;
    tasks->newest_hole = NULL;
    tasks->known_top = NULL;
    tasks->self.top = tasks->first;
    atomic_store_relaxed(&tasks->range, 0);
    tasks_arm(tasks);
}

void tasks_arm(struct tasks *tasks) {
    const struct range range = unpack(atomic_load_relaxed(&tasks->range));
    const bool is_hungry = tasks->is_shared && range.tail == range.split;
    // Not ||, of which compilers make one read of all: it would stall behind a write of one.
    const bool is_slow = is_hungry | tasks->is_closed | tasks->is_watched | tasks->is_sending;
    TN_STORE_(tasks->self.limit, is_slow ? NULL : tasks->end);
    struct tn_task *bound = tasks->first + range.split;
    if (tasks->newest_hole != NULL && bound < tasks->newest_hole + 2) {
        bound = tasks->newest_hole + 2;
    }
    const bool is_asked = tasks->is_watched || tasks->known_top != NULL;
    TN_STORE_(tasks->self.bound, is_asked ? BEYOND : bound);
}

bool tasks_publish(struct tasks *tasks, const struct tn_task *below, bool all) {
    if (tasks->is_bound) {
        return false;
    }
    const struct range range = unpack(atomic_load_relaxed(&tasks->range));
    const uint32_t top = index_of(tasks, below);
    uint32_t begin = range.split;
    if (range.tail == range.split) {
        // Nothing is public, so thieves stand still: step over what cannot be stolen.
        while (begin < top && task_state(&tasks->first[begin]) != TASK_NEW) {
            begin++;
        }
    }
    uint32_t end = begin;
    while (end < top && task_state(&tasks->first[end]) == TASK_NEW) {
        end++;
    }
    const uint32_t count = end - begin;
    if (count > 0) {
        const uint32_t shown = all ? count : (count + 1) / 2;
        if (begin == range.split) {
            // release: pairs with tasks_steal; the tasks are complete before they can be claimed.
            atomic_fetch_add_release(&tasks->range, (uint64_t)shown << 32);
        } else {
            // release: pairs with tasks_steal. An empty range changes under nobody's hands.
            atomic_store_release(&tasks->range, pack(begin, begin + shown));
        }
    }
    if (!MUTATED(publish_without_bound)) {
        tasks_arm(tasks);
    }
    return count > 0;
}

bool tasks_reclaim(struct tasks *tasks, struct tn_task *task) {
    const uint32_t index = index_of(tasks, task);
    uint64_t word = atomic_load_relaxed(&tasks->range);
    for (;;) {
        const struct range range = unpack(word);
        if (index >= range.split) {
            return true;
        }
        if (index < range.tail) {
            return false;
        }
        // Take half of what is public back at once, so that the next awaits are quick again.
        const uint32_t half =
            MUTATED(reclaim_nothing) ? index + 1 : range.tail + (index - range.tail) / 2;
        // Either this sees a thief's claim or the thief the lower split: they change one word. No
        // more is ordered here, and what tasks_publish released stays so through this change.
        if (atomic_cas_relaxed(&tasks->range, &word, pack(range.tail, half))) {
            tasks_arm(tasks);
            return true;
        }
    }
}

bool tasks_is_stolen(struct tasks *tasks, const struct tn_task *task) {
    const struct range range = unpack(atomic_load_relaxed(&tasks->range));
    return index_of(tasks, task) < range.tail;
}

// Everything from `top` up is free now: an empty range moves down with it, and below whatever runs
// in place there, because tn_task_leave will not look at it.
static void settle(struct tasks *tasks) {
    const struct range range = unpack(atomic_load_relaxed(&tasks->range));
    if (range.tail != range.split) {
        ASSERT(range.split <= index_of(tasks, tasks->self.top));
        return;
    }
    uint32_t at = index_of(tasks, tasks->self.top);
    at = range.split < at ? range.split : at;
    while (at > 0) {
        const enum task_state state = task_state(&tasks->first[at - 1]);
        if (state != TASK_IN_PLACE && state != TASK_MARK && state != TASK_GONE) {
            break;
        }
        at--;
    }
    atomic_store_relaxed(&tasks->range, pack(at, at));
}

static void make_hole(struct tasks *tasks, struct tn_task *task) {
    if (task_state(task) == TASK_GONE) {
        return;
    }
    task_set(task, TASK_GONE, 0);
    tasks->holes++;
    if (tasks->newest_hole == NULL || tasks->newest_hole < task) {
        tasks->newest_hole = task;
    }
}

// The newest hole is no more: the next lies deeper, usually just below.
static void find_newest_hole(struct tasks *tasks) {
    struct tn_task *at = tasks->self.top;
    while (tasks->holes > 0 && at > tasks->first) {
        at--;
        if (task_state(at) == TASK_GONE) {
            tasks->newest_hole = at;
            return;
        }
    }
    ASSERT(tasks->holes == 0);
    tasks->newest_hole = NULL;
}

void tasks_drop(struct tasks *tasks, struct tn_task *task) {
    make_hole(tasks, task);
    while (tasks->self.top > tasks->first && task_state(tasks->self.top - 1) == TASK_GONE) {
        tasks->self.top--;
        tasks->holes--;
    }
    if (tasks->newest_hole >= tasks->self.top) {
        find_newest_hole(tasks);
    }
    if (tasks->known_top > tasks->self.top) {
        tasks->known_top = NULL;
    }
    settle(tasks);
    tasks_arm(tasks);
}

static struct tn_task *push(struct tasks *tasks) {
    struct tn_task *task = tasks->self.top;
    if (task >= tasks->end + TASKS_RESERVE - 1) {
        return NULL;
    }
    tasks->self.top++;
    return task;
}

struct tn_task *tasks_push_mark(struct tasks *tasks) {
    struct tn_task *mark = push(tasks);
    if (mark != NULL) {
        TN_STORE_(mark->info, TASK_MARK);
    }
    return mark;
}

struct tn_task *tasks_move_up(struct tasks *tasks, struct tn_task *task) {
    ASSERT(task_state(task) == TASK_NEW && !tasks_is_stolen(tasks, task));
    struct tn_task *place = push(tasks);
    if (place != NULL) {
        *place = *task;
        make_hole(tasks, task);
    }
    return place;
}

void tasks_keep_hole(struct tasks *tasks, struct tn_task *hole) {
    ASSERT(task_state(hole) == TASK_GONE);
    task_set(hole, TASK_MARK, 0);
    tasks->holes--;
    find_newest_hole(tasks);
}

struct tn_task *tasks_in_place(struct tasks *tasks, struct tn_task *below) {
    while (below > tasks->first) {
        below--;
        if (task_state(below) == TASK_IN_PLACE) {
            return below;
        }
    }
    return NULL;
}

struct tn_task *tasks_current(struct tasks *tasks) {
    struct tn_task *const top = tasks->self.top;
    struct tn_task *at = top;
    while (at > tasks->first && at != tasks->known_top && task_state(at - 1) != TASK_IN_PLACE) {
        at--;
    }
    struct tn_task *const place = at == tasks->known_top ? tasks->known_place
                                  : at > tasks->first    ? at - 1
                                                         : NULL;
    if (top - at > FAR) {
        tasks->known_top = top;
        tasks->known_place = place;
        tasks_arm(tasks);
    }
    return place;
}

void tasks_forget_current_slow(struct tasks *tasks) {
    tasks->known_top = NULL;
    tasks_arm(tasks);
}

void task_adopt(struct tn_task *task, void *frame) {
    TN_STORE_(task->payload[0], (uint64_t)(uintptr_t)frame);
    // release: pairs with task_adopter, which reads the frame.
    atomic_fetch_or_release((_Atomic uint64_t *)&task->info, (uint64_t)TASK_ADOPTED);
}

void *task_adopter(struct tn_task *task) {
    // acquire: pairs with task_adopt.
    const uint64_t info = atomic_load_acquire((_Atomic uint64_t *)&task->info);
    if ((info & TASK_ADOPTED) == 0) {
        return NULL;
    }
    return (void *)(uintptr_t)TN_LOAD_(task->payload[0]);
}

bool tasks_await(struct tn_task *task, uint32_t ticket) {
    _Atomic uint64_t *info = (_Atomic uint64_t *)&task->info;
    uint64_t found = atomic_load_relaxed(info);
    while ((found & 0x7f) == TASK_NEW || MUTATED(await_what_has_ended)) {
        const uint64_t kept = found & (0xffffff00 | TASK_ADOPTED);
        // release: pairs with tasks_finish, whose caller wakes the stack that wrote the ticket.
        if (atomic_cas_release(info, &found, (uint64_t)ticket << 32 | kept | TASK_AWAITED)) {
            return true;
        }
    }
    return false;
}

void tasks_await_cancel(struct tn_task *task) {
    _Atomic uint64_t *info = (_Atomic uint64_t *)&task->info;
    uint64_t found = atomic_load_relaxed(info);
    while ((found & 0x7f) == TASK_AWAITED) {
        if (atomic_cas_relaxed(info, &found, (found & (0xffffff00 | TASK_ADOPTED)) | TASK_NEW)) {
            return;
        }
    }
}

bool task_has_ended(struct tn_task *task) {
    // acquire: pairs with tasks_finish, which wrote the result first.
    return (atomic_load_acquire((_Atomic uint64_t *)&task->info) & 0x7f) == TASK_DONE;
}

void tasks_bind(struct tasks *tasks) {
    tasks->is_bound = true;
    tasks->is_closed = true;
    tasks_arm(tasks);
}

struct tn_task *tasks_oldest_bound(struct tasks *tasks) {
    const struct range range = unpack(atomic_load_relaxed(&tasks->range));
    struct tn_task *const unstolen = tasks->first + range.tail;
    struct tn_task *oldest = tasks->oldest > unstolen ? tasks->oldest : unstolen;
    while (oldest < tasks->self.top && task_state(oldest) != TASK_NEW) {
        oldest++;
    }
    tasks->oldest = oldest;
    return oldest < tasks->self.top ? oldest : NULL;
}

void tasks_take_bound(struct tasks *tasks, struct tn_task *oldest) {
    ASSERT(tasks->is_bound && task_state(oldest) == TASK_NEW);
    const uint32_t after = index_of(tasks, oldest) + 1;
    atomic_store_relaxed(&tasks->range, pack(after, after)); // empty: nobody else changes it
    tasks_arm(tasks);
}

struct tn_task *tasks_steal(struct tasks *tasks) {
    uint64_t word = atomic_load_relaxed(&tasks->range);
    for (;;) {
        const struct range range = unpack(word);
        if (range.tail >= range.split) {
            return NULL;
        }
        // acquire: pairs with tasks_publish, also through what others did to the word in between.
        // Not the load above: the word may have come back to that value, with other tasks in it.
        if (atomic_cas_acquire(&tasks->range, &word, pack(range.tail + 1, range.split))) {
            if (range.tail + 1 == range.split) {
                tasks_poke(tasks);
            }
            return tasks->first + range.tail;
        }
    }
}

// What is read may be overwritten meanwhile; ThreadSanitizer need not know.
__attribute__((no_sanitize("thread"))) const struct tn_type *tasks_peek(struct tasks *tasks) {
    const struct range range = unpack(atomic_load_relaxed(&tasks->range));
    const struct tn_task *oldest = tasks->first + range.tail;
    return range.tail < range.split ? *(const struct tn_type *const volatile *)&oldest->type : NULL;
}

void tasks_poke(struct tasks *tasks) {
    // The owner may overwrite this while it sets its checks: it looks for idle workers after that.
    if (TN_LOAD_(tasks->self.limit) != NULL) {
        TN_STORE_(tasks->self.limit, NULL);
    }
    if (TN_LOAD_(tasks->self.bound) != BEYOND) {
        TN_STORE_(tasks->self.bound, BEYOND);
    }
}

bool tasks_finish(struct tn_task *task, int outcome, uint32_t *ticket) {
    _Atomic uint64_t *info = (_Atomic uint64_t *)&task->info;
    // The owner changes the state alone, so what is kept can be read before.
    const uint64_t kept = atomic_load_relaxed(info) & (0xffffff00 | TASK_ADOPTED);
    const uint64_t done = (uint64_t)(uint32_t)outcome << 32 | kept | TASK_DONE;
    // acq_rel: pairs with task_has_ended (the result) and with tasks_await (the ticket).
    const uint64_t found = atomic_exchange_acq_rel(info, done);
    *ticket = (uint32_t)(found >> 32);
    return (found & 0x7f) == TASK_AWAITED;
}

bool tasks_has_public(struct tasks *tasks) {
    const struct range range = unpack(atomic_load_relaxed(&tasks->range));
    return range.tail < range.split;
}

bool tasks_has_new(struct tasks *tasks, unsigned looks) {
    const uint32_t tail = unpack(atomic_load_relaxed(&tasks->range)).tail;
    const struct tn_task *task = tasks->self.top, *const oldest = tasks->first + tail;
    while (task > oldest && looks-- > 0 && task_state(task - 1) != TASK_NEW) {
        task--;
    }
    return task > oldest;
}

size_t tasks_check(struct tasks *tasks) {
    const struct range range = unpack(atomic_load_relaxed(&tasks->range));
    const uint32_t top = index_of(tasks, tasks->self.top);
    ASSERT(tasks->first <= tasks->self.top && tasks->self.top <= tasks->end + TASKS_RESERVE);
    ASSERT(range.tail <= range.split);
    ASSERT(range.tail == range.split || (range.split <= top && !tasks->is_bound));
    for (uint32_t at = range.tail; at < range.split && at < top; at++) {
        ASSERT(task_state(&tasks->first[at]) == TASK_NEW);
    }
    uint32_t holes = 0;
    for (uint32_t at = 0; at < top; at++) {
        holes += task_state(&tasks->first[at]) == TASK_GONE;
        ASSERT(holes <= tasks->holes);
    }
    ASSERT(holes == tasks->holes && (holes == 0) == (tasks->newest_hole == NULL));
    ASSERT(TN_LOAD_(tasks->self.bound) >= tasks->first + range.split);
    ASSERT(TN_LOAD_(tasks->self.limit) <= tasks->end);
    return top;
}
