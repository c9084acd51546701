// machine_aarch64.S - the switch for aarch64. See machine_aarch64.h.
//
// Invariant: before and after the stack pointer changes, the same 160 bytes in the same order lie
// at it, so one unwind table is true for both. Returning by ret keeps BTI content. x30 is not
// signed here: the caller signed it if it wanted, with its own stack pointer, which is unchanged
// when the caller is continued. Start reading at machine_switch.
#if defined(__aarch64__) && !defined(__ILP32__)

#define SAVED_BYTES 160

    .macro saved_are_at_sp
    .cfi_def_cfa_offset SAVED_BYTES
    .cfi_offset x19, -160
    .cfi_offset x20, -152
    .cfi_offset x21, -144
    .cfi_offset x22, -136
    .cfi_offset x23, -128
    .cfi_offset x24, -120
    .cfi_offset x25, -112
    .cfi_offset x26, -104
    .cfi_offset x27, -96
    .cfi_offset x28, -88
    .cfi_offset x29, -80
    .cfi_offset x30, -72
    .cfi_offset d8, -64
    .cfi_offset d9, -56
    .cfi_offset d10, -48
    .cfi_offset d11, -40
    .cfi_offset d12, -32
    .cfi_offset d13, -24
    .cfi_offset d14, -16
    .cfi_offset d15, -8
    .endm

// Loads what lies at sp and returns to where that was saved. Loading leaves memory as it is, so
// the table stays true until sp moves.
    .macro continue_at_sp
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #SAVED_BYTES
    .cfi_def_cfa_offset 0
    .cfi_restore x19
    .cfi_restore x20
    .cfi_restore x21
    .cfi_restore x22
    .cfi_restore x23
    .cfi_restore x24
    .cfi_restore x25
    .cfi_restore x26
    .cfi_restore x27
    .cfi_restore x28
    .cfi_restore x29
    .cfi_restore x30
    .cfi_restore d8
    .cfi_restore d9
    .cfi_restore d10
    .cfi_restore d11
    .cfi_restore d12
    .cfi_restore d13
    .cfi_restore d14
    .cfi_restore d15
    ret
    .endm

    .text

// void machine_switch(struct machine *from, struct machine *to)
    .globl machine_switch
    .hidden machine_switch
    .type machine_switch, %function
    .p2align 4
machine_switch:
    .cfi_startproc
    hint #34                        // bti c
    sub sp, sp, #SAVED_BYTES
    .cfi_def_cfa_offset SAVED_BYTES // the registers still hold the caller's values
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    saved_are_at_sp
    mov x9, sp
    str x9, [x0]
    ldr x9, [x1]
    mov sp, x9
    continue_at_sp
    .cfi_endproc
    .size machine_switch, . - machine_switch

// void machine_leave(struct machine *to)
    .globl machine_leave
    .hidden machine_leave
    .type machine_leave, %function
    .p2align 4
machine_leave:
    .cfi_startproc
    hint #34                        // bti c
    ldr x9, [x0]
    mov sp, x9
    saved_are_at_sp
    continue_at_sp
    .cfi_endproc
    .size machine_leave, . - machine_leave

// Where every context begins: it has no caller, so backtraces end here instead of in the dark.
    .globl machine_boot
    .hidden machine_boot
    .type machine_boot, %function
    .p2align 4
    .cfi_startproc
    .cfi_undefined x30
    nop                             // the instruction before a return address is looked up
machine_boot:
    hint #38                        // bti jc
    mov x0, x20
    blr x19
    brk #1                          // entry returned: it must end by context_switch_last
    .cfi_endproc
    .size machine_boot, . - machine_boot

// GNU_PROPERTY_AARCH64_FEATURE_1_AND: BTI.
    .section .note.gnu.property, "a"
    .p2align 3
    .long 4, 16, 5
    .asciz "GNU"
    .long 0xc0000000, 4, 1, 0

#endif
    .section .note.GNU-stack, "", %progbits
