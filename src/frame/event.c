// event.c - events: posts queue up behind what is ready, one token of the event in the queues at a
// time.
//
// Invariant: `is_queued` is set exactly while the token `deliver` is on a queue or running; then
// `posts` is not empty, except after a withdrawal. Posts are delivered one a time, in order.
// Start reading at tn_event_post.
#include <tenon/event.h>

#include "base/check.h"
#include "frame/object.h"
#include "frame/run.h"
#include "frame/time.h"

struct tn_event {
    struct object object; // first
    const char *name;
    struct scheduler *scheduler;
    struct os_lock lock; // all below
    struct list posts;   // to be delivered
    struct list delayed; // waiting for their time
    struct runnable deliver;
    bool is_queued;
};

struct post {
    struct list_node link;
    struct tn_event *event;
    struct timer timer;
    struct timers *timers;
    void *value;
};

// ---- delivering ------------------------------------------------------------------------------

// A plain Frame comes back to its queue soon, and keeps the order there. A PFrame may block: then
// somebody else shall deliver.
static bool caller_is_prompt(const struct scheduler *scheduler) {
    const struct worker *worker = worker_current();
    if (worker == NULL || worker->scheduler != scheduler) {
        return false;
    }
    const struct task_stack *stack =
        atomic_load_relaxed(&((struct worker *)(uintptr_t)worker)->running);
    return stack == NULL || stack->home != NULL;
}

static void deliver(struct worker *worker, struct runnable *runnable) {
    struct tn_event *event = container_of(runnable, struct tn_event, deliver);
    os_lock_acquire(&event->lock);
    struct list_node *node = list_pop_front(&event->posts);
    os_lock_release(&event->lock);
    if (node != NULL) {
        struct post *post = container_of(node, struct post, link);
        awaitable_complete(&event->object.awaitable, TN_OK, post->value, false, NULL);
        os_free(post);
    }
    os_lock_acquire(&event->lock);
    event->is_queued = !list_is_empty(&event->posts);
    const bool has_more = event->is_queued;
    os_lock_release(&event->lock);
    if (has_more) {
        scheduler_submit_anyone(worker->scheduler, &event->deliver, true);
    } else {
        object_release(&event->object);
    }
}

// Puts a post behind what is ready.
static void enqueue(struct tn_event *event, struct post *post) {
    os_lock_acquire(&event->lock);
    list_push_back(&event->posts, &post->link);
    const bool was_queued = event->is_queued;
    event->is_queued = true;
    os_lock_release(&event->lock);
    if (!was_queued) {
        object_retain(&event->object);
        scheduler_submit_anyone(event->scheduler, &event->deliver,
                                caller_is_prompt(event->scheduler));
    }
}

static void fire(struct timer *timer) {
    struct post *post = container_of(timer, struct post, timer);
    struct tn_event *event = post->event;
    os_lock_acquire(&event->lock);
    const bool is_wanted = list_is_linked(&post->link);
    if (is_wanted) {
        list_remove(&post->link);
    }
    os_lock_release(&event->lock);
    if (is_wanted) { // else the event is being withdrawn, which frees the post
        enqueue(event, post);
    }
    object_release(&event->object);
}

// ---- life ------------------------------------------------------------------------------------

static void free_posts(struct list *posts) {
    struct list_node *node;
    while ((node = list_pop_front(posts)) != NULL) {
        os_free(container_of(node, struct post, link));
    }
}

// A delayed post, unlinked: a timer that fires from now on sees that it is not wanted. NULL: none.
static struct post *take_delayed(struct tn_event *event) {
    os_lock_acquire(&event->lock);
    struct list_node *node = list_pop_front(&event->delayed);
    os_lock_release(&event->lock);
    return node == NULL ? NULL : container_of(node, struct post, link);
}

static void withdraw(struct object *object) {
    struct tn_event *event = container_of(object, struct tn_event, object);
    struct list posts = LIST_INIT(posts);
    os_lock_acquire(&event->lock);
    list_append(&posts, &event->posts);
    os_lock_release(&event->lock);
    free_posts(&posts);
    struct post *post;
    while ((post = take_delayed(event)) != NULL) {
        if (timers_cancel(post->timers, &post->timer)) {
            object_release(&event->object);
        }
        os_free(post);
    }
}

struct tn_event *tn_event_create(struct tn_self *self, const char *name) {
    struct tn_event *event = object_create(self, sizeof *event, withdraw);
    if (event == NULL) {
        return NULL;
    }
    event->name = name;
    event->scheduler = task_stack_of(self)->scheduler;
    os_lock_init(&event->lock);
    list_init(&event->posts);
    list_init(&event->delayed);
    event->deliver.run = deliver;
    return event;
}

int tn_event_remove(struct tn_self *self, struct tn_event *event) {
    REQUIRE(event->object.primitive.owner == frame_nearest(self),
            "an event is removed by the frame that made it");
    object_dispose(&event->object);
    return TN_OK;
}

// ---- posting and waiting ---------------------------------------------------------------------

static struct post *make_post(struct tn_event *event, void *value) {
    struct post *post = os_allocate(sizeof *post);
    if (post != NULL) {
        sanitizer_hand_over(&event->object.awaitable);
        *post = (struct post){.event = event, .value = value};
        list_node_init(&post->link);
        post->timer.fire = fire;
    }
    return post;
}

int tn_event_post(struct tn_event *event, void *value) {
    struct post *post = make_post(event, value);
    if (post == NULL) {
        return TN_NO_MEMORY;
    }
    enqueue(event, post);
    return TN_OK;
}

int tn_event_post_after(struct tn_event *event, void *value, double seconds) {
    if (!(seconds > 0)) {
        return tn_event_post(event, value);
    }
    struct post *post = make_post(event, value);
    if (post == NULL) {
        return TN_NO_MEMORY;
    }
    object_retain(&event->object); // the timer's
    os_lock_acquire(&event->lock);
    list_push_back(&event->delayed, &post->link);
    post->timers = scheduler_timers(event->scheduler);
    os_lock_release(&event->lock);
    scheduler_timer_add(post->timers, &post->timer, time_after_ns(seconds));
    return TN_OK;
}

int tn_event_send(struct tn_self *self, struct tn_event *event, void *value) {
    awaitable_complete(&event->object.awaitable, TN_OK, value, false, NULL);
    // Whoever was woken on this thread stands in its queue now: let them run first.
    return tn_yield(self);
}

int tn_event_wait(struct tn_self *self, struct tn_event *event, void **value) {
    return awaitable_wait(self, &event->object.awaitable, value, false);
}

struct tn_awaitable *tn_of_event(struct tn_event *event) {
    return event == NULL ? NULL : (struct tn_awaitable *)(void *)&event->object.awaitable;
}
