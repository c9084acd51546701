// machine_x86_64.h - saved registers and the switch for x86-64 (System V ABI).
//
// Invariant: a suspended machine is three words: stack pointer, frame pointer, and the address to
// continue at. All other registers are declared lost to the compiler, which then keeps only what
// it needs, on the stack it knows. Nothing is pushed: so the red zone stays whole and the unwind
// information of the surrounding function stays true up to the instruction that takes the new
// stack pointer. Continuing is a jmp, not a ret: a ret to elsewhere is always mispredicted.
// Start reading at machine_switch.
#ifndef TENON_CONTEXT_MACHINE_X86_64_H
#define TENON_CONTEXT_MACHINE_X86_64_H

#include <stddef.h>
#include <stdint.h>

// A compiler that probes the stack touches every page of a large local: one page is guard enough.
#define MACHINE_GUARD_BYTES 4096

struct machine {
    void *sp; // offsets 0, 8 and 16 are used in the assembly below
    void *fp;
    void *pc;
};

_Static_assert(offsetof(struct machine, sp) == 0 && offsetof(struct machine, fp) == 8 &&
                   offsetof(struct machine, pc) == 16,
               "the assembly knows these offsets");

// The first instructions of every context: takes entry and argument from the stack, calls, and is
// the outermost function of every backtrace (machine_x86_64.S).
__attribute__((visibility("hidden"))) void machine_boot(void);

static inline void machine_init(struct machine *m, void *stack_low, size_t stack_bytes,
                                void (*entry)(void *argument), void *argument) {
    // machine_boot pops two words and calls: that leaves the stack aligned as the ABI wants.
    void **top = (void **)(((uintptr_t)stack_low + stack_bytes) & ~(uintptr_t)15);
    *--top = (void *)(uintptr_t)entry;
    *--top = argument;
    m->sp = top;
    m->fp = NULL;
    m->pc = (void *)(uintptr_t)machine_boot;
}

static inline void machine_init_thread(struct machine *m) {
    m->sp = NULL;
    m->fp = NULL;
    m->pc = NULL;
}

#ifdef __AVX512F__
#define MACHINE_LOST_AVX512                                                                        \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",    \
        "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6",  \
        "k7"
#else
#define MACHINE_LOST_AVX512
#endif

// Every register but rsp, rbp and the two operands.
#define MACHINE_LOST                                                                               \
    "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0",      \
        "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",  \
        "xmm12", "xmm13", "xmm14", "xmm15", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)",     \
        "st(6)", "st(7)", "mm0", "mm1", "mm2", "mm3", "mm4", "mm5", "mm6", "mm7", "cc",            \
        "memory" MACHINE_LOST_AVX512

// From the instruction after "take the new rsp" on, the function that contains the switch is no
// longer on this stack. An unwinder is told that the caller is the one being continued: its stack
// pointer is rsp, its pc and rbp lie in *to (rsi): DW_CFA_expression 16 and 6, DW_OP_breg4 16 and
// 8. The callee-saved registers are saved by that function itself.
// Where the compiler writes no unwind tables there is nothing to amend.
#if defined(__GCC_HAVE_DWARF2_CFI_ASM) || defined(__clang__)
#define MACHINE_UNWIND_TARGET                                                                      \
    ".cfi_remember_state\n\t"                                                                      \
    ".cfi_def_cfa rsp, 0\n\t"                                                                      \
    ".cfi_escape 0x10, 16, 2, 0x74, 16\n\t"                                                        \
    ".cfi_escape 0x10, 6, 2, 0x74, 8\n\t"                                                          \
    ".cfi_same_value rbx\n\t.cfi_same_value r12\n\t.cfi_same_value r13\n\t"                        \
    ".cfi_same_value r14\n\t.cfi_same_value r15\n\t"
#define MACHINE_UNWIND_SELF ".cfi_restore_state\n\t"
#else
#define MACHINE_UNWIND_TARGET
#define MACHINE_UNWIND_SELF
#endif

// Where indirect branches are checked, what a jmp may reach must say so.
#if defined(__CET__) && (__CET__ & 1)
#define MACHINE_LANDING "endbr64\n\t"
#else
#define MACHINE_LANDING
#endif

// clang-format off
__attribute__((always_inline)) static inline void machine_switch(struct machine *from,
                                                                 struct machine *to) {
    __asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
                     "movq %%rax, 16(%%rdi)\n\t"
                     "movq %%rbp, 8(%%rdi)\n\t"
                     "movq %%rsp, (%%rdi)\n\t"
                     "movq (%%rsi), %%rsp\n\t" // take the new rsp
                     MACHINE_UNWIND_TARGET
                     "movq 8(%%rsi), %%rbp\n\t"
                     "jmpq *16(%%rsi)\n\t"
                     MACHINE_UNWIND_SELF
                     "nop\n" // unwinders look up the instruction before a return address
                     "1:\n\t"
                     MACHINE_LANDING
                     : "+D"(from), "+S"(to)
                     :
                     : MACHINE_LOST);
}

__attribute__((always_inline, noreturn)) static inline void machine_leave(struct machine *to) {
    __asm__ volatile("movq (%%rsi), %%rsp\n\t"
                     MACHINE_UNWIND_TARGET
                     "movq 8(%%rsi), %%rbp\n\t"
                     "jmpq *16(%%rsi)\n\t"
                     MACHINE_UNWIND_SELF
                     :
                     : "S"(to)
                     : "memory");
    __builtin_unreachable();
}
// clang-format on

#endif
