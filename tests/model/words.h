// words.h - the words of a task stack that its inline half reads and writes, made visible to the
// explorer. Every source of a model is compiled as if it began by including this.
//
// Invariant: to others the store of one byte looks like a store of the word around it; that is so
// because nobody else writes the word of a task that its owner may enter.
// Start reading at TN_LOAD_.
#ifndef MODEL_WORDS_H
#define MODEL_WORDS_H

#include "base/atomic.h"

#define TN_LOAD_(at) atomic_load_relaxed(&(at))
#define TN_STORE_(at, value) atomic_store_relaxed(&(at), (value))
#define TN_STORE_BYTE_(at, value) TN_STORE_(at, (TN_LOAD_(at) & ~UINT64_C(0xff)) | (value))

#endif
