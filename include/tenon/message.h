// tenon/message.h - typed messages over a stream: numbers, text, lists and maps.
//
//     struct tn_message order = TN_MAP_OF(tn_message_text("id"), tn_message_integer(7),
//                                         tn_message_text("to"), tn_message_text("Graz"));
//     tn_message_send(self, program.input, &order);
//     struct tn_message *answer;
//     if (tn_message_receive(self, program.output, 65536, &answer) == TN_OK) ...
//
// For two programs that know each other: a frame and a program that it runs (tenon/command.h), over
// that one's standard input and output; or two frames over a pipe. What is sent arrives as the same
// tree of values. It goes as one item of CBOR (RFC 8949), wrapped in a byte string of a four-byte
// length with tag 24, "encoded CBOR data item": so a reader knows how long a message is before it
// has it, and programs in other languages read and write messages with any library for CBOR.
//
// What comes in is not trusted: a message that is longer than agreed, nested deeper than 64 levels
// or no message at all is refused, and nothing but its own bytes is read.
#ifndef TENON_MESSAGE_H
#define TENON_MESSAGE_H

#include <stdbool.h>

#include <tenon/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- messages and their parts -----------------------------------------------------------------

enum tn_message_kind {
    TN_MESSAGE_NULL,
    TN_MESSAGE_BOOL,
    TN_MESSAGE_INTEGER,
    TN_MESSAGE_REAL,
    TN_MESSAGE_TEXT,
    TN_MESSAGE_BYTES,
    TN_MESSAGE_LIST,
    TN_MESSAGE_MAP,
};

// A value with its kind. It refers to memory of others: text, bytes and further items must stay
// valid as long as it is used.
struct tn_message {
    enum tn_message_kind kind;
    size_t count; // bytes of a text or of bytes, items of a list, pairs of a map
    union {
        bool truth;
        int64_t integer;
        double real;
        const char *text; // with a closing zero that is not counted
        const void *bytes;
        const struct tn_message *items; // of a map: a key and its value, in turn
    } value;
};

// A message of each kind, which is returned: nothing is copied but the value itself. Text should be
// UTF-8, which is not checked. A map has `count` pairs, which are 2 x `count` items: a key, its
// value, and so on. From any thread, inside and outside of a run.
TN_PUBLIC struct tn_message tn_message_null(void);
TN_PUBLIC struct tn_message tn_message_bool(bool truth);
TN_PUBLIC struct tn_message tn_message_integer(int64_t integer);
TN_PUBLIC struct tn_message tn_message_real(double real);
TN_PUBLIC struct tn_message tn_message_text(const char *text);
TN_PUBLIC struct tn_message tn_message_bytes(const void *bytes, size_t count);
TN_PUBLIC struct tn_message tn_message_list(const struct tn_message *items, size_t count);
TN_PUBLIC struct tn_message tn_message_map(const struct tn_message *items, size_t count);

// TN_LIST_OF(item, ...) and TN_MAP_OF(key, value, ...): the same from items written in place, at
// least one; valid until the end of the block. In C. They return the message.
#define TN_LIST_OF(...)                                                                            \
    tn_message_list((const struct tn_message[]){__VA_ARGS__},                                      \
                    sizeof((const struct tn_message[]){__VA_ARGS__}) / sizeof(struct tn_message))
#define TN_MAP_OF(...)                                                                             \
    tn_message_map((const struct tn_message[]){__VA_ARGS__},                                       \
                   sizeof((const struct tn_message[]){__VA_ARGS__}) /                              \
                       (2 * sizeof(struct tn_message)))

// Item `index` of a list, counted from 0. Returns NULL when there is none, or `list` is no list.
TN_PUBLIC const struct tn_message *tn_message_at(const struct tn_message *list, size_t index);

// The value of the first pair of a map whose key is that text. Returns NULL when there is none, or
// `map` is no map.
TN_PUBLIC const struct tn_message *tn_message_find(const struct tn_message *map, const char *key);

// ---- sending and receiving ---------------------------------------------------------------------

// Sends a message. Returns TN_OK; TN_NO_MEMORY or, for one over 4 GB or nested too deep,
// TN_TOO_LONG: then nothing was sent; or a code as tn_write does. A cancellation that cuts a
// message in two leaves the stream torn: nothing can follow it, so further sends return TN_BROKEN,
// and the receiver learns of it when the stream is closed.
TN_MUST_USE TN_PUBLIC int tn_message_send(struct tn_self *self, struct tn_stream stream,
                                          const struct tn_message *message);

// Receives the next message, of at most `bytes_max` bytes: *message, one block of memory with all
// that it refers to, to be freed with tn_message_free; it may take 40 times as many bytes. Returns
// TN_OK; TN_ENDED when no further message will come; TN_TOO_LONG when the next one is longer: it
// stays in the stream, for a second try that allows more; TN_MALFORMED when what comes is no
// message, or ends in the middle; TN_OUT_OF_RANGE when an integer in it has no room in 64 bits with
// a sign; TN_NO_MEMORY; or a code as tn_read does. *message is NULL unless TN_OK. A cancellation
// loses nothing: the part that has come is kept.
TN_MUST_USE TN_PUBLIC int tn_message_receive(struct tn_self *self, struct tn_stream stream,
                                             size_t bytes_max, struct tn_message **message);

// Frees what tn_message_receive gave; NULL: nothing happens. From any thread.
TN_PUBLIC void tn_message_free(struct tn_message *message);

#ifdef __cplusplus
}
#endif

#endif
