// What black-box tests may ask of the inside of the library: threads that are not part of a run,
// and calls to the system that fail. They see nothing else of it. Link with tenon_bare or
// tenon_internal.
#ifndef SUPPORT_INSIDE_H
#define SUPPORT_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

// A thread of the os layer, real or simulated, that calls entry(argument): the one way for a test
// to have a foreign thread in either system. The test ends when there is none to be had.
struct foreign;
struct foreign *foreign_start(void (*entry)(void *argument), void *argument);

// Waits for its end. Blocks the calling thread, as pthread_join does.
void foreign_join(struct foreign *foreign);

// Lets the n-th call to the system fail, of those from now on that may (1: the next), and tells
// whether it has. Without effect in builds without assertions.
void inside_fail_call(uint64_t n);
bool inside_call_has_failed(void);

#endif
