// guest_ask.c - what a DFrame of another process, or a frame below it, asks at ports over there.
//
// An ask is a post; its answer is a tell with the same number. It lies on the stack of who asks
// (sync/asking.h) and hangs in the guest's list until it is answered, or nobody will answer.
// Invariant, under the turn: `ask_count` asks are in the list, by number, and the owner has
// answered none of them. Start reading at guest_ask.
#include <string.h>

#include "base/bits.h"
#include "cluster/copy.h"
#include "cluster/guest.h"
#include "frame/room.h"
#include "sync/item.h"

struct ask_post {
    struct taker_post post; // first: guest.c frees it
    struct baggage_ask ask;
    uint64_t item[];
};

static struct ask_post *make_post(size_t item_bytes) {
    struct ask_post *made = os_allocate(sizeof *made + item_bytes);
    if (made != NULL) {
        *made = (struct ask_post){.post.bytes = (uint32_t)(sizeof made->ask + item_bytes)};
        list_node_init(&made->post.node);
        made->post.payload = &made->ask;
    }
    return made;
}

// With the turn.
static void send(struct guest *guest, struct asking *asking, struct ask_post *made, uint32_t wish) {
    made->ask.port = asking->port;
    made->ask.number = asking->number;
    made->ask.wish = wish;
    made->ask.type = asking->type == NULL ? 0 : schema_item_identity(asking->type);
    taker_post(&guest->serve->taker, guest->slot, &made->post, os_now_ns());
}

// With the turn: a code, or ASKING_WAITS, and the memory belongs to others.
static int begin(struct guest *guest, struct asking *asking, struct ask_post *made) {
    if (guest->serve->taker.state != TAKER_SERVING) {
        return TN_REMOVED;
    }
    if (guest->ask_count == BAGGAGE_ASKS_MAX) {
        return TN_TOO_MANY;
    }
    guest->ask_count++;
    asking->number = ++guest->asked;
    list_push_back(&guest->asks, &asking->node);
    send(guest, asking, made, (uint32_t)asking->wish);
    return ASKING_WAITS;
}

// The longest item that it may put, or be given.
static size_t item_bytes_max(const struct asking *asking) {
    if (asking->type == NULL) {
        return 0;
    }
    if (wish_puts(asking->wish)) {
        return copy_bytes(asking->type, asking->item);
    }
    const bool has_elements = item_element_bytes(asking->type) != 0;
    return bits_round_up(asking->type->bytes, 8) + (has_elements ? TN_ITEM_BYTES_MAX : 0);
}

// What must not fail later: to take it back, and to be given an item.
static bool make_reserves(struct asking *asking) {
    const bool gets_elements = wish_gets(asking->wish) && item_element_bytes(asking->type) != 0;
    asking->reserve = gets_elements ? room_make_alone(TN_ITEM_BYTES_MAX) : NULL;
    asking->taking_back = gets_elements && asking->reserve == NULL ? NULL : make_post(0);
    return asking->taking_back != NULL;
}

static void free_reserves(struct asking *asking) {
    room_free_all(asking->reserve);
    os_free(asking->taking_back);
}

int guest_ask(struct frame *border, struct asking *asking) {
    struct guest *guest = border->body_data;
    struct serve *serve = guest->serve;
    const size_t item_bytes = item_bytes_max(asking);
    if (item_bytes > serve->link->payload_max - sizeof(struct baggage_ask)) {
        return TN_TOO_LONG;
    }
    const bool puts = wish_puts(asking->wish);
    struct ask_post *made = make_post(puts ? item_bytes : 0);
    int code = TN_NO_MEMORY;
    if (make_reserves(asking) && made != NULL) {
        if (puts) {
            copy_write(asking->type, asking->item, made->item);
        }
        list_node_init(&asking->node);
        os_lock_acquire(&serve->ear.turn);
        guest_lane_leave(guest);
        code = begin(guest, asking, made);
        os_lock_release(&serve->ear.turn);
    }
    if (code != ASKING_WAITS) {
        free_reserves(asking);
        os_free(made);
    }
    return code;
}

void guest_take_back(struct frame *border, struct asking *asking) {
    struct guest *guest = border->body_data;
    os_lock_acquire(&guest->serve->ear.turn);
    struct ask_post *made = asking->taking_back;
    if (list_is_linked(&asking->node)) { // else it has just been answered
        asking->taking_back = NULL;
        send(guest, asking, made, 0);
    }
    os_lock_release(&guest->serve->ear.turn);
}

// With the turn. Who asked may be gone when this returns.
static void complete(struct guest *guest, struct asking *asking, int code) {
    list_remove(&asking->node);
    guest->ask_count--;
    free_reserves(asking);
    awaitable_complete(&asking->over, code, NULL, true, NULL);
}

static struct asking *find(const struct guest *guest, uint64_t number) {
    LIST_EACH(&guest->asks, node) {
        struct asking *asking = container_of(node, struct asking, node);
        if (asking->number == number) {
            return asking;
        }
    }
    return NULL;
}

// A room of the length that it needs, or else the one of any length.
static struct room *take_room(struct asking *asking, size_t bytes) {
    struct room *room = room_make_alone(bytes);
    if (room == NULL) {
        room = asking->reserve;
        asking->reserve = NULL;
    }
    return room;
}

// With the turn: the item goes where it is waited for. False: it is none.
static bool take_item(struct asking *asking, const void *copy, size_t copy_bytes) {
    const size_t element_bytes = item_element_bytes(asking->type);
    struct item_view *item = asking->item;
    size_t bytes;
    if (!copy_read(asking->type, copy, copy_bytes, item)) {
        return false;
    }
    if (element_bytes == 0) {
        return true;
    }
    if (item_measure(element_bytes, item, &bytes) != TN_OK) {
        return false;
    }
    struct room *room = bytes == 0 ? NULL : take_room(asking, bytes);
    if (room != NULL) {
        memcpy(room->elements, item->data, bytes);
    }
    item->data = room == NULL ? NULL : room->elements;
    return true;
}

// What answers nothing is dropped.
void guest_tell(void *upper, struct taker_slot *slot, const void *payload, uint32_t bytes) {
    struct guest *guest = slot->upper;
    struct baggage_answer answer;
    (void)upper;
    if (bytes < sizeof answer) {
        return;
    }
    memcpy(&answer, payload, sizeof answer);
    struct asking *asking = find(guest, answer.number);
    if (asking == NULL) {
        return;
    }
    const bool has_item = wish_gets(asking->wish) && answer.code == TN_OK;
    if (has_item &&
        !take_item(asking, (const char *)payload + sizeof answer, bytes - sizeof answer)) {
        answer.code = TN_MALFORMED;
    }
    complete(guest, asking, answer.code <= 0 ? answer.code : TN_MALFORMED);
}

void guest_parted(void *upper, struct taker_slot *slot) {
    struct guest *guest = slot->upper;
    (void)upper;
    struct list_node *node;
    while ((node = list_first(&guest->asks)) != NULL) {
        complete(guest, container_of(node, struct asking, node), TN_REMOVED);
    }
}
