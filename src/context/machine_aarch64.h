// machine_aarch64.h - saved registers and the switch for aarch64 (AAPCS64).
//
// Invariant: a suspended machine is its stack pointer; at it lie 160 bytes with x19 to x30 and the
// low halves of v8 to v15, which are all that a call preserves. x18 belongs to the platform and is
// not touched. Start reading in machine_aarch64.S.
#ifndef TENON_CONTEXT_MACHINE_AARCH64_H
#define TENON_CONTEXT_MACHINE_AARCH64_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Compilers for this machine probe a large local only every 64 KB.
#define MACHINE_GUARD_BYTES 65536

// Words of the saved area, as the assembly lays them out.
enum {
    MACHINE_SAVED_X19 = 0,
    MACHINE_SAVED_X20 = 1,
    MACHINE_SAVED_X30 = 11,
    MACHINE_SAVED_WORDS = 20,
};

struct machine {
    void *sp;
};

// The first instructions of every context: calls x19 with x20 and is the outermost function of
// every backtrace.
__attribute__((visibility("hidden"))) void machine_boot(void);

__attribute__((visibility("hidden"))) void machine_switch(struct machine *from, struct machine *to);
__attribute__((noreturn, visibility("hidden"))) void machine_leave(struct machine *to);

static inline void machine_init(struct machine *m, void *stack_low, size_t stack_bytes,
                                void (*entry)(void *argument), void *argument) {
    uint64_t *saved = (uint64_t *)(((uintptr_t)stack_low + stack_bytes) & ~(uintptr_t)15);
    saved -= MACHINE_SAVED_WORDS;
    memset(saved, 0, MACHINE_SAVED_WORDS * sizeof *saved); // x29 = 0 ends chains of frame pointers
    saved[MACHINE_SAVED_X19] = (uintptr_t)entry;
    saved[MACHINE_SAVED_X20] = (uintptr_t)argument;
    saved[MACHINE_SAVED_X30] = (uintptr_t)machine_boot;
    m->sp = saved;
}

static inline void machine_init_thread(struct machine *m) {
    m->sp = NULL;
}

#endif
