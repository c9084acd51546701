// stream.h - what lies between the public streams and their descriptors, for others in this layer.
//
// Invariant: bytes that were read ahead, buffer[from .. to), come before those in the descriptor.
// Start reading at stream_fill in stream.c.
#ifndef TENON_IO_STREAM_H
#define TENON_IO_STREAM_H

#include <tenon/stream.h>

#include "io/descriptor.h"

// Reads ahead until at least `bytes` bytes are there: TN_OK; TN_ENDED when the stream ends before;
// TN_NO_MEMORY; or what a wait says. Nothing is lost. Inside a reading operation.
int stream_fill(struct tn_self *self, struct descriptor *descriptor, size_t bytes);

// How many bytes were read ahead, and where they are. Then: takes so many out.
static inline size_t stream_ahead(const struct descriptor *descriptor) {
    return descriptor->to - descriptor->from;
}

static inline const unsigned char *stream_front(const struct descriptor *descriptor) {
    return descriptor->buffer + descriptor->from;
}

static inline void stream_take(struct descriptor *descriptor, size_t bytes) {
    descriptor->from += bytes;
}

// Writes all of it: TN_OK or a code; *written says how much in any case. Inside a writing
// operation.
int stream_write_all(struct tn_self *self, struct descriptor *descriptor, const void *from,
                     size_t bytes, size_t *written);

// A handle of a descriptor of the system that the current frame owns from now on. Unless TN_OK, it
// has been closed.
int stream_open(struct tn_self *self, int fd, struct tn_stream *stream);

#endif
