// stream.c - see stream.h and tenon/stream.h.
#include "io/stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tenon/status.h>

#include "frame/current.h"
#include "frame/misuse.h"

// What is read ahead at a time, at least.
#define AHEAD_BYTES 4096

// ---- opening and closing ---------------------------------------------------------------------

int stream_open(struct tn_self *self, int fd, struct tn_stream *stream) {
    const struct descriptor_origin origin = {.fd = fd};
    const int code = descriptor_open(self, &origin, &stream->tn_private);
    if (code != TN_OK) {
        os_close(fd);
    }
    return code;
}

int tn_pipe(struct tn_self *self, struct tn_stream *reads, struct tn_stream *writes) {
    *reads = *writes = (struct tn_stream){0};
    if (current_is_outside(self)) {
        return misuse_outside();
    }
    int ends[2];
    int code = os_pipe(ends);
    if (code != OS_OK) {
        return descriptor_status(code);
    }
    code = stream_open(self, ends[0], reads);
    if (code != TN_OK) {
        os_close(ends[1]);
        return code;
    }
    code = stream_open(self, ends[1], writes);
    if (code != TN_OK) {
        (void)tn_stream_close(self, *reads);
    }
    return code;
}

int tn_stream_adopt(struct tn_self *self, int fd, struct tn_stream *stream) {
    *stream = (struct tn_stream){0};
    if (current_is_outside(self)) {
        return misuse_outside();
    }
    struct descriptor_origin origin = {.fd = fd, .is_adopted = true};
    int code = os_adopt(fd, &origin.former);
    if (code != OS_OK) {
        return descriptor_status(code);
    }
    code = descriptor_open(self, &origin, &stream->tn_private);
    if (code != TN_OK) {
        os_restore(fd, origin.former);
    }
    return code;
}

int tn_stream_close(struct tn_self *self, struct tn_stream stream) {
    (void)self;
    return descriptor_close(stream.tn_private) ? TN_OK : TN_CLOSED;
}

// ---- reading ---------------------------------------------------------------------------------

// Past what was read ahead: how many bytes; 0 at the end; or a code.
static ptrdiff_t read_some(struct tn_self *self, struct descriptor *descriptor, void *into,
                           size_t bytes) {
    for (;;) {
        descriptor_expect(descriptor, READING);
        const ptrdiff_t count = os_read(descriptor->fd, into, bytes);
        if (count != OS_AGAIN) {
            return count >= 0 ? count : descriptor_status(count);
        }
        const int code = descriptor_wait(self, descriptor, READING);
        if (code != TN_OK) {
            return code;
        }
    }
}

static size_t take_ahead(struct descriptor *descriptor, void *into, size_t bytes) {
    const size_t ahead = stream_ahead(descriptor);
    const size_t count = bytes < ahead ? bytes : ahead;
    if (count > 0) {
        memcpy(into, stream_front(descriptor), count);
        stream_take(descriptor, count);
    }
    return count;
}

// Makes room for `bytes` bytes from `from` on.
static bool make_room(struct descriptor *descriptor, size_t bytes) {
    const size_t ahead = stream_ahead(descriptor);
    if (descriptor->buffer_bytes - descriptor->from >= bytes) {
        return true;
    }
    unsigned char *buffer = descriptor->buffer;
    if (descriptor->buffer_bytes < bytes) {
        size_t more = descriptor->buffer_bytes * 2;
        more = more < AHEAD_BYTES ? AHEAD_BYTES : more;
        more = more < bytes ? bytes : more;
        buffer = os_allocate(more);
        if (buffer == NULL) {
            return false;
        }
        descriptor->buffer_bytes = more;
    }
    if (ahead > 0) {
        memmove(buffer, stream_front(descriptor), ahead);
    }
    if (buffer != descriptor->buffer) {
        os_free(descriptor->buffer);
        descriptor->buffer = buffer;
    }
    descriptor->from = 0;
    descriptor->to = ahead;
    return true;
}

int stream_fill(struct tn_self *self, struct descriptor *descriptor, size_t bytes) {
    while (stream_ahead(descriptor) < bytes) {
        if (!make_room(descriptor, bytes)) {
            return TN_NO_MEMORY;
        }
        const ptrdiff_t count = read_some(self, descriptor, descriptor->buffer + descriptor->to,
                                          descriptor->buffer_bytes - descriptor->to);
        if (count <= 0) {
            return count == 0 ? TN_ENDED : (int)count;
        }
        descriptor->to += (size_t)count;
    }
    return TN_OK;
}

ptrdiff_t tn_read(struct tn_self *self, struct tn_stream stream, void *into, size_t bytes) {
    struct descriptor *descriptor;
    const int code = descriptor_begin(self, stream.tn_private, READING, &descriptor);
    if (code != TN_OK) {
        return code;
    }
    ptrdiff_t count = (ptrdiff_t)take_ahead(descriptor, into, bytes);
    if (count == 0 && bytes > 0) {
        count = read_some(self, descriptor, into, bytes);
    }
    descriptor_end(descriptor, READING);
    return count;
}

int tn_read_exactly(struct tn_self *self, struct tn_stream stream, void *into, size_t bytes) {
    struct descriptor *descriptor;
    int code = descriptor_begin(self, stream.tn_private, READING, &descriptor);
    if (code != TN_OK) {
        return code;
    }
    size_t done = take_ahead(descriptor, into, bytes);
    while (done < bytes) {
        const ptrdiff_t count =
            read_some(self, descriptor, (unsigned char *)into + done, bytes - done);
        if (count <= 0) {
            code = count == 0 ? TN_ENDED : (int)count;
            break;
        }
        done += (size_t)count;
    }
    descriptor_end(descriptor, READING);
    return code;
}

// Of a line whose first `length` bytes are read ahead.
static void take_line(struct descriptor *descriptor, char *line, size_t length, size_t newline) {
    if (length > 0) {
        memcpy(line, stream_front(descriptor), length);
    }
    line[length] = '\0';
    stream_take(descriptor, length + newline);
}

static ptrdiff_t find_line(struct tn_self *self, struct descriptor *descriptor, char *line,
                           size_t bytes) {
    size_t looked = 0;
    for (;;) {
        const size_t ahead = stream_ahead(descriptor);
        const unsigned char *front = ahead == 0 ? NULL : stream_front(descriptor);
        const unsigned char *newline =
            ahead == looked ? NULL : memchr(front + looked, '\n', ahead - looked);
        const size_t length = newline == NULL ? ahead : (size_t)(newline - front);
        if (length >= bytes) {
            return TN_TOO_LONG;
        }
        if (newline != NULL) {
            take_line(descriptor, line, length, 1);
            return (ptrdiff_t)length;
        }
        looked = ahead;
        const int code = stream_fill(self, descriptor, ahead + 1);
        if (code == TN_ENDED && ahead > 0) {
            take_line(descriptor, line, ahead, 0);
            return (ptrdiff_t)ahead;
        }
        if (code != TN_OK) {
            return code;
        }
    }
}

ptrdiff_t tn_read_line(struct tn_self *self, struct tn_stream stream, char *line, size_t bytes) {
    struct descriptor *descriptor;
    const int code = descriptor_begin(self, stream.tn_private, READING, &descriptor);
    if (code != TN_OK) {
        return code;
    }
    const ptrdiff_t length = find_line(self, descriptor, line, bytes);
    descriptor_end(descriptor, READING);
    return length;
}

// ---- writing ---------------------------------------------------------------------------------

static ptrdiff_t write_some(struct tn_self *self, struct descriptor *descriptor, const void *from,
                            size_t bytes) {
    for (;;) {
        descriptor_expect(descriptor, WRITING);
        const ptrdiff_t count = os_write(descriptor->fd, from, bytes);
        if (count != OS_AGAIN) {
            return count >= 0 ? count : descriptor_status(count);
        }
        const int code = descriptor_wait(self, descriptor, WRITING);
        if (code != TN_OK) {
            return code;
        }
    }
}

int stream_write_all(struct tn_self *self, struct descriptor *descriptor, const void *from,
                     size_t bytes, size_t *written) {
    *written = 0;
    while (*written < bytes) {
        const ptrdiff_t count =
            write_some(self, descriptor, (const unsigned char *)from + *written, bytes - *written);
        if (count < 0) {
            return (int)count;
        }
        *written += (size_t)count;
    }
    return TN_OK;
}

ptrdiff_t tn_write_some(struct tn_self *self, struct tn_stream stream, const void *from,
                        size_t bytes) {
    struct descriptor *descriptor;
    const int code = descriptor_begin(self, stream.tn_private, WRITING, &descriptor);
    if (code != TN_OK) {
        return code;
    }
    const ptrdiff_t count = bytes == 0 ? 0 : write_some(self, descriptor, from, bytes);
    descriptor_end(descriptor, WRITING);
    return count;
}

int tn_write(struct tn_self *self, struct tn_stream stream, const void *from, size_t bytes) {
    struct descriptor *descriptor;
    int code = descriptor_begin(self, stream.tn_private, WRITING, &descriptor);
    if (code == TN_OK) {
        size_t written;
        code = stream_write_all(self, descriptor, from, bytes, &written);
        descriptor_end(descriptor, WRITING);
    }
    return code;
}

int tn_print(struct tn_self *self, struct tn_stream stream, const char *format, ...) {
    char room[256];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(room, sizeof room, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return TN_OUT_OF_RANGE;
    }
    if ((size_t)length < sizeof room) {
        return tn_write(self, stream, room, (size_t)length);
    }
    char *text = os_allocate((size_t)length + 1);
    if (text == NULL) {
        return TN_NO_MEMORY;
    }
    va_start(arguments, format);
    (void)vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    const int code = tn_write(self, stream, text, (size_t)length);
    os_free(text);
    return code;
}
