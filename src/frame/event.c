// event.c - events: posts queue up behind what is ready, one token of the event in the queues at a
// time.
//
// In a run of one thread an event is not locked: only that thread comes to it. What other threads
// post travels to it as a parcel.
//
// Invariant: `is_queued` is set exactly while the token `deliver` is on a queue or running; then
// `posts` is not empty, except after a withdrawal. Posts are delivered one at a time, in order.
// Start reading at tn_event_post.
#include "frame/event.h"

#include "base/check.h"
#include "frame/current.h"
#include "frame/misuse.h"
#include "frame/port.h"
#include "frame/run.h"
#include "frame/time.h"

// A post with memory of its own, that waits for its time or comes from outside.
struct parcel {
    struct post post; // first
    struct tn_event *event;
    struct timer timer;
    struct timers *timers;
    uint64_t deadline_ns; // 0: now
    struct runnable arrive;
    uint32_t generation; // of the event that it was posted to
};

// ---- delivering ------------------------------------------------------------------------------

// The worker of the calling thread; NULL outside of the run.
static struct worker *worker_in(const struct run *run) {
    struct worker *worker = worker_current();
    return worker != NULL && worker->scheduler == &run->scheduler ? worker : NULL;
}

// A plain Frame comes back to its queue soon, and keeps the order there. A PFrame may block: then
// somebody else shall deliver.
static bool is_prompt(struct worker *worker) {
    const struct task_stack *stack = atomic_load_relaxed(&worker->running);
    return stack == NULL || stack->home != NULL || !worker->scheduler->is_shared;
}

// `worker` as by worker_in.
static void submit(struct tn_event *event, struct worker *worker) {
    if (LIKELY(worker != NULL && is_prompt(worker))) {
        runnable_queue_push(&worker->local, &event->deliver);
    } else {
        scheduler_submit_anyone(&event->run->scheduler, &event->deliver, false);
    }
}

static void free_post(struct tn_event *event, struct post *post) {
    if (post == &event->slot) {
        event->slot_is_used = false;
    } else {
        os_free(post);
    }
}

static struct task_stack *deliver(struct worker *worker, struct runnable *runnable) {
    struct tn_event *event = container_of(runnable, struct tn_event, deliver);
    struct awaitable *awaitable = &event->object.awaitable;
    awaitable_lock(awaitable);
    struct list_node *node = list_pop_front(&event->posts);
    if (node != NULL) {
        struct post *post = container_of(node, struct post, link);
        awaitable_complete_locked(awaitable, TN_OK, post->value, event->is_singleshot, NULL);
        free_post(event, post);
    }
    const bool has_more = !list_is_empty(&event->posts);
    const bool releases = !has_more && event->token_releases;
    event->is_queued = has_more;
    awaitable_unlock(awaitable);
    if (has_more) {
        runnable_queue_push(&worker->local, &event->deliver);
    } else if (releases) {
        object_release(&event->object);
    }
    return NULL;
}

// Puts a post behind what is ready; the awaitable's lock is held and given back.
static void enqueue_and_unlock(struct tn_event *event, struct post *post, struct worker *worker) {
    list_push_back(&event->posts, &post->link);
    const bool was_queued = event->is_queued;
    event->is_queued = true;
    awaitable_unlock(&event->object.awaitable);
    if (!was_queued) {
        submit(event, worker);
    }
}

// ---- parcels ---------------------------------------------------------------------------------

static void fire(struct timer *timer) {
    struct parcel *parcel = container_of(timer, struct parcel, timer);
    struct tn_event *event = parcel->event;
    awaitable_lock(&event->object.awaitable);
    if (list_is_linked(&parcel->post.link)) {
        list_remove(&parcel->post.link);
        enqueue_and_unlock(event, &parcel->post, worker_in(event->run));
    } else { // the event is being withdrawn, which frees it
        awaitable_unlock(&event->object.awaitable);
    }
    object_release(&event->object);
}

// The awaitable's lock is held and given back.
static void delay_and_unlock(struct tn_event *event, struct parcel *parcel) {
    object_retain(&event->object); // the timer's
    list_push_back(&event->delayed, &parcel->post.link);
    parcel->timers = scheduler_timers(&event->run->scheduler);
    awaitable_unlock(&event->object.awaitable);
    scheduler_timer_add(parcel->timers, &parcel->timer, parcel->deadline_ns);
}

// True: taken. False: the event has ended.
static bool take_in(struct tn_event *event, struct parcel *parcel) {
    awaitable_lock(&event->object.awaitable);
    if (event->is_withdrawn || event->generation != parcel->generation) {
        awaitable_unlock(&event->object.awaitable);
        return false;
    }
    if (parcel->deadline_ns != 0) {
        delay_and_unlock(event, parcel);
    } else {
        enqueue_and_unlock(event, &parcel->post, worker_in(event->run));
    }
    return true;
}

// From outside, on the thread of the event.
static struct task_stack *arrive(struct worker *worker, struct runnable *runnable) {
    (void)worker;
    struct parcel *parcel = container_of(runnable, struct parcel, arrive);
    if (!take_in(parcel->event, parcel)) {
        os_free(parcel);
    }
    return NULL;
}

static int send_parcel(struct tn_event *event, void *value, uint64_t deadline_ns) {
    struct parcel *parcel = os_allocate(sizeof *parcel);
    if (parcel == NULL) {
        return TN_NO_MEMORY;
    }
    *parcel = (struct parcel){.post.value = value,
                              .event = event,
                              .timer.fire = fire,
                              .deadline_ns = deadline_ns,
                              .arrive.run = arrive,
                              .generation = event->generation};
    list_node_init(&parcel->post.link);
    if (event->object.awaitable.is_local && worker_in(event->run) == NULL) {
        scheduler_submit_anyone(&event->run->scheduler, &parcel->arrive, false);
    } else if (!take_in(event, parcel)) {
        os_free(parcel);
        return TN_REMOVED;
    }
    return TN_OK;
}

// ---- life ------------------------------------------------------------------------------------

// A delayed post, unlinked: a timer that fires from now on sees that it is not wanted. NULL: none.
static struct parcel *take_delayed(struct tn_event *event) {
    awaitable_lock(&event->object.awaitable);
    struct list_node *node = list_pop_front(&event->delayed);
    awaitable_unlock(&event->object.awaitable);
    return node == NULL ? NULL : container_of(node, struct parcel, post.link);
}

static void withdraw(struct object *object) {
    struct tn_event *event = event_of(object);
    awaitable_lock(&object->awaitable);
    event->is_withdrawn = true;
    struct list_node *node;
    while ((node = list_pop_front(&event->posts)) != NULL) {
        free_post(event, container_of(node, struct post, link));
    }
    if (event->is_queued) {
        object_retain(object);
        event->token_releases = true;
    }
    awaitable_unlock(&object->awaitable);
    const uint64_t port = atomic_load_relaxed(&event->port);
    if (UNLIKELY(port != 0)) {
        port_end(event->run, port);
    }
    struct parcel *parcel;
    while ((parcel = take_delayed(event)) != NULL) {
        if (timers_cancel(parcel->timers, &parcel->timer)) {
            object_release(object);
        }
        os_free(parcel);
    }
}

static void destroy(struct object *object) {
    struct tn_event *event = event_of(object);
    quarantine_put(&event->run->ended_events, &event->ended);
}

// The owner has ended: from now on who uses the event is mistaken.
static void leave(struct primitive *primitive) {
    struct object *object = container_of(primitive, struct object, primitive);
    atomic_store_relaxed(&event_of(object)->has_left, true);
    object_release(object);
}

static struct tn_event *take_memory(struct run *run) {
    struct list_node *node = quarantine_take(&run->ended_events);
    struct tn_event *event =
        node != NULL ? container_of(node, struct tn_event, ended) : os_allocate(sizeof *event);
    if (event == NULL) {
        return NULL;
    }
    const uint32_t generation = node == NULL ? 0 : event->generation + 1;
    __builtin_memset(event, 0, sizeof *event);
    event->generation = generation;
    return event;
}

struct tn_event *tn_event_create_with(struct tn_self *self,
                                      const struct tn_event_options *options) {
    struct frame *owner = frame_current(self);
    struct tn_event *event = owner == NULL ? NULL : take_memory(owner->run);
    if (event == NULL) {
        return NULL;
    }
    event->name = options->name;
    event->object.name = options->name;
    event->run = owner->run;
    event->is_singleshot = options->is_singleshot;
    list_init(&event->posts);
    list_init(&event->delayed);
    event->deliver.run = deliver;
    struct object *object = &event->object;
    object_init(object, &owner->run->scheduler);
    object->outcome_at_end = options->is_lifebound ? TN_OK : TN_REMOVED;
    object->withdraw = withdraw;
    object->destroy = destroy;
    object->primitive.release = leave;
    object_give(object, owner);
    return event;
}

struct tn_event *tn_event_create(struct tn_self *self, const char *name) {
    return tn_event_create_with(self, &(struct tn_event_options){.name = name});
}

int event_status_slow(const struct tn_event *event) {
    if (!atomic_load_relaxed(&((struct tn_event *)(uintptr_t)event)->has_left)) {
        return TN_REMOVED;
    }
    return misuse(TN_REMOVED, "an event was used after its end, which is the end of the frame that "
                              "made it, or tn_event_remove: make it in a frame that outlives all "
                              "who use it");
}

// The frame that runs on `self`, if it has a node of its own: only then it can own anything.
static const struct frame *owner_on(struct tn_self *self) {
    struct task_stack *stack = task_stack_of(self);
    struct tn_task *slot = tasks_in_place(&stack->tasks, self->top);
    return slot == NULL ? stack->frame : task_adopter(slot);
}

int tn_event_remove(struct tn_self *self, struct tn_event *event) {
    const int status = event_status(event);
    if (status != TN_OK) {
        return status;
    }
    struct object *object = &event->object;
    if (object->primitive.owner != owner_on(self)) {
        return misuse(TN_NOT_YOURS,
                      "the event %s was removed by another frame than the one that "
                      "made it: let that one call tn_event_remove",
                      event->name);
    }
    object_retain(object);
    object_dispose(object);
    atomic_store_relaxed(&event->has_left, true);
    object_release(object);
    return TN_OK;
}

// ---- posting and waiting ---------------------------------------------------------------------

int tn_event_post(struct tn_event *event, void *value) {
    const int status = event_status(event);
    if (UNLIKELY(status != TN_OK)) {
        return status;
    }
    struct awaitable *awaitable = &event->object.awaitable;
    sanitizer_hand_over(awaitable);
    struct worker *worker = worker_in(event->run);
    if (UNLIKELY(worker == NULL && awaitable->is_local)) {
        return send_parcel(event, value, 0);
    }
    awaitable_lock(awaitable);
    if (UNLIKELY(event->slot_is_used || event->is_withdrawn)) {
        awaitable_unlock(awaitable);
        return send_parcel(event, value, 0);
    }
    event->slot_is_used = true;
    event->slot.value = value;
    enqueue_and_unlock(event, &event->slot, worker);
    return TN_OK;
}

int tn_event_post_after(struct tn_event *event, void *value, double seconds) {
    if (!(seconds > 0)) {
        return tn_event_post(event, value);
    }
    const int status = event_status(event);
    if (status != TN_OK) {
        return status;
    }
    sanitizer_hand_over(&event->object.awaitable);
    return send_parcel(event, value, time_after_ns(seconds));
}

int tn_event_wait(struct tn_self *self, struct tn_event *event, void **value) {
    const int status = event_status(event);
    if (UNLIKELY(status != TN_OK)) {
        return status;
    }
    struct awaitable *awaitable = &event->object.awaitable;
    int outcome;
    if (!awaitable_is_done(awaitable, &outcome)) {
        return awaitable_wait(self, awaitable, value, false);
    }
    if (value != NULL) {
        *value = awaitable->value;
    }
    return outcome;
}

// ---- as an awaitable -------------------------------------------------------------------------

static void keep_count(struct awaitable *awaitable) {
    (void)awaitable; // it is nobody's and stays for ever
}

struct tn_awaitable *event_ended(void) {
    static const struct awaitable_kind nobodys = {keep_count, keep_count, NULL};
    static struct awaitable ended = {.kind = &nobodys, .is_done = true, .outcome = TN_REMOVED};
    return (struct tn_awaitable *)(void *)&ended;
}

struct tn_awaitable *tn_of_event(struct tn_event *event) {
    if (event == NULL) {
        return NULL;
    }
    return event_status(event) == TN_OK ? (struct tn_awaitable *)(void *)&event->object.awaitable
                                        : event_ended();
}
