// trim.h - giving the memory of stacks that nobody wants back to the system; private to src/stack.
//
// Invariant: only runs of neighbours are given back, in one call each: that is 5 to 10 times
// cheaper per stack than one by one. Start reading at trim_store.
#ifndef TENON_STACK_TRIM_H
#define TENON_STACK_TRIM_H

#include <stdint.h>

#include "stack/stack.h"

// How many released stacks of a class a set keeps ready before it looks for runs to give back.
extern const uint16_t trim_warm_max[STACK_CLASSES];

// Gives back what lies in runs among the shared stacks, but for half of trim_warm_max. Called
// without the lock.
void trim_store(struct stack_set *set, enum stack_class size_class);

#endif
