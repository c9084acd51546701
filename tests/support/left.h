// left.h - whether anything is left of processes that a test has had.
//
//     left_begin();
//     ... a run with other processes, and its end
//     left_expect_nothing();
//
// Invariant: what is counted is this process's own: its children, its descriptors, the memory that
// it shares with processes of Tenon. Start reading at left_expect_nothing.
#ifndef SUPPORT_LEFT_H
#define SUPPORT_LEFT_H

// Remembers how many descriptors are open.
void left_begin(void);

// Expects that there are as many now, no child, and no shared memory.
void left_expect_nothing(void);

#endif
