// guest.c - see guest.h.
#include "cluster/guest.h"

#include <string.h>

#include <tenon/dframe.h>

#include "cluster/copy.h"
#include "cluster/registry.h"
#include "frame/cancel.h"
#include "frame/failure.h"
#include "frame/local.h"
#include "frame/run.h"
#include "frame/scope.h"

// Arguments that need no memory of the heap on their way.
enum { SMALL_BYTES = 256 };

// ---- the taker's calls -----------------------------------------------------------------------

// With the turn, as guest_free; only room_bytes is set. As many are kept as there were at a time.
static struct guest *guest_allocate(struct serve *serve, size_t room_bytes) {
    struct guest *guest = serve->spare;
    if (room_bytes <= GUEST_ROOM && guest != NULL) {
        serve->spare = guest->next_spare;
        return guest;
    }
    room_bytes = room_bytes < GUEST_ROOM ? GUEST_ROOM : room_bytes;
    guest = os_allocate(sizeof *guest + room_bytes);
    if (guest != NULL) {
        guest->room_bytes = room_bytes;
    }
    return guest;
}

static void guest_free(struct serve *serve, struct guest *guest) {
    if (guest->room_bytes > GUEST_ROOM) {
        os_free(guest);
        return;
    }
    guest->next_spare = serve->spare;
    serve->spare = guest;
}

void guest_trim(struct serve *serve) {
    while (serve->spare != NULL) {
        struct guest *guest = serve->spare;
        serve->spare = guest->next_spare;
        os_free(guest);
    }
}

// Member by member: what is not counted yet need not be written.
static void guest_init(struct guest *guest, struct serve *serve, struct taker_slot *slot,
                       const struct tn_type *type) {
    guest->serve = serve;
    guest->slot = slot;
    guest->type = type;
    guest->frame = NULL;
    guest->cancel_code = guest->failure_code = 0;
    guest->failure_count = 0;
    guest->answer = NULL;
    guest->is_lent = false;
    guest->begun = 0;
    guest->task = slot->task;
    guest->begins_before = slot->begins_before;
    list_init(&guest->asks);
    guest->ask_count = 0;
    guest->asked = 0;
}

static int guest_keep(void *upper, struct taker_slot *slot, const void *arguments, uint32_t bytes) {
    struct serve *serve = upper;
    const struct tn_type *type = registry_find_again(&serve->found, slot->function);
    if (type == NULL) {
        return TN_NOT_FOUND;
    }
    const bool lasts = link_lasts(serve->link, arguments);
    const size_t room = (lasts ? 0 : bits_round_up(bytes, 8)) + guest_result_bytes(type);
    struct guest *guest = guest_allocate(serve, room);
    if (guest == NULL) {
        return TN_NO_MEMORY;
    }
    guest_init(guest, serve, slot, type);
    guest->bytes = bytes;
    guest->came = lasts ? arguments : memcpy(guest->room, arguments, bytes);
    slot->upper = guest;
    return 0;
}

static void guest_cancel(void *upper, struct taker_slot *slot, int code) {
    struct guest *guest = slot->upper;
    (void)upper;
    guest->cancel_code = code == TN_TIMED_OUT ? TN_TIMED_OUT : TN_CANCELLED;
    if (guest->frame != NULL) {
        (void)cancel_request(guest->frame, guest->cancel_code);
    }
}

static void guest_drop(void *upper, struct taker_slot *slot) {
    struct guest *guest = slot->upper;
    (void)upper;
    for (unsigned i = 0; i < guest->failure_count; i++) {
        failure_release(guest->failures[i]);
    }
    if (guest->is_lent) {
        guest_unlend(guest->serve->link, guest->answer);
    } else if (guest->answer != NULL && guest->answer != guest_own_room(guest)) {
        os_free(guest->answer);
    }
    guest_free(guest->serve, guest);
}

struct tn_attempt guest_attempt_of(const struct frame *border) {
    const struct guest *guest = border->body_data;
    return (struct tn_attempt){guest->serve->taker.owner, guest->task, guest->begins_before + 1};
}

// ---- posts -----------------------------------------------------------------------------------

struct guest_post {
    struct taker_post post; // first, as in what guest_ask.c posts
    struct baggage_post baggage;
};

int guest_post(struct frame *border, struct tn_port port, int64_t value) {
    struct guest *guest = border->body_data;
    struct serve *serve = guest->serve;
    struct guest_post *made = os_allocate(sizeof *made);
    if (made == NULL) {
        return TN_NO_MEMORY;
    }
    *made = (struct guest_post){.baggage = {port, value}};
    list_node_init(&made->post.node);
    made->post.payload = &made->baggage;
    made->post.bytes = sizeof made->baggage;
    os_lock_acquire(&serve->ear.turn);
    guest_lane_leave(guest);
    taker_post(&serve->taker, guest->slot, &made->post, os_now_ns());
    os_lock_release(&serve->ear.turn);
    return TN_OK;
}

static void guest_posted(void *upper, struct taker_post *post) {
    (void)upper;
    os_free(container_of(post, struct guest_post, post));
}

const struct taker_calls guest_calls = {.keep = guest_keep,
                                        .cancel = guest_cancel,
                                        .drop = guest_drop,
                                        .posted = guest_posted,
                                        .tell = guest_tell,
                                        .parted = guest_parted};

// ---- beginning -------------------------------------------------------------------------------

// What came behind the arguments: values of its ancestors. Where they do not fit, the frame goes
// before it has been seen.
static struct frame *with_locals(struct frame *frame, const void *values, size_t bytes, int *code) {
    const int restored = bytes == 0 ? TN_OK : local_restore(frame, values, bytes);
    if (restored == TN_OK) {
        return frame;
    }
    *code = restored;
    frame_release(frame);
    frame_release(frame);
    return NULL;
}

// A frame for the guest, below root, and a reference of it; NULL and *code: there is none.
static struct frame *make_frame(struct guest *guest, struct worker *worker, int *code) {
    const struct tn_type *type = guest->type;
    const struct tn_data_type *arguments = type->travel->arguments;
    struct serve *serve = guest->serve;
    const size_t wish_bytes = baggage_wish_bytes_of(guest->bytes);
    struct baggage_wish wish = baggage_wish_none();
    memcpy(&wish, guest->came, wish_bytes);
    uint64_t small[SMALL_BYTES / sizeof(uint64_t)]; // not zeroed
    const bool is_small = arguments->bytes <= sizeof small;
    void *const values = is_small ? small : os_allocate(bits_round_up(arguments->bytes, 8));
    *code = TN_NO_MEMORY;
    if (values == NULL) {
        return NULL;
    }
    struct frame *frame = NULL;
    const unsigned char *const begin = (const unsigned char *)guest->came + wish_bytes;
    const size_t left = guest->bytes - wish_bytes;
    const size_t locals = wish.locals_bytes <= left ? (size_t)wish.locals_bytes : left;
    if (!copy_read(arguments, begin, left - locals, values)) {
        *code = TN_MALFORMED;
    } else {
        frame = frame_create(worker, serve->run, type, type->line, values);
    }
    if (!is_small) {
        os_free(values);
    }
    if (frame != NULL) {
        frame = with_locals(frame, begin + (left - locals), locals, code);
    }
    if (frame != NULL) {
        frame->body = &guest_body;
        frame->body_data = guest;
        frame->is_forgotten = true;
        frame->waits_for_children = wish.waits_for_children != 0;
        frame->stack_bytes =
            stack_class_for(wish.stack_bytes) != STACK_CLASSES ? wish.stack_bytes : 0;
        frame_retain(frame); // root may be removing its children
        frame_adopt_child(serve->root, frame, NULL);
        if (wish.left_ns != OS_NEVER) {
            scope_limit_frame(frame, os_now_ns() + wish.left_ns);
        }
    }
    return frame;
}

// It has begun: who cancels it finds its frame from now on; who did already has left a code.
static void show_frame(struct guest *guest, struct frame *frame) {
    os_lock_acquire(&guest->serve->ear.turn);
    guest->frame = frame;
    const int code = guest->cancel_code;
    os_lock_release(&guest->serve->ear.turn);
    if (code != TN_OK) {
        (void)cancel_request(frame, code);
    }
}

struct task_stack *guest_start(struct serve *serve, struct worker *worker,
                               struct taker_slot *slot) {
    struct guest *guest = slot->upper;
    int code;
    struct frame *frame = make_frame(guest, worker, &code);
    if (frame == NULL) {
        os_lock_acquire(&serve->ear.turn);
        taker_end(&serve->taker, slot, code, NULL, 0, os_now_ns());
        serve_update(serve);
        os_lock_release(&serve->ear.turn);
        return NULL;
    }
    struct task_stack *stack = frame_begin(frame, worker, &guest_body);
    if (stack != NULL) {
        show_frame(guest, frame);
    }
    frame_release(frame);
    return stack;
}
