// message_make.c - a message of each kind: see tenon/message.h. Invariant: what a kind does not use
// is zero. Start reading anywhere.
#include <string.h>

#include <tenon/message.h>

struct tn_message tn_message_null(void) {
    struct tn_message item;
    memset(&item, 0, sizeof item);
    return item;
}

struct tn_message tn_message_bool(bool truth) {
    struct tn_message item = tn_message_null();
    item.kind = TN_MESSAGE_BOOL;
    item.value.truth = truth;
    return item;
}

struct tn_message tn_message_integer(int64_t integer) {
    struct tn_message item = tn_message_null();
    item.kind = TN_MESSAGE_INTEGER;
    item.value.integer = integer;
    return item;
}

struct tn_message tn_message_real(double real) {
    struct tn_message item = tn_message_null();
    item.kind = TN_MESSAGE_REAL;
    item.value.real = real;
    return item;
}

struct tn_message tn_message_text(const char *text) {
    struct tn_message item = tn_message_null();
    item.kind = TN_MESSAGE_TEXT;
    item.count = strlen(text);
    item.value.text = text;
    return item;
}

struct tn_message tn_message_bytes(const void *bytes, size_t count) {
    struct tn_message item = tn_message_null();
    item.kind = TN_MESSAGE_BYTES;
    item.count = count;
    item.value.bytes = bytes;
    return item;
}

struct tn_message tn_message_list(const struct tn_message *items, size_t count) {
    struct tn_message item = tn_message_null();
    item.kind = TN_MESSAGE_LIST;
    item.count = count;
    item.value.items = items;
    return item;
}

struct tn_message tn_message_map(const struct tn_message *items, size_t count) {
    struct tn_message item = tn_message_list(items, count);
    item.kind = TN_MESSAGE_MAP;
    return item;
}
