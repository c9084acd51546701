// call.c - one DFrame that runs elsewhere, on the stack where its function would run here.
//
//        run_call            send: owner_submit         call_deliver
//   (none) ----> CLAIMED -------------------> SENT -----------------------> DONE
//      \            \-- ask_for_end: it was cancelled before ----------------^
//       \--call_depart, its stack has not run----^
//        \--call_flights, it is no frame yet-----^
//
// Where a plain result is heard of a call that has departed, its frame ends at once, without its
// stack (ends_unrun, call_end_all); else that runs now (call_go_on). These are in call_depart.c.
//
// The only answer that a run waits for is waited for on the spot at first (is_over_soon); else, or
// when that takes too long, the stack is left (call_commit).
// A frame that is to end tells the owner's half so (ask_for_end), and then waits for the answer,
// whatever happens: nothing of it runs anywhere when it ends.
// Invariant: a call lies on its stack until `is_done` was seen, which whoever delivers sets when he
// has let go of it otherwise; or until who has delivered it has ended its frame. Start reading at
// run_call.
#include <stdio.h>
#include <string.h>

#include <tenon/dframe.h>

#include "cluster/baggage.h"
#include "cluster/call_private.h"
#include "cluster/copy.h"
#include "cluster/registry.h"
#include "frame/cancel.h"
#include "frame/local.h"
#include "frame/ready.h"
#include "frame/run.h"

// ---- the end ---------------------------------------------------------------------------------

// A plain result of a frame of which nothing else was asked; its stack is the caller's to wake.
static bool ends_unrun(const struct call *call) {
    return call->is_unrun && call->end == OWNER_DONE && call->code == TN_OK &&
           frame_ends_plainly(call->frame);
}

void call_count_away(struct bridge *bridge, int more) {
    _Atomic int *const away = &bridge->elsewhere.away;
    atomic_store_relaxed(away, atomic_load_relaxed(away) + more);
}

void call_deliver(void *upper, struct owner_task *task, const struct owner_outcome *outcome) {
    struct bridge *bridge = upper;
    struct call *call = container_of(task, struct call, task);
    call->has_lane = call->is_flying && flight_of(call)->lane.state == OWNER_LANE_OPEN;
    call_count_away(bridge, call->has_lane ? 0 : -1);
    call->end = outcome->end;
    call->code = outcome->code;
    if (outcome->end == OWNER_DONE) {
        bridge->mean_ns += outcome->spent_ns / 8 - bridge->mean_ns / 8;
        bridge_fill(bridge);
        const uint64_t elapsed_ns =
            bridge->heard_ns > task->placed_ns ? bridge->heard_ns - task->placed_ns : 0;
        habits_learn(&bridge->habits, call->type, elapsed_ns, outcome->spent_ns);
        if (task->ahead < (uint32_t)bridge->threads) {
            habits_learn_way(&bridge->habits, elapsed_ns, outcome->spent_ns);
        }
        bridge->useless = 0;
        call_keep_outcome(call, outcome);
    } else if (outcome->end == OWNER_LOST || outcome->end == OWNER_POISONED) {
        (void)snprintf(call->how_lost, sizeof call->how_lost, "%s", bridge->how_lost);
    }
    struct task_stack *stack = call->stack;
    const bool wakes = call->ticket != 0 && task_stack_claim(stack, call->ticket);
    if (wakes && ends_unrun(call)) {
        struct call **const end =
            bridge->ended == NULL ? &bridge->ended : &bridge->ended_last->next_ended;
        *end = bridge->ended_last = call;
        return;
    }
    atomic_store_release(&call->is_done, true); // pairs with is_over
    if (wakes) {
        worker_ready(stack->scheduler, stack);
    }
}

void call_end_all(struct call *ended) {
    while (ended != NULL) {
        struct frame *frame = ended->frame;
        ended = ended->next_ended; // which lies on the frame's stack
        frame_end_unrun(frame);
    }
}

void call_post(void *upper, struct owner_task *task, const void *payload, uint32_t bytes) {
    struct bridge *bridge = upper;
    struct call *call = container_of(task, struct call, task);
    bridge->is_lied_to = !answer_hear(&bridge->answers, &call->asks, task, payload, bytes);
}

void call_parted(void *upper, struct owner_task *task) {
    struct bridge *bridge = upper;
    answers_part(&bridge->answers, &container_of(task, struct call, task)->asks);
}

// ---- waiting ---------------------------------------------------------------------------------

static void tell(const struct note *note, char *text, size_t bytes) {
    (void)note;
    (void)snprintf(text, bytes, "runs in another process");
}

void call_send(struct call *call) {
    struct bridge *bridge = call->bridge;
    call->is_sent = true;
    bridge->claimed--;
    if (bridge->state != BRIDGE_OPEN) { // since it took its place
        call->end = OWNER_CANCELLED;
        atomic_store_relaxed(&call->is_done, true);
        return;
    }
    const bool is_alone = atomic_load_relaxed(&bridge->elsewhere.away) == 0;
    call_count_away(bridge, 1);
    // The clock is looked at when the message is on its way, if nothing depends on it before.
    const bool is_first = is_alone && bridge->ear.link->is_reliable;
    bridge->recent_ns = is_first ? bridge->recent_ns : os_now_ns();
    owner_submit(&bridge->owner, &call->task, bridge->recent_ns);
    if (is_first) {
        bridge->recent_ns = os_now_ns();
        owner_submitted(&call->task, bridge->recent_ns);
    }
    bridge_update(bridge);
}

// From here on it is its frame's. With the turn, so nobody delivers meanwhile.
static void land(struct call *call) {
    void *const payload = call->frame->payload;
    call_lane_land(call);
    call->is_flying = false;
    call->is_unrun = true;
    if (atomic_load_relaxed(&call->is_done) && call->end == OWNER_DONE && call->code == TN_OK) {
        frame_copy(payload, call->result, call->type->result_bytes);
    }
    call->result = payload;
}

// On the loop: nobody can wake the stack before it has been left.
void call_commit(struct task_stack *stack, void *argument) {
    struct call *call = argument; // gone as soon as it is over and the turn free
    struct bridge *bridge = call->bridge;
    const bool is_ending = call->is_ending;
    const uint32_t ticket = task_stack_wait(stack);
    os_lock_acquire(&bridge->ear.turn);
    if (!call->is_sent) {
        if (!call->has_place) {
            (void)bridge_prepare(bridge);
            bridge->claimed++;
        }
        call_send(call);
    }
    if (call->is_flying) {
        land(call);
    }
    const bool is_done = atomic_load_relaxed(&call->is_done);
    call->ticket = is_done ? 0 : ticket;
    bridge_release(bridge);
    if (!is_done) {
        if (!is_ending) {
            cancel_check_waiting(stack, ticket);
        }
    } else if (task_stack_claim(stack, ticket)) {
        if (ends_unrun(call)) {
            frame_end_unrun(call->frame);
        } else {
            worker_ready(stack->scheduler, stack);
        }
    }
}

// Who has heard the answer may have the turn still, for the answers of others.
bool call_is_over(struct call *call) {
    if (atomic_load_acquire(&call->is_done)) { // pairs with call_deliver
        return true;
    }
    os_lock_acquire(&call->bridge->ear.turn);
    call->ticket = 0;
    const bool is_done = atomic_load_relaxed(&call->is_done);
    os_lock_release(&call->bridge->ear.turn);
    return is_done;
}

// The frame is to end: so is what runs elsewhere. True: nothing does.
static bool ask_for_end(struct call *call, int reason) {
    struct bridge *bridge = call->bridge;
    call->is_ending = true;
    os_lock_acquire(&bridge->ear.turn);
    if (!call->is_sent) {
        call->end = OWNER_CANCELLED;
        atomic_store_relaxed(&call->is_done, true);
        bridge->claimed--;
    } else if (!atomic_load_relaxed(&call->is_done)) {
        owner_cancel(&bridge->owner, &call->task, reason, os_now_ns());
    }
    bridge_update(bridge);
    const bool is_done = atomic_load_relaxed(&call->is_done);
    os_lock_release(&bridge->ear.turn);
    return is_done;
}

bool call_is_done(const void *call) {
    // acquire: pairs with call_deliver
    return atomic_load_acquire(&((struct call *)(uintptr_t)call)->is_done);
}

// Sends it from where it is, and waits there for the answer if that comes soon, and is the only one
// that this run waits for.
static bool is_over_soon(struct call *call) {
    struct bridge *bridge = call->bridge;
    if (call->is_sent || call->is_ending || !wire_may_wait_here(call->stack)) {
        return false;
    }
    os_lock_acquire(&bridge->ear.turn);
    const bool is_alone = atomic_load_relaxed(&bridge->elsewhere.away) == 0 && bridge->claimed == 1;
    call_send(call);
    os_lock_release(&bridge->ear.turn);
    return is_alone && wire_wait_here(call->stack, call_is_done, call);
}

void call_wait(struct tn_self *self, struct call *call) {
    do {
        const int due = call->is_ending ? TN_OK : cancel_due(self);
        if ((due != TN_OK && ask_for_end(call, due)) || is_over_soon(call)) {
            return;
        }
        call->stack->note = &call->note;
        if (!call->is_ending) {
            ready_begin(self, NULL);
        }
        worker_suspend(call->stack, call_commit, call);
    } while (!call_is_over(call));
}

// ---- the beginning ---------------------------------------------------------------------------

// It stays here: what it needs does not fit, nobody has taken it, or it has come back to where a
// thread is idle. The agent runs nothing itself.
static void run_here(struct tn_self *self, struct frame *frame) {
    struct task_stack *stack = task_stack_of(self);
    if (stack->worker->is_agent) {
        worker_suspend(stack, worker_requeue, NULL);
    }
    frame->type->invoke(self, frame->payload);
}

// It is over, or has never been sent.
void call_conclude(struct tn_self *self, struct frame *frame, struct call *call,
                   struct baggage *baggage) {
    call_drop_baggage(baggage);
    const bool has_run = call->end != OWNER_CANCELLED && call->end != OWNER_RETURNED;
    if (!has_run && !call->is_ending) {
        frame->task_number = call->task.id;
        frame->begins_before = call->task.begins;
        run_here(self, frame);
    } else {
        call_finish(self, call);
    }
    os_free(call->failure);
}

// Member by member: the text is most of it.
void call_init(struct call *call, struct frame *frame, struct task_stack *stack) {
    call->note = (struct note){.tell = tell};
    call->bridge = bridge_from(frame->run->elsewhere);
    call->frame = frame;
    call->type = frame->type;
    call->result = frame->payload;
    call->stack = stack;
    call->ticket = 0;
    call->is_flying = call->has_lane = call->is_unrun = call->is_sent = call->is_ending = false;
    call->has_place = true;
    atomic_store_relaxed(&call->is_done, false);
    asks_init(&call->asks);
    call->next_ended = NULL;
    call->code = TN_OK;
    call->failure = NULL;
    call->failure_bytes = 0;
    call->how_lost[0] = '\0';
}

// ---- on its stack ----------------------------------------------------------------------------

static void run_call(struct tn_self *self, struct frame *frame) {
    if (frame->body_data != NULL) {
        call_go_on(self, frame);
        return;
    }
    struct bridge *bridge = bridge_from(frame->run->elsewhere);
    struct link *link = bridge->ear.link;
    struct baggage baggage; // not zeroed
    baggage.at = NULL;
    struct local_snapshot *locals;
    const bool is_whole = local_take_snapshot(frame, &locals);
    const struct baggage_wish wish = call_wish(frame, locals);
    const size_t copied = copy_bytes(frame->type->travel->arguments, frame->payload);
    const size_t wish_bytes = baggage_wish_bytes(&wish, copied);
    const size_t bytes = wish_bytes + copied + wish.locals_bytes;
    if (is_whole && bytes <= link->payload_max && bytes <= UINT32_MAX) {
        call_take_baggage(&baggage, link, frame, bytes);
    }
    if (baggage.at == NULL) {
        os_free(locals);
        bridge->elsewhere.unclaim(&bridge->elsewhere);
        run_here(self, frame);
        return;
    }
    struct call call; // not zeroed
    call_init(&call, frame, task_stack_of(self));
    call_pack(&call, baggage.at, bytes, &wish, wish_bytes, locals);
    os_free(locals);
    call_wait(self, &call);
    call_conclude(self, frame, &call, &baggage);
}

const struct frame_body call_body = {.run = run_call};
