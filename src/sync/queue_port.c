// queue_port.c - see queue_port.h.
#include "sync/queue_port.h"

#include "base/atomic.h"
#include "context/sanitizer.h"
#include "frame/port.h"
#include "frame/primitive.h"
#include "frame/run.h"
#include "sync/channel.h"
#include "sync/item.h"
#include "sync/latch.h"
#include "sync/queue.h"

struct queue_port {
    struct primitive primitive; // first: of the frame that it ends with
    struct run *run;
    struct tn_queue *queue;
    const struct tn_data_type *type;
    uint64_t number;
    struct list asks;
};

static struct channel *channel_at(const struct queue_port *port) {
    return channel_of(queue_channel(port->queue));
}

// Two files that include the same declaration have a description each.
static bool is_same_type(const struct tn_data_type *one, const struct tn_data_type *other) {
    if (one == other) {
        return true;
    }
    bool is_same = one->count == other->count && one->bytes == other->bytes;
    for (unsigned i = 0; is_same && i < one->count; i++) {
        const struct tn_data_field *a = &one->fields[i], *b = &other->fields[i];
        is_same = a->kind == b->kind && a->element_bytes == b->element_bytes &&
                  a->offset == b->offset &&
                  (a->kind != TN_DATA_STRUCT || is_same_type(a->type, b->type));
    }
    return is_same;
}

// ---- asks ------------------------------------------------------------------------------------

// What was counted for an item that is not put in after all.
static void uncount(const struct queue_port *port) {
    (void)latch_finish(&port->queue->tn_undone);
}

// With the lock of what it waited for: the port can't end meanwhile, it comes there first.
static void fired(struct waiter *waiter) {
    struct queue_ask *ask = container_of(waiter, struct queue_ask, waiter);
    if (ask->wish == TN_WISH_PUT && ask->wait.outcome != TN_OK) {
        uncount(ask->port);
    } else if (ask->wish == TN_WISH_GET && ask->wait.outcome == TN_OK) {
        channel_fetch(&ask->wait, ask->item, ask->port->type->bytes);
    }
    atomic_store_relaxed(&ask->is_answered, true);
    ask->answered(ask);
}

static int try_wish(struct channel *channel, const struct queue_ask *ask, bool sends) {
    const size_t bytes = ask->port->type->bytes;
    return sends ? channel_try_send(channel, ask->item, bytes)
                 : channel_try_receive(channel, ask->item, bytes);
}

// True: it waits.
static bool pass_item(struct queue_ask *ask) {
    struct channel *channel = channel_at(ask->port);
    const bool sends = ask->wish == TN_WISH_PUT || ask->wish == TN_WISH_TRY_PUT;
    const bool may_wait = ask->wish == TN_WISH_PUT || ask->wish == TN_WISH_GET;
    if (sends) { // before it can be got out
        tn_latch_add(&ask->port->queue->tn_undone, 1);
    }
    sanitizer_hand_over(channel);
    channel_acquire(channel, turn_thread());
    const int code = try_wish(channel, ask, sends);
    const bool waits = code == TN_WOULD_WAIT && may_wait;
    if (waits) {
        channel_bring(&ask->wait, ask->item, ask->port->type->bytes, sends);
        wait_push(sends ? &channel->senders : &channel->receivers, &ask->wait, &ask->waiter);
    }
    channel_release(channel);
    sanitizer_take_over(channel);
    if (!waits) { // else it may have been answered, and gone
        ask->wait.outcome = code;
        if (sends && code != TN_OK) {
            uncount(ask->port);
        }
    }
    return waits;
}

static int close_queue(const struct queue_port *port) {
    struct channel *channel = channel_at(port);
    channel_acquire(channel, turn_thread());
    const bool was_closed = channel->is_closed;
    channel_release(channel);
    return was_closed ? TN_CLOSED : tn_channel_close(queue_channel(port->queue));
}

// True: it waits.
static bool do_wish(struct queue_ask *ask) {
    struct queue_port *port = ask->port;
    (void)channel_at(port); // the queue may be a new one
    switch (ask->wish) {
    case TN_WISH_DONE:
        ask->wait.outcome = latch_finish(&port->queue->tn_undone) ? TN_OK : TN_OUT_OF_RANGE;
        return false;
    case TN_WISH_JOIN:
        if (!latch_join(&port->queue->tn_undone, &ask->wait, &ask->waiter)) {
            return true;
        }
        ask->wait.outcome = TN_OK;
        return false;
    case TN_WISH_CLOSE:
        ask->wait.outcome = close_queue(port);
        return false;
    default:
        return pass_item(ask);
    }
}

bool queue_ask_begin(struct run *run, struct tn_port name, enum tn_wish wish,
                     const struct tn_data_type *type, void *item, struct queue_ask *ask) {
    *ask = (struct queue_ask){.item = item, .wish = wish, .answered = ask->answered};
    waiter_init_told(&ask->waiter, fired);
    list_node_init(&ask->node);
    bool waits = false;
    os_lock_acquire(&run->ports.lock);
    struct queue_port *port = port_find_queue(&run->ports, name);
    if (port == NULL) {
        ask->wait.outcome = TN_REMOVED;
    } else if (type != NULL && !is_same_type(type, port->type)) {
        ask->wait.outcome = TN_WRONG_TYPE;
    } else {
        ask->port = port;
        list_push_back(&port->asks, &ask->node);
        waits = do_wish(ask);
        if (!waits) {
            list_remove(&ask->node);
            ask->port = NULL;
        }
    }
    os_lock_release(&run->ports.lock);
    return waits;
}

// With the ports' lock. False: it has been answered, by one who is done with it.
static bool take_off(struct queue_ask *ask) {
    struct queue_port *port = ask->port;
    if (atomic_load_relaxed(&ask->is_answered)) { // by one who has ended or freed the queue since
        return false;
    }
    if (ask->wish == TN_WISH_JOIN) {
        return latch_leave(&port->queue->tn_undone, &ask->wait);
    }
    struct channel *channel = channel_at(port);
    channel_acquire(channel, turn_thread());
    const bool was_waiting = ask->wait.list != NULL;
    if (was_waiting) {
        wait_unlink(&ask->wait);
    }
    channel_release(channel);
    if (was_waiting && ask->wish == TN_WISH_PUT) {
        uncount(port);
    }
    return was_waiting;
}

bool queue_ask_withdraw(struct run *run, struct queue_ask *ask) {
    os_lock_acquire(&run->ports.lock);
    const bool was_waiting = ask->port != NULL && take_off(ask);
    os_lock_release(&run->ports.lock);
    return was_waiting;
}

void queue_ask_end(struct run *run, struct queue_ask *ask) {
    os_lock_acquire(&run->ports.lock);
    if (ask->port != NULL) {
        list_remove(&ask->node);
        ask->port = NULL;
    }
    os_lock_release(&run->ports.lock);
}

// ---- ports -----------------------------------------------------------------------------------

const struct tn_data_type *queue_port_type(struct run *run, struct tn_port name) {
    os_lock_acquire(&run->ports.lock);
    const struct queue_port *port = port_find_queue(&run->ports, name);
    const struct tn_data_type *type = port == NULL ? NULL : port->type;
    os_lock_release(&run->ports.lock);
    return type;
}

static void dispose(struct primitive *primitive) {
    struct queue_port *port = container_of(primitive, struct queue_port, primitive);
    port_end(port->run, port->number);
    os_lock_acquire(&port->run->ports.lock);
    struct list_node *node;
    while ((node = list_pop_front(&port->asks)) != NULL) {
        struct queue_ask *ask = container_of(node, struct queue_ask, node);
        const bool was_waiting = take_off(ask);
        ask->port = NULL;
        if (was_waiting) {
            ask->wait.outcome = TN_REMOVED;
            ask->answered(ask); // it is there until its queue_ask_end gets the lock
        }
    }
    os_lock_release(&port->run->ports.lock);
}

static void let_go(struct primitive *primitive) {
    os_free(container_of(primitive, struct queue_port, primitive));
}

struct tn_port tn_port_of_queue(struct tn_self *self, struct tn_queue *queue,
                                const struct tn_data_type *type) {
    struct frame *owner = frame_current(self);
    struct queue_port *port = owner == NULL ? NULL : os_allocate(sizeof *port);
    if (port == NULL) {
        return (struct tn_port){0, 0};
    }
    *port = (struct queue_port){.primitive = {.dispose = dispose, .release = let_go},
                                .run = owner->run,
                                .queue = queue,
                                .type = type};
    list_init(&port->asks);
    if (item_element_bytes(type) != 0) {
        queue_will_have_elements(queue);
    }
    const struct tn_port name = port_of_queue(owner->run, port);
    if (name.number == 0) {
        os_free(port);
        return name;
    }
    port->number = name.number;
    list_node_init(&port->primitive.link);
    primitive_add(owner, &port->primitive);
    return name;
}
