// words.h - the words of a task stack that its inline half reads and writes, made visible to the
// explorer. Every source of a model is compiled as if it began by including this.
//
// Invariant: they are relaxed atomics, nothing more. Start reading at TN_LOAD_.
#ifndef MODEL_WORDS_H
#define MODEL_WORDS_H

#include "base/atomic.h"

#define TN_LOAD_(at) atomic_load_relaxed(&(at))
#define TN_STORE_(at, value) atomic_store_relaxed(&(at), (value))

#endif
