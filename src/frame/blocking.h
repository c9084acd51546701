// blocking.h - how a cancellation gets a frame out of a blocking system call.
//
// Who blocks and who cancels meet as in cancel.h: the one says that it is blocking, then looks at
// the count of its stack; the other raises the count, then looks whether the stack is blocking. One
// of them sees the other. Deadlines need nobody: the system's own timer keeps them.
// Start reading at tn_blocking_begin.
#ifndef TENON_FRAME_BLOCKING_H
#define TENON_FRAME_BLOCKING_H

struct task_stack;

// Something was counted for a stack that is_blocking: interrupts it, if it still is. From any
// thread.
void blocking_interrupt(struct task_stack *stack);

// The stack's frame has returned without tn_blocking_end, which is a programmer's error.
void blocking_abandon(struct task_stack *stack);

#endif
