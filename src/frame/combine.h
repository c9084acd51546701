// combine.h - what an all or any is made of, for who asks whether it is ready (ready.h).
#ifndef TENON_FRAME_COMBINE_H
#define TENON_FRAME_COMBINE_H

#include <stdbool.h>
#include <stddef.h>

struct awaitable;
struct combination;

// The awaitable as an all or any; NULL: it is something else.
const struct combination *combine_from_awaitable(const struct awaitable *awaitable);

// Its members stay the same from its making to its disposal.
bool combine_is_any(const struct combination *combination);
size_t combine_count(const struct combination *combination);
struct awaitable *combine_member(const struct combination *combination, size_t index);

#endif
