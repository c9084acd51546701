// machine_x86_64.S - where every context begins on x86-64. See machine_x86_64.h.
//
// Invariant: on entry rsp points at argument, entry, and is a multiple of 16. The function has no
// caller: rip is undefined in its unwind table, so backtraces end here instead of in the dark.
#if defined(__x86_64__) && !defined(__ILP32__)

    .text
    .globl machine_boot
    .hidden machine_boot
    .type machine_boot, @function
    .p2align 4
    .cfi_startproc
    .cfi_undefined rip
    .cfi_undefined rbp
    nop                             // the instruction before a return address is looked up
machine_boot:
    endbr64
    .cfi_def_cfa rsp, 16
    popq %rdi
    .cfi_adjust_cfa_offset -8
    popq %rax
    .cfi_adjust_cfa_offset -8
    xorl %ebp, %ebp
    call *%rax
    ud2                             // entry returned: it must end by context_switch_last
    .cfi_endproc
    .size machine_boot, . - machine_boot

// Indirect branches land on endbr64 here; shadow stacks are not kept, and not claiming them makes
// the linker leave them off for the program.
    .section .note.gnu.property, "a"
    .p2align 3
    .long 4, 16, 5
    .asciz "GNU"
    .long 0xc0000002, 4, 1, 0

#endif
    .section .note.GNU-stack, "", %progbits
