// descriptor.c - see descriptor.h.
#include "io/descriptor.h"

#include <stdio.h>

#include <tenon/status.h>
#include <tenon/time.h>

#include "frame/cancel.h"
#include "frame/current.h"
#include "frame/misuse.h"
#include "frame/note.h"
#include "frame/ready.h"

// An operation that never has to wait still lets others run, every so many tries.
#define TRIES_IN_A_ROW 64

// ---- the table -------------------------------------------------------------------------------

#define PLACE_BITS 20
#define CHUNK_PLACES 64
#define CHUNKS_MAX ((1 << PLACE_BITS) / CHUNK_PLACES)

static struct {
    struct os_lock lock;
    struct descriptor *_Atomic chunks[CHUNKS_MAX];
    int chunk_count;
    struct descriptor *free;
    uint64_t serial; // of the newest descriptor
} table;

static struct descriptor *place_of(uint64_t id) {
    const size_t place = (size_t)(id & ((UINT64_C(1) << PLACE_BITS) - 1));
    // acquire: pairs with grow.
    struct descriptor *chunk = atomic_load_acquire(&table.chunks[place / CHUNK_PLACES]);
    return chunk == NULL ? NULL : &chunk[place % CHUNK_PLACES];
}

static void grow(void) {
    const size_t bytes = CHUNK_PLACES * sizeof(struct descriptor);
    struct descriptor *chunk = table.chunk_count == CHUNKS_MAX
                                   ? NULL
                                   : os_allocate_aligned(bytes, _Alignof(struct descriptor));
    if (chunk == NULL) {
        return;
    }
    __builtin_memset(chunk, 0, bytes);
    for (int i = CHUNK_PLACES - 1; i >= 0; i--) {
        chunk[i].place = table.chunk_count * CHUNK_PLACES + i;
        os_lock_init(&chunk[i].lock);
        chunk[i].next_free = table.free;
        table.free = &chunk[i];
    }
    // release: pairs with place_of.
    atomic_store_release(&table.chunks[table.chunk_count++], chunk);
}

static struct descriptor *take_place(uint64_t *id) {
    os_lock_acquire(&table.lock);
    if (table.free == NULL) {
        grow();
    }
    struct descriptor *descriptor = table.free;
    if (descriptor != NULL) {
        table.free = descriptor->next_free;
        *id = ++table.serial << PLACE_BITS | (uint64_t)descriptor->place;
    }
    os_lock_release(&table.lock);
    return descriptor;
}

static void give_place(struct descriptor *descriptor) {
    os_lock_acquire(&table.lock);
    descriptor->next_free = table.free;
    table.free = descriptor;
    os_lock_release(&table.lock);
}

// ---- waits -----------------------------------------------------------------------------------

struct descriptor_wait {
    struct note note;
    struct task_stack *stack;
    uint32_t ticket;
    struct descriptor *descriptor;
    enum direction direction;
};

static void tell(const struct note *note, char *text, size_t bytes) {
    const struct descriptor_wait *wait = container_of(note, struct descriptor_wait, note);
    (void)snprintf(text, bytes, "waits to %s descriptor %d",
                   wait->direction == READING ? "read from" : "write to", wait->descriptor->fd);
}

// Under the lock. The wait may be gone when this returns.
static void end_wait(struct descriptor *descriptor, enum direction direction) {
    struct descriptor_wait *wait = descriptor->waits[direction];
    if (wait == NULL) {
        return;
    }
    descriptor->waits[direction] = NULL;
    atomic_fetch_sub_relaxed(&descriptor->reactor->world.awaited, 1);
    struct task_stack *stack = wait->stack;
    if (task_stack_claim(stack, wait->ticket)) {
        worker_ready(stack->scheduler, stack);
    }
}

// Under the lock.
static void make_ready(struct descriptor *descriptor, enum direction direction) {
    descriptor->is_ready[direction] = true;
    end_wait(descriptor, direction);
}

void descriptor_tell(uint64_t id, unsigned what) {
    struct descriptor *descriptor = place_of(id);
    os_lock_acquire(&descriptor->lock);
    if (atomic_load_relaxed(&descriptor->id) == id) {
        if ((what & OS_POLL_IN) != 0) {
            make_ready(descriptor, READING);
        }
        if ((what & OS_POLL_OUT) != 0) {
            make_ready(descriptor, WRITING);
        }
    }
    os_lock_release(&descriptor->lock);
}

void descriptor_expect(struct descriptor *descriptor, enum direction direction) {
    os_lock_acquire(&descriptor->lock);
    descriptor->is_ready[direction] = false;
    os_lock_release(&descriptor->lock);
}

static void commit(struct task_stack *stack, void *argument) {
    struct descriptor_wait *wait = argument; // gone as soon as it is linked and the lock free
    struct descriptor *descriptor = wait->descriptor;
    struct scheduler *scheduler = stack->scheduler;
    const enum direction direction = wait->direction;
    const uint32_t ticket = task_stack_wait(stack);
    os_lock_acquire(&descriptor->lock);
    const bool is_over = descriptor->is_closed || descriptor->is_ready[direction];
    if (!is_over) {
        wait->ticket = ticket;
        descriptor->waits[direction] = wait;
        atomic_fetch_add_relaxed(&descriptor->reactor->world.awaited, 1);
    }
    os_lock_release(&descriptor->lock);
    if (!is_over) {
        scheduler_awaits_world(scheduler);
        cancel_check_waiting(stack, ticket);
    } else if (task_stack_claim(stack, ticket)) {
        worker_ready(scheduler, stack);
    }
}

// After the stack was woken: true when something else than the descriptor did it.
static bool withdraw(struct descriptor_wait *wait) {
    struct descriptor *descriptor = wait->descriptor;
    os_lock_acquire(&descriptor->lock);
    const bool is_linked = descriptor->waits[wait->direction] == wait;
    if (is_linked) {
        descriptor->waits[wait->direction] = NULL;
        atomic_fetch_sub_relaxed(&descriptor->reactor->world.awaited, 1);
    }
    os_lock_release(&descriptor->lock);
    return is_linked;
}

// Lets the reactor watch the descriptor, from its first wait on.
static int watch(struct descriptor *descriptor) {
    int code = OS_OK;
    os_lock_acquire(&descriptor->lock);
    if (!descriptor->is_polled && !descriptor->is_closed) {
        const uint64_t id = atomic_load_relaxed(&descriptor->id);
        code = os_poll_add(&descriptor->reactor->poll, descriptor->fd, id);
        descriptor->is_polled = code == OS_OK;
    }
    os_lock_release(&descriptor->lock);
    return descriptor_status(code);
}

int descriptor_wait(struct tn_self *self, struct descriptor *descriptor, enum direction direction) {
    struct descriptor_wait wait = {.note.tell = tell,
                                   .stack = task_stack_of(self),
                                   .descriptor = descriptor,
                                   .direction = direction};
    const int code = watch(descriptor);
    if (code != TN_OK) {
        return code;
    }
    do {
        const int due = cancel_due(self);
        if (due != TN_OK) {
            return due;
        }
        wait.stack->note = &wait.note;
        ready_begin(self, NULL);
        worker_suspend(wait.stack, commit, &wait);
    } while (withdraw(&wait));
    descriptor->tries[direction] = 0;
    return atomic_load_relaxed(&descriptor->id) == 0 ? TN_CLOSED : TN_OK;
}

// ---- life ------------------------------------------------------------------------------------

// Under the lock, which is given back. What nobody uses any more goes.
static void let_go_and_unlock(struct descriptor *descriptor) {
    const bool closes = descriptor->is_closed && descriptor->operations == 0 && descriptor->fd >= 0;
    const struct descriptor_origin origin = descriptor->origin;
    if (closes) {
        if (descriptor->is_polled) {
            os_poll_remove(&descriptor->reactor->poll, descriptor->fd);
        }
        descriptor->fd = -1;
        os_free(descriptor->buffer);
        descriptor->buffer = NULL;
    }
    const bool is_free = descriptor->references == 0;
    os_lock_release(&descriptor->lock);
    if (closes) {
        if (origin.is_adopted) {
            os_restore(origin.fd, origin.former);
        }
        if (!origin.is_borrowed) {
            os_close(origin.fd);
        }
    }
    if (is_free) {
        give_place(descriptor);
    }
}

static void dispose(struct primitive *primitive) {
    struct descriptor *descriptor = container_of(primitive, struct descriptor, primitive);
    os_lock_acquire(&descriptor->lock);
    atomic_store_relaxed(&descriptor->id, 0);
    descriptor->is_closed = true;
    end_wait(descriptor, READING);
    end_wait(descriptor, WRITING);
    let_go_and_unlock(descriptor);
}

static void let_go(struct primitive *primitive) {
    struct descriptor *descriptor = container_of(primitive, struct descriptor, primitive);
    os_lock_acquire(&descriptor->lock);
    descriptor->references--;
    let_go_and_unlock(descriptor);
}

int descriptor_open(struct tn_self *self, const struct descriptor_origin *origin, uint64_t *id) {
    struct reactor *reactor = reactor_of(task_stack_of(self)->scheduler);
    struct frame *owner = frame_current(self);
    struct descriptor *descriptor = reactor == NULL || owner == NULL ? NULL : take_place(id);
    if (descriptor == NULL) {
        return TN_NO_MEMORY;
    }
    os_lock_acquire(&descriptor->lock);
    descriptor->references = 1;
    descriptor->operations = 0;
    descriptor->reactor = reactor;
    descriptor->fd = origin->fd;
    descriptor->origin = *origin;
    descriptor->is_polled = false;
    descriptor->is_closed = false;
    descriptor->is_torn = false;
    descriptor->tries[READING] = 0;
    descriptor->tries[WRITING] = 0;
    descriptor->buffer_bytes = 0;
    descriptor->from = 0;
    descriptor->to = 0;
    descriptor->primitive.dispose = dispose;
    descriptor->primitive.release = let_go;
    atomic_store_relaxed(&descriptor->id, *id);
    os_lock_release(&descriptor->lock);
    primitive_add(owner, &descriptor->primitive);
    return TN_OK;
}

static int enter(struct tn_self *self, struct descriptor *descriptor, uint64_t id,
                 enum direction direction) {
    int code = TN_OK;
    os_lock_acquire(&descriptor->lock);
    if (atomic_load_relaxed(&descriptor->id) != id) {
        code = TN_CLOSED;
    } else if (descriptor->reactor->scheduler != task_stack_of(self)->scheduler) {
        code = TN_NOT_YOURS;
    } else if (descriptor->is_busy[direction]) {
        code = TN_BUSY;
    } else {
        descriptor->is_busy[direction] = true;
        descriptor->references++;
        descriptor->operations++;
    }
    os_lock_release(&descriptor->lock);
    return code;
}

int descriptor_begin(struct tn_self *self, uint64_t id, enum direction direction,
                     struct descriptor **found) {
    int code = cancel_due(self);
    if (code != TN_OK) {
        return code;
    }
    struct descriptor *descriptor = id == 0 ? NULL : place_of(id);
    code = descriptor == NULL ? TN_CLOSED : enter(self, descriptor, id, direction);
    if (code == TN_BUSY) {
        return misuse(TN_BUSY,
                      "two frames %s one stream at the same time: let one of them do it, "
                      "or take turns with a lock",
                      direction == READING ? "read from" : "write to");
    }
    if (code == TN_NOT_YOURS) {
        return misuse(TN_NOT_YOURS, "a stream was used in another run than the one that opened it");
    }
    if (code != TN_OK) {
        return code;
    }
    if (++descriptor->tries[direction] % TRIES_IN_A_ROW == 0) {
        code = tn_yield(self);
        if (code != TN_OK) {
            descriptor_end(descriptor, direction);
            return code;
        }
    }
    *found = descriptor;
    return TN_OK;
}

void descriptor_end(struct descriptor *descriptor, enum direction direction) {
    os_lock_acquire(&descriptor->lock);
    descriptor->is_busy[direction] = false;
    descriptor->references--;
    descriptor->operations--;
    let_go_and_unlock(descriptor);
}

bool descriptor_close(uint64_t id) {
    struct descriptor *descriptor = id == 0 ? NULL : place_of(id);
    if (descriptor == NULL || atomic_load_relaxed(&descriptor->id) != id ||
        !primitive_take(&descriptor->primitive)) {
        return false;
    }
    dispose(&descriptor->primitive);
    let_go(&descriptor->primitive);
    return true;
}

int descriptor_status(ptrdiff_t os_code) {
    switch (os_code) {
    case OS_NO_MEMORY:
        return TN_NO_MEMORY;
    case OS_BROKEN:
        return TN_BROKEN;
    case OS_TOO_MANY_FILES:
    case OS_AGAIN: // of starting a program: nothing else comes here with it
        return TN_TOO_MANY;
    case OS_NOT_FOUND:
        return TN_NOT_FOUND;
    case -EACCES:
    case OS_DENIED:
        return TN_DENIED;
    default:
        return os_code < 0 ? (int)os_code : TN_OK;
    }
}
