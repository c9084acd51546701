// free.c - see free.h.
#include "frame/free.h"

#include <stdio.h>

#include <tenon/event.h>

#include "frame/frame.h"
#include "frame/run.h"

// A frame's free event. Its memory is the frame's.
struct watch {
    struct awaitable free;
    struct frame *frame;
    struct list_node link;             // in the run's watches until the frame settles
    struct list_node turn;             // in the announcement's watches
    struct announcement *announcement; // that it is part of now; NULL: none
    bool is_announced;                 // and was not refused
};

// ---- watching --------------------------------------------------------------------------------

static void retain(struct awaitable *awaitable) {
    const struct watch *watch = container_of(awaitable, struct watch, free);
    frame_retain(watch->frame);
}

static void release(struct awaitable *awaitable) {
    frame_release(container_of(awaitable, struct watch, free)->frame);
}

static void tell(const struct awaitable *awaitable, char *text, size_t bytes) {
    const struct watch *watch = container_of(awaitable, const struct watch, free);
    (void)snprintf(text, bytes, "waits for the free event of %s", watch->frame->type->name);
}

static const struct awaitable_kind kind = {retain, release, tell};

static struct watch *watch_create(struct frame *frame) {
    struct watch *watch = os_allocate(sizeof *watch);
    if (watch != NULL) {
        *watch = (struct watch){.frame = frame};
        awaitable_init(&watch->free, &kind, !frame->run->scheduler.is_shared);
        list_node_init(&watch->link);
        list_node_init(&watch->turn);
    }
    return watch;
}

// Those whose end is the frame's end too have to look for it. Under the frame's lock, unsettled: so
// all of them live.
static void publish(struct watch *watch) {
    struct run *run = watch->frame->run;
    for (struct frame *at = watch->frame; at != NULL; at = frame_parent(at)) {
        atomic_store_relaxed(&at->is_watched, true);
    }
    os_lock_acquire(&run->watch_lock);
    list_push_back(&run->watches, &watch->link);
    atomic_fetch_add_relaxed(&run->watch_count, 1);
    os_lock_release(&run->watch_lock);
}

struct tn_awaitable *tn_of_free(struct tn_frame *handle) {
    struct frame *frame = (struct frame *)(void *)handle;
    if (frame == NULL) {
        return NULL;
    }
    frame_lock(frame);
    struct watch *watch = frame->watch;
    if (watch == NULL && (watch = watch_create(frame)) != NULL) {
        if (frame->is_settled) {
            awaitable_complete(&watch->free, TN_REMOVED, NULL, true, NULL);
        } else {
            publish(watch);
        }
        frame->watch = watch;
    }
    frame_unlock(frame);
    return watch == NULL ? NULL : (struct tn_awaitable *)(void *)&watch->free;
}

void free_settle(struct watch *watch) {
    struct run *run = watch->frame->run;
    os_lock_acquire(&run->watch_lock);
    list_remove(&watch->link);
    atomic_fetch_sub_relaxed(&run->watch_count, 1);
    const bool is_news = !watch->is_announced && watch->announcement == NULL;
    watch->is_announced = true;
    os_lock_release(&run->watch_lock);
    if (is_news) { // it never had a stack to announce it on
        awaitable_complete(&watch->free, TN_OK, NULL, false, NULL);
    }
    awaitable_complete(&watch->free, TN_REMOVED, NULL, true, NULL);
}

// ---- the order -------------------------------------------------------------------------------

static size_t depth_of(const struct frame *frame) {
    size_t depth = 0;
    while ((frame = frame_parent(frame)) != NULL) {
        depth++;
    }
    return depth;
}

// Does `one` go before `other`? Descendants before ancestors, and else as those ancestors were
// created that are siblings.
static bool goes_first(const struct frame *one, const struct frame *other) {
    const size_t one_depth = depth_of(one);
    const size_t other_depth = depth_of(other);
    for (size_t depth = one_depth; depth > other_depth; depth--) {
        one = frame_parent(one);
    }
    for (size_t depth = other_depth; depth > one_depth; depth--) {
        other = frame_parent(other);
    }
    if (one == other) {
        return one_depth > other_depth;
    }
    for (;;) {
        const struct frame *one_parent = frame_parent(one);
        const struct frame *other_parent = frame_parent(other);
        if (one_parent == other_parent) {
            return frame_birth(one) < frame_birth(other);
        }
        one = one_parent;
        other = other_parent;
    }
}

static bool is_within(const struct frame *frame, const struct free_place *place) {
    const struct frame *below = NULL;
    for (; frame != NULL; below = frame, frame = frame_parent(frame)) {
        if (place->slot == NULL && frame == place->frame) {
            return place->birth == 0 || (below != NULL && frame_birth(below) >= place->birth);
        }
        if (place->slot != NULL && frame->origin == place->stack && frame->slot > place->slot) {
            return true;
        }
    }
    return false;
}

// Watches are mostly made in the order of creation: then each stays at the end.
static void add(struct announcement *announcement, struct watch *watch) {
    struct list *watches = &announcement->watches;
    struct list_node *at = watches->head.prev;
    while (at != &watches->head &&
           goes_first(watch->frame, container_of(at, struct watch, turn)->frame)) {
        at = at->prev;
    }
    list_insert_after(at, &watch->turn);
    watch->announcement = announcement;
    frame_retain(watch->frame);
}

// ---- announcing ------------------------------------------------------------------------------

// Whoever is in the run's list has not settled, so the frames around it are there.
static bool concerns_anybody(const struct announcement *announcement) {
    struct run *run = announcement->run;
    bool is_anybody = false;
    os_lock_acquire(&run->watch_lock);
    LIST_EACH(&run->watches, node) {
        const struct watch *watch = container_of(node, const struct watch, link);
        if ((watch->announcement != NULL || !watch->is_announced) &&
            is_within(watch->frame, &announcement->place)) {
            is_anybody = true;
            break;
        }
    }
    os_lock_release(&run->watch_lock);
    return is_anybody;
}

// An announcement that is telling one of those whom this one would tell. Under the lock.
static struct announcement *find_other(const struct announcement *announcement) {
    LIST_EACH(&announcement->run->watches, node) {
        const struct watch *watch = container_of(node, const struct watch, link);
        if (watch->announcement != NULL && is_within(watch->frame, &announcement->place)) {
            return watch->announcement;
        }
    }
    return NULL;
}

// False: another one has to be finished first, and starts this one then.
static bool collect(struct announcement *announcement) {
    struct run *run = announcement->run;
    os_lock_acquire(&run->watch_lock);
    struct announcement *other = find_other(announcement);
    if (other != NULL) {
        list_push_back(&other->followers, &announcement->following);
    } else {
        LIST_EACH(&run->watches, node) {
            struct watch *watch = container_of(node, struct watch, link);
            if (!watch->is_announced && is_within(watch->frame, &announcement->place)) {
                add(announcement, watch);
            }
        }
    }
    os_lock_release(&run->watch_lock);
    return other == NULL;
}

static void all_had_their_turn(struct delivery *delivery) {
    struct announcement *announcement = container_of(delivery, struct announcement, delivery);
    announcement->done(announcement);
}

// Not to be touched afterwards: `done` may have been called.
static void start(struct announcement *announcement) {
    if (!collect(announcement)) {
        return;
    }
    delivery_init(&announcement->delivery, all_had_their_turn);
    LIST_EACH(&announcement->watches, node) {
        struct watch *watch = container_of(node, struct watch, turn);
        awaitable_complete(&watch->free, TN_OK, NULL, false, &announcement->delivery);
    }
    delivery_close(&announcement->delivery);
}

static void init(struct announcement *announcement, struct run *run,
                 const struct free_place *place) {
    *announcement = (struct announcement){.run = run, .place = *place};
    list_init(&announcement->watches);
    list_init(&announcement->followers);
}

void free_begin(struct announcement *announcement, struct frame *frame,
                void (*done)(struct announcement *announcement)) {
    init(announcement, frame->run, &(struct free_place){.frame = frame});
    announcement->is_removal = true;
    announcement->done = done;
    if (atomic_load_relaxed(&frame->is_watched)) {
        start(announcement);
    } else {
        done(announcement);
    }
}

bool free_conclude(struct announcement *announcement) {
    struct run *run = announcement->run;
    if (list_is_empty(&announcement->watches)) {
        return true;
    }
    // References are given back under the lock too: without it another announcement may have
    // linked the watch already.
    os_lock_acquire(&run->watch_lock);
    const bool is_refused = announcement->is_refused;
    struct list_node *node;
    while ((node = list_pop_front(&announcement->watches)) != NULL) {
        struct watch *watch = container_of(node, struct watch, turn);
        watch->announcement = NULL;
        watch->is_announced = watch->is_announced || !is_refused;
        frame_release(watch->frame);
    }
    os_lock_release(&run->watch_lock);
    return !is_refused;
}

void free_finish(struct announcement *announcement) {
    struct list_node *node; // nobody follows any more: none of its watches is in it
    while ((node = list_pop_front(&announcement->followers)) != NULL) {
        start(container_of(node, struct announcement, following));
    }
}

// ---- waiting for the listeners ---------------------------------------------------------------

static void wake(struct announcement *announcement) {
    struct task_stack *stack = announcement->stack;
    if (task_stack_claim(stack, announcement->ticket)) {
        worker_ready(stack->scheduler, stack);
    }
}

// On the loop. Nobody but `wake` claims the ticket: no cancellation cuts this wait.
static void commit(struct task_stack *stack, void *argument) {
    struct announcement *announcement = argument;
    announcement->ticket = task_stack_wait(stack);
    start(announcement);
}

static void announce(struct tn_self *self, struct announcement *announcement) {
    if (concerns_anybody(announcement)) {
        announcement->stack = task_stack_of(self);
        announcement->done = wake;
        worker_suspend(announcement->stack, commit, announcement);
    }
}

bool free_announce_removal(struct tn_self *self, struct frame *frame,
                           struct announcement *announcement) {
    init(announcement, frame->run, &(struct free_place){.frame = frame});
    announcement->is_removal = true;
    if (atomic_load_relaxed(&frame->is_watched)) {
        announce(self, announcement);
    }
    return free_conclude(announcement);
}

// Nobody can refuse it.
static void announce_for_good(struct tn_self *self, struct run *run,
                              const struct free_place *place) {
    struct announcement announcement;
    init(&announcement, run, place);
    announce(self, &announcement);
    (void)free_conclude(&announcement);
    free_finish(&announcement);
}

void free_announce_end(struct tn_self *self, struct frame *frame, struct tn_task *slot) {
    struct task_stack *stack = task_stack_of(self);
    struct run *run = stack->frame->run;
    if (atomic_load_relaxed(&run->watch_count) > 0 &&
        (frame == NULL || atomic_load_relaxed(&frame->is_watched))) {
        announce_for_good(self, run,
                          &(struct free_place){frame, stack, frame == NULL ? slot : NULL, 0});
    }
}

void free_announce_since(struct tn_self *self, struct frame *parent, uint64_t birth) {
    if (atomic_load_relaxed(&parent->is_watched)) {
        announce_for_good(self, parent->run, &(struct free_place){.frame = parent, .birth = birth});
    }
}

void tn_refuse(struct tn_self *self, struct tn_frame *handle) {
    (void)self;
    struct frame *frame = (struct frame *)(void *)handle;
    if (frame == NULL) {
        return;
    }
    frame_lock(frame);
    struct watch *watch = frame->watch;
    frame_unlock(frame);
    if (watch == NULL) {
        return;
    }
    os_lock_acquire(&frame->run->watch_lock);
    if (watch->announcement != NULL && watch->announcement->is_removal) {
        watch->announcement->is_refused = true;
    }
    os_lock_release(&frame->run->watch_lock);
}
