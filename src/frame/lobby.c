// lobby.c - see lobby.h.
#include "frame/lobby.h"

#include "base/atomic.h"
#include "base/cache.h"
#include "frame/frame.h"
#include "os/os.h"

enum { BLOCK_BYTES = 128 << 10 };

struct lobby_block {
    _Atomic uint32_t holders;
    uint32_t given;
    unsigned int number; // from sanitizer_stack_added: leaks are looked for in what lies here
    CACHE_ALIGNED struct frame frames[];
};

enum { FRAMES = (BLOCK_BYTES - sizeof(struct lobby_block)) / sizeof(struct frame) };

static struct lobby_block *make_block(void) {
    struct lobby_block *block = os_map(BLOCK_BYTES);
    if (block != NULL) {
        block->number = sanitizer_stack_added(block, BLOCK_BYTES);
    }
    return block;
}

static void free_block(struct lobby_block *block) {
    if (block != NULL) {
        sanitizer_stack_removed(block, BLOCK_BYTES, block->number);
        os_unmap(block, BLOCK_BYTES);
    }
}

void lobby_leave(struct lobby *lobby, struct lobby_block *block) {
    // acq_rel: pairs with lobby_leave: the last one sees that all others have left.
    if (atomic_fetch_sub_acq_rel(&block->holders, 1) != 1) {
        return;
    }
    if (lobby != NULL && lobby->spare == NULL) {
        lobby->spare = block;
    } else {
        free_block(block);
    }
}

struct frame *lobby_take(struct lobby *lobby, struct lobby_block **block) {
    if (lobby->block == NULL || lobby->block->given == FRAMES) {
        struct lobby_block *next = lobby->spare != NULL ? lobby->spare : make_block();
        if (next == NULL) {
            return NULL;
        }
        lobby->spare = NULL;
        atomic_store_relaxed(&next->holders, 1);
        next->given = 0;
        if (lobby->block != NULL) { // very many wait: it will be needed to its end
            os_touch_each(next, BLOCK_BYTES, BLOCK_BYTES, 1);
            lobby_leave(lobby, lobby->block);
        }
        lobby->block = next;
    }
    *block = lobby->block;
    atomic_fetch_add_relaxed(&lobby->block->holders, 1);
    return &lobby->block->frames[lobby->block->given++];
}

void lobby_deinit(struct lobby *lobby) {
    if (lobby->block != NULL) {
        REQUIRE(atomic_load_relaxed(&lobby->block->holders) == 1, "a frame still waits to begin");
    }
    free_block(lobby->block);
    free_block(lobby->spare);
}
