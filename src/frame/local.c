// local.c - see local.h.
#include "frame/local.h"

#include <tenon/local.h>

#include "base/hash.h"
#include "frame/current.h"
#include "frame/frame.h"
#include "frame/misuse.h"
#include "frame/run.h"

struct local {
    struct local *older;
    const struct tn_local *key; // NULL: it has come from another process
    uint64_t identity;          // 0: it does not travel
    uint64_t bytes;
    unsigned char value[];
};

static uint64_t identity_of(const struct tn_local *key) {
    if (key->file == NULL) {
        return 0;
    }
    return hash_text(hash_text(HASH_FIRST ^ key->line, key->file), key->name) | 1;
}

static bool is_of(const struct local *local, const struct tn_local *key) {
    if (LIKELY(local->key != NULL)) {
        return local->key == key;
    }
    return local->bytes == key->bytes && local->identity == identity_of(key);
}

// Under the frame's lock.
static struct local *find_in(struct frame *frame, const struct tn_local *key) {
    struct local *local = atomic_load_relaxed(&frame->locals);
    while (local != NULL && !is_of(local, key)) {
        local = local->older;
    }
    return local;
}

static struct local *make(size_t bytes, const void *value) {
    struct local *local = os_allocate(sizeof *local + bytes);
    if (local != NULL) {
        *local = (struct local){.bytes = bytes};
        __builtin_memcpy(local->value, value, bytes);
    }
    return local;
}

static void add(struct frame *frame, struct local *local) {
    frame_lock(frame);
    local->older = atomic_load_relaxed(&frame->locals);
    atomic_store_relaxed(&frame->locals, local);
    frame_unlock(frame);
}

// False when the frame has none of that key.
static bool overwrite(struct frame *frame, const struct tn_local *key, const void *value) {
    frame_lock(frame);
    struct local *local = find_in(frame, key);
    if (local != NULL) {
        __builtin_memcpy(local->value, value, key->bytes);
    }
    frame_unlock(frame);
    return local != NULL;
}

int tn_local_write(struct tn_self *self, const struct tn_local *key, const void *value) {
    if (current_is_outside(self)) {
        return misuse_outside();
    }
    struct frame *frame = frame_current(self);
    if (frame == NULL) {
        return TN_NO_MEMORY;
    }
    if (overwrite(frame, key, value)) {
        return TN_OK;
    }
    struct local *local = make(key->bytes, value);
    if (local == NULL) {
        return TN_NO_MEMORY;
    }
    local->key = key;
    local->identity = identity_of(key);
    if (local->identity != 0) {
        atomic_store_relaxed(&frame->run->has_travelling_locals, true);
    }
    add(frame, local);
    return TN_OK;
}

static bool copy_from(struct frame *frame, const struct tn_local *key, void *value) {
    // Most frames have none; who sees no list here could as well have come a moment earlier.
    if (atomic_load_relaxed(&frame->locals) == NULL) {
        return false;
    }
    frame_lock(frame);
    const struct local *local = find_in(frame, key);
    if (local != NULL) {
        __builtin_memcpy(value, local->value, key->bytes);
    }
    frame_unlock(frame);
    return local != NULL;
}

bool tn_local_read(struct tn_self *self, const struct tn_local *key, void *value) {
    if (current_is_outside(self)) {
        (void)misuse_outside();
        return false;
    }
    for (struct frame *frame = frame_nearest(self); frame != NULL; frame = frame_parent(frame)) {
        if (copy_from(frame, key, value)) {
            return true;
        }
    }
    return false;
}

void local_end(struct frame *frame) {
    struct local *local = atomic_load_relaxed(&frame->locals);
    while (local != NULL) {
        struct local *older = local->older;
        os_free(local);
        local = older;
    }
    atomic_store_relaxed(&frame->locals, NULL);
}

// ---- to another process ------------------------------------------------------------------------

// What stands before each value of a snapshot.
struct head {
    uint64_t identity;
    uint64_t bytes;
};

static size_t packed_bytes(uint64_t bytes) {
    return sizeof(struct head) + bits_round_up((size_t)bytes, 8);
}

static bool has(const struct local_snapshot *snapshot, uint64_t identity) {
    struct head head;
    for (size_t at = 0; at < snapshot->bytes; at += packed_bytes(head.bytes)) {
        __builtin_memcpy(&head, snapshot->values + at, sizeof head);
        if (head.identity == identity) {
            return true;
        }
    }
    return false;
}

static bool grow(struct local_snapshot **snapshot, size_t bytes) {
    const size_t used = *snapshot == NULL ? 0 : (*snapshot)->bytes;
    if (*snapshot != NULL && (*snapshot)->room - used >= bytes) {
        return true;
    }
    const size_t room = 2 * used + bytes;
    struct local_snapshot *larger = os_allocate(sizeof *larger + room);
    if (larger == NULL) {
        return false;
    }
    larger->room = room;
    larger->bytes = used;
    if (used > 0) {
        __builtin_memcpy(larger->values, (*snapshot)->values, used);
    }
    os_free(*snapshot);
    *snapshot = larger;
    return true;
}

static bool pack(struct local_snapshot **snapshot, const struct local *local) {
    if (local->identity == 0 || (*snapshot != NULL && has(*snapshot, local->identity))) {
        return true;
    }
    const size_t bytes = packed_bytes(local->bytes);
    if (!grow(snapshot, bytes)) {
        return false;
    }
    unsigned char *to = (*snapshot)->values + (*snapshot)->bytes;
    const struct head head = {local->identity, local->bytes};
    __builtin_memset(to, 0, bytes);
    __builtin_memcpy(to, &head, sizeof head);
    __builtin_memcpy(to + sizeof head, local->value, local->bytes);
    (*snapshot)->bytes += bytes;
    return true;
}

bool local_take_snapshot(struct frame *frame, struct local_snapshot **snapshot) {
    *snapshot = NULL;
    if (LIKELY(!atomic_load_relaxed(&frame->run->has_travelling_locals))) {
        return true;
    }
    bool is_whole = true;
    for (frame = frame_parent(frame); frame != NULL && is_whole; frame = frame_parent(frame)) {
        frame_lock(frame);
        const struct local *local = atomic_load_relaxed(&frame->locals);
        for (; local != NULL && is_whole; local = local->older) {
            is_whole = pack(snapshot, local);
        }
        frame_unlock(frame);
    }
    if (!is_whole) {
        os_free(*snapshot);
        *snapshot = NULL;
    }
    return is_whole;
}

int local_restore(struct frame *frame, const void *values, size_t bytes) {
    const unsigned char *at = values;
    while (bytes > 0) {
        struct head head;
        if (bytes < sizeof head) {
            return TN_MALFORMED;
        }
        __builtin_memcpy(&head, at, sizeof head);
        if (head.bytes > bytes - sizeof head || packed_bytes(head.bytes) > bytes) {
            return TN_MALFORMED;
        }
        struct local *local = make((size_t)head.bytes, at + sizeof head);
        if (local == NULL) {
            return TN_NO_MEMORY;
        }
        local->identity = head.identity;
        add(frame, local);
        at += packed_bytes(head.bytes);
        bytes -= packed_bytes(head.bytes);
    }
    return TN_OK;
}
