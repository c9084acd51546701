// port.c - see port.h.
#include "frame/port.h"

#include <string.h>

#include "frame/current.h"
#include "frame/event.h"
#include "frame/misuse.h"
#include "frame/run.h"

// ---- numbers ---------------------------------------------------------------------------------

void ports_init(struct ports *ports) {
    *ports = (struct ports){.count = 0};
    os_lock_init(&ports->lock);
}

void ports_deinit(struct ports *ports) {
    os_free(ports->slots);
}

static bool grow(struct ports *ports) {
    const uint32_t count = ports->count == 0 ? 8 : 2 * ports->count;
    struct port_slot *slots = os_allocate(count * sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    if (ports->count > 0) {
        memcpy(slots, ports->slots, ports->count * sizeof *slots);
    }
    for (uint32_t i = count; i-- > ports->count;) {
        slots[i] = (struct port_slot){.next_free = ports->free};
        ports->free = i + 1;
    }
    os_free(ports->slots);
    ports->slots = slots;
    ports->count = count;
    return true;
}

uint64_t ports_run(struct ports *ports) {
    uint64_t run = atomic_load_relaxed(&ports->run), made;
    while (run == 0) {
        os_random(&made, sizeof made);
        run = atomic_cas_relaxed(&ports->run, &run, made) ? made : run;
    }
    return run;
}

// With the lock. NULL: no memory. The run has a number then, too.
static struct port_slot *take_slot(struct ports *ports) {
    if (ports->free == 0 && !grow(ports)) {
        return NULL;
    }
    (void)ports_run(ports);
    struct port_slot *slot = &ports->slots[ports->free - 1];
    ports->free = slot->next_free;
    slot->event = NULL;
    slot->queue = NULL;
    slot->generation++;
    return slot;
}

static uint64_t number_of(const struct ports *ports, const struct port_slot *slot) {
    return (uint64_t)slot->generation << 32 | (uint32_t)(slot - ports->slots);
}

// With the lock. 0: no memory.
static uint64_t give_number(struct ports *ports, struct tn_event *event) {
    struct port_slot *slot = take_slot(ports);
    if (slot == NULL) {
        return 0;
    }
    slot->event = event;
    slot->event_life = event->generation;
    return number_of(ports, slot);
}

// With the lock. NULL: the number names nothing.
static struct port_slot *find_slot(struct ports *ports, uint64_t number) {
    const uint32_t index = (uint32_t)number;
    if (index >= ports->count || ports->slots[index].generation != number >> 32) {
        return NULL;
    }
    struct port_slot *slot = &ports->slots[index];
    return slot->event == NULL && slot->queue == NULL ? NULL : slot;
}

struct tn_port port_of_queue(struct run *run, void *queue) {
    struct ports *ports = &run->ports;
    struct tn_port port = {0, 0};
    os_lock_acquire(&ports->lock);
    struct port_slot *slot = take_slot(ports);
    if (slot != NULL) {
        slot->queue = queue;
        port.run = atomic_load_relaxed(&ports->run);
        port.number = number_of(ports, slot);
    }
    os_lock_release(&ports->lock);
    return port;
}

void *port_find_queue(struct ports *ports, struct tn_port port) {
    const bool is_ours = port.run != 0 && port.run == atomic_load_relaxed(&ports->run);
    const struct port_slot *slot = is_ours ? find_slot(ports, port.number) : NULL;
    return slot == NULL ? NULL : slot->queue;
}

struct tn_port tn_port_of(struct tn_event *event) {
    if (event_status(event) != TN_OK) {
        return (struct tn_port){0, 0};
    }
    struct ports *ports = &event->run->ports;
    os_lock_acquire(&ports->lock);
    uint64_t number = atomic_load_relaxed(&event->port);
    if (number == 0) {
        number = give_number(ports, event);
        atomic_store_relaxed(&event->port, number);
    }
    const struct tn_port port = {number == 0 ? 0 : atomic_load_relaxed(&ports->run), number};
    os_lock_release(&ports->lock);
    return port;
}

// A slot whose numbers have all been given out stays unused.
void port_end(struct run *run, uint64_t number) {
    struct ports *ports = &run->ports;
    os_lock_acquire(&ports->lock);
    struct port_slot *slot = find_slot(ports, number);
    if (slot != NULL) {
        slot->event = NULL;
        slot->queue = NULL;
        if (slot->generation != UINT32_MAX) {
            slot->next_free = ports->free;
            ports->free = (uint32_t)number + 1;
        }
    }
    os_lock_release(&ports->lock);
}

// ---- posting ---------------------------------------------------------------------------------

int port_post_here(struct run *run, struct tn_port port, int64_t value) {
    struct ports *ports = &run->ports;
    int code = TN_REMOVED;
    os_lock_acquire(&ports->lock);
    const bool is_ours = port.run != 0 && port.run == atomic_load_relaxed(&ports->run);
    const struct port_slot *slot = is_ours ? find_slot(ports, port.number) : NULL;
    // The event stays while the lock is held: who withdraws it waits for that in port_end. (Its
    // memory stays until the run's end in any case.)
    if (slot != NULL && slot->event != NULL && slot->event->generation == slot->event_life &&
        !atomic_load_relaxed(&slot->event->object.primitive.is_disposed)) {
        code = tn_event_post(slot->event, (void *)(intptr_t)value);
    }
    os_lock_release(&ports->lock);
    return code;
}

int tn_port_post(struct tn_self *self, struct tn_port port, int64_t value) {
    if (current_is_outside(self)) {
        return misuse_outside();
    }
    struct frame *frame = frame_nearest(self);
    struct run *run = frame->run;
    struct elsewhere *elsewhere = run->elsewhere;
    const bool goes = elsewhere != NULL && elsewhere->post != NULL &&
                      port.run != atomic_load_relaxed(&run->ports.run);
    struct frame *border = goes ? elsewhere_border(frame) : NULL;
    return border != NULL ? elsewhere->post(border, port, value) : port_post_here(run, port, value);
}
