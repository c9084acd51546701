// message.c - see tenon/message.h; how an item becomes bytes is in packed.h. Start reading at
// tn_message_receive.
#include <tenon/message.h>

#include <string.h>

#include <tenon/status.h>

#include "io/packed.h"
#include "io/stream.h"

// Tag 24, and a byte string with a length of four bytes.
enum { HEAD_BYTES = 7, FIRST = 0xd8, SECOND = 0x18, THIRD = 0x5a };

const struct tn_message *tn_message_at(const struct tn_message *list, size_t index) {
    const bool is_there = list->kind == TN_MESSAGE_LIST && index < list->count;
    return is_there ? &list->value.items[index] : NULL;
}

const struct tn_message *tn_message_find(const struct tn_message *map, const char *key) {
    const size_t length = strlen(key);
    for (size_t i = 0; map->kind == TN_MESSAGE_MAP && i < map->count; i++) {
        const struct tn_message *pair = &map->value.items[2 * i];
        if (pair->kind == TN_MESSAGE_TEXT && pair->count == length &&
            memcmp(pair->value.text, key, length) == 0) {
            return pair + 1;
        }
    }
    return NULL;
}

void tn_message_free(struct tn_message *item) {
    os_free(item);
}

static int send(struct tn_self *self, struct descriptor *descriptor, const unsigned char *message,
                size_t bytes) {
    if (descriptor->is_torn) {
        return TN_BROKEN;
    }
    size_t written;
    const int code = stream_write_all(self, descriptor, message, bytes, &written);
    descriptor->is_torn = written > 0 && written < bytes;
    return code;
}

int tn_message_send(struct tn_self *self, struct tn_stream stream, const struct tn_message *item) {
    const size_t bytes = packed_bytes(item);
    if (bytes == 0 || bytes > UINT32_MAX) {
        return TN_TOO_LONG;
    }
    unsigned char *message = os_allocate(HEAD_BYTES + bytes);
    if (message == NULL) {
        return TN_NO_MEMORY;
    }
    const unsigned char head[HEAD_BYTES] = {FIRST,
                                            SECOND,
                                            THIRD,
                                            (unsigned char)(bytes >> 24),
                                            (unsigned char)(bytes >> 16),
                                            (unsigned char)(bytes >> 8),
                                            (unsigned char)bytes};
    memcpy(message, head, HEAD_BYTES);
    (void)packed_write(message + HEAD_BYTES, item);
    struct descriptor *descriptor;
    int code = descriptor_begin(self, stream.tn_private, WRITING, &descriptor);
    if (code == TN_OK) {
        code = send(self, descriptor, message, HEAD_BYTES + bytes);
        descriptor_end(descriptor, WRITING);
    }
    os_free(message);
    return code;
}

// Reads ahead; the end of the stream is a fault unless nothing has come.
static int fill(struct tn_self *self, struct descriptor *descriptor, size_t bytes) {
    const int code = stream_fill(self, descriptor, bytes);
    return code == TN_ENDED && stream_ahead(descriptor) > 0 ? TN_MALFORMED : code;
}

static int receive(struct tn_self *self, struct descriptor *descriptor, size_t bytes_max,
                   struct tn_message **item) {
    int code = fill(self, descriptor, HEAD_BYTES);
    if (code != TN_OK) {
        return code;
    }
    const unsigned char *head = stream_front(descriptor);
    if (head[0] != FIRST || head[1] != SECOND || head[2] != THIRD) {
        return TN_MALFORMED;
    }
    const size_t bytes =
        (size_t)head[3] << 24 | (size_t)head[4] << 16 | (size_t)head[5] << 8 | head[6];
    if (bytes > bytes_max) {
        return TN_TOO_LONG;
    }
    code = fill(self, descriptor, HEAD_BYTES + bytes);
    if (code == TN_OK) {
        code = packed_read(stream_front(descriptor) + HEAD_BYTES, bytes, item);
        if (code != TN_NO_MEMORY) {
            stream_take(descriptor, HEAD_BYTES + bytes);
        }
    }
    return code;
}

int tn_message_receive(struct tn_self *self, struct tn_stream stream, size_t bytes_max,
                       struct tn_message **item) {
    struct descriptor *descriptor;
    *item = NULL;
    int code = descriptor_begin(self, stream.tn_private, READING, &descriptor);
    if (code == TN_OK) {
        code = receive(self, descriptor, bytes_max, item);
        descriptor_end(descriptor, READING);
    }
    return code;
}
