// guest_end.c - the end of a guest: its result, or its failures, are packed and sent.
//
// Where a guest has left nothing when its function returns, it is answered for at once, on its
// stack; and what comes next begins there, if that comes soon (run_guests).
// Invariant: the frame's body_data is its guest until that has been answered for, then NULL. Start
// reading at run_guests.
#include "cluster/guest.h"

#include <string.h>

#include <tenon/dframe.h>

#include "cluster/copy.h"
#include "frame/cancel.h"
#include "frame/failure.h"
#include "frame/follow.h"
#include "frame/room.h"
#include "frame/run.h"

// ---- what is sent ----------------------------------------------------------------------------

static uint32_t pack_failures(struct guest *guest, struct frame *frame) {
    char path[BAGGAGE_TEXT_MAX];
    const struct tn_failure *told[BAGGAGE_GROUPS_MAX];
    guest->answer = os_allocate(guest->failure_count * BAGGAGE_GROUP_BYTES);
    if (guest->answer == NULL) {
        return 0;
    }
    for (unsigned i = 0; i < guest->failure_count; i++) {
        told[i] = &guest->failures[i]->faces[FAILURE_OF_FRAME];
    }
    (void)tn_frame_path((const struct tn_frame *)(void *)frame, path, sizeof path);
    return (uint32_t)baggage_write(told, guest->failure_count, path, guest->answer);
}

// Room for a long result where the owner will read it.
static bool guest_lend(struct frame *frame, size_t bytes, struct room_loan *loan) {
    const struct guest *guest = frame->body_data;
    void *lent = link_lend(guest->serve->link, bytes);
    *loan = (struct room_loan){lent, guest_unlend, guest->serve->link, lent};
    return lent != NULL;
}

// A result whose elements its function has written in lent memory, in a room that goes along.
static bool pack_lent(struct guest *guest, struct frame *frame, size_t bytes) {
    const struct tn_data_type *result = guest->type->travel->result;
    struct schema_view view;
    struct room_loan loan;
    if (!schema_is_view(result->fields)) {
        return false;
    }
    memcpy(&view, frame->payload, sizeof view);
    if (!room_take_loan(frame, view.data, &loan)) {
        return false;
    }
    unsigned char *const elements = loan.what;
    const size_t head = guest_result_bytes(guest->type),
                 used = view.count * result->fields->element_bytes;
    memset(elements + used, 0, bytes - head - used);
    view.data = (const void *)(uintptr_t)head;
    guest->answer = elements - head;
    guest->is_lent = true;
    memcpy(guest->answer, &view, sizeof view);
    return true;
}

static bool has_answer_room(struct guest *guest, size_t bytes) {
    const size_t head = guest_result_bytes(guest->type);
    if (bytes <= head) {
        guest->answer = guest_own_room(guest);
        return true;
    }
    unsigned char *lent = link_lend(guest->serve->link, bytes - head);
    guest->is_lent = lent != NULL;
    guest->answer = guest->is_lent ? lent - head : os_allocate(bytes);
    return guest->answer != NULL;
}

// The elements of a view follow the result; few of them find room beside it. What is long is best
// written where the owner reads it, or else copied to there, before anybody has to wait.
static int pack_result(struct guest *guest, struct frame *frame, uint32_t *bytes) {
    const struct tn_data_type *result = guest->type->travel->result;
    if (result == NULL) {
        return TN_OK;
    }
    const size_t all = copy_bytes(result, frame->payload);
    if (all > guest->serve->link->payload_max || all > UINT32_MAX) {
        return TN_TOO_LONG;
    }
    *bytes = (uint32_t)all;
    if (pack_lent(guest, frame, all)) {
        return TN_OK;
    }
    if (!has_answer_room(guest, all)) {
        *bytes = 0;
        return TN_NO_MEMORY;
    }
    copy_write(result, frame->payload, guest->answer);
    return TN_OK;
}

// ---- saying so -------------------------------------------------------------------------------

// Where nothing is said again, nothing depends on when a result is said, and the clock costs more
// than all else of that.
static uint64_t now_for_taker(const struct serve *serve) {
    return serve->link->is_reliable ? 0 : os_now_ns();
}

// The worker takes another one at the same time: where tasks are short and many, that spares each
// of them a message.
static void end_and_take(struct guest *guest, int code, uint32_t bytes, uint64_t now,
                         struct worker *worker, struct frame *host) {
    struct serve *serve = guest->serve;
    const uint64_t now_ns = now_for_taker(serve);
    struct taker_slot *next =
        taker_end_and_next(&serve->taker, guest->slot, code, guest->answer, bytes, now_ns);
    if (next != NULL) {
        serve_take(serve, worker, next, host, now);
    }
}

// `worker` is the one that would go on with the next task (NULL: nobody), in the frame `host`
// (NULL: in one of its own).
static void answer(struct guest *guest, int code, uint32_t bytes, struct worker *worker,
                   struct frame *host) {
    struct serve *serve = guest->serve;
    os_lock_acquire(&serve->ear.turn);
    guest_lane_leave(guest);
    const uint64_t now = os_ticks();
    guest->frame = NULL;
    guest->slot->spent_ns = now > guest->begun ? os_ticks_to_ns(now - guest->begun) : 0;
    if (worker != NULL && serve->root != NULL) {
        end_and_take(guest, code, bytes, now, worker, host);
    } else {
        taker_end(&serve->taker, guest->slot, code, guest->answer, bytes, now_for_taker(serve));
    }
    serve_update(serve);
    os_lock_release(&serve->ear.turn);
}

// On the loop: where its frame has ended.
static struct worker *who_takes_next(const struct serve *serve) {
    struct worker *worker = worker_current();
    const bool is_ours = worker != NULL && worker->scheduler == &serve->run->scheduler;
    const bool is_left = is_ours && atomic_load_relaxed(&worker->running) == NULL;
    return is_left && wire_is_next(worker) ? worker : NULL;
}

static void guest_settled(struct frame *frame, int outcome) {
    struct guest *guest = frame->body_data;
    uint32_t bytes = 0;
    if (guest == NULL) {
        return;
    }
    if (guest->failure_code != 0) {
        outcome = guest->failure_code;
        bytes = guest->failure_count == 0 ? 0 : pack_failures(guest, frame);
    } else if (outcome == TN_OK) {
        outcome = pack_result(guest, frame, &bytes);
    }
    answer(guest, outcome, bytes, who_takes_next(guest->serve), NULL);
}

// ---- one after another -----------------------------------------------------------------------

// True: the guest has left nothing, and has been answered for, as have those that came in its lane.
// `host` as above.
static bool ends_here(struct tn_self *self, struct frame *frame, struct worker *worker,
                      struct frame *host) {
    struct guest *guest = frame->body_data;
    uint32_t bytes = 0;
    if (CONTEXT_TSAN_OUTSIDE || guest->failure_code != 0 || !frame_is_bare(frame)) {
        return false;
    }
    const int code = pack_result(guest, frame, &bytes);
    if (host != NULL && code == TN_OK && guest_lane_open(guest, frame, bytes)) {
        return guest_lane_serve(self, frame);
    }
    frame->body_data = NULL;
    answer(guest, code, bytes, wire_is_next(worker) ? worker : NULL, host);
    return true;
}

static bool has_taken(const void *worker) {
    return ((const struct worker *)worker)->taken != NULL;
}

// What the worker has taken, or takes soon. NULL: nothing.
static struct guest *wait_for_next(struct frame *host, struct worker *worker) {
    if (worker->taken == NULL && wire_may_wait_here(host->stack)) {
        worker->host = host;
        (void)wire_wait_here(host->stack, has_taken, worker);
        worker->host = NULL;
    }
    struct taker_slot *slot = worker->taken;
    return slot == NULL ? NULL : slot->upper;
}

// Is it one that says no wish, and finds room in its frame?
static bool is_light(const struct guest *guest) {
    const struct tn_type *type = guest->type;
    return baggage_wish_bytes_of(guest->bytes) == 0 &&
           type->travel->arguments->bytes <= TN_PAYLOAD_BYTES &&
           type->result_bytes <= TN_PAYLOAD_BYTES;
}

// The frame becomes that of the next guest, if both allow it.
static bool follow(struct frame *host, struct worker *worker) {
    uint64_t values[TN_PAYLOAD_BYTES / sizeof(uint64_t)]; // not zeroed
    struct guest *guest = wait_for_next(host, worker);
    if (guest == NULL) {
        return false;
    }
    const struct tn_type *type = guest->type;
    if (is_light(guest) && copy_read(type->travel->arguments, guest->came, guest->bytes, values) &&
        frame_follow(host, type, type->line, values)) {
        host->body_data = guest;
        worker->taken = NULL;
        worker->tick++;
        return true;
    }
    os_lock_acquire(&guest->serve->ear.turn);
    guest->frame = NULL; // it gets another one on the loop
    os_lock_release(&guest->serve->ear.turn);
    return false;
}

static void run_guests(struct tn_self *self, struct frame *frame) {
    bool follows;
    do {
        frame->type->invoke(self, frame->payload);
        struct worker *worker = task_stack_of(self)->worker; // it may have waited
        struct frame *host = wire_may_follow(worker) && frame_may_follow(frame) ? frame : NULL;
        follows = ends_here(self, frame, worker, host) && host != NULL && follow(host, worker);
    } while (follows);
}

// ---- failures --------------------------------------------------------------------------------

// The first failure gives the code, some further ones travel with it; one from below removes the
// guest.
static void guest_failed(struct frame *frame, struct frame *failed, int code,
                         struct failure *failure) {
    struct guest *guest = frame->body_data;
    frame_lock(frame);
    guest->failure_code = guest->failure_code != 0 ? guest->failure_code : code;
    if (failure != NULL && guest->failure_count < BAGGAGE_GROUPS_MAX) {
        atomic_fetch_add_relaxed(&failure->references, 1);
        guest->failures[guest->failure_count++] = failure;
    }
    frame_unlock(frame);
    if (failed != frame) {
        (void)cancel_request(frame, TN_CANCELLED);
    }
}

const struct frame_body guest_body = {
    .run = run_guests, .settled = guest_settled, .failed = guest_failed, .lend = guest_lend};
