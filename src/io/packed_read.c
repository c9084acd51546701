// packed_read.c - see packed.h.
//
// Two walks over the bytes: the first checks everything and counts what the tree will need, the
// second fills one block of memory and cannot fail. Start reading at packed_read.
#include <math.h>
#include <string.h>
#include <string.h>

#include <tenon/status.h>

#include "io/packed.h"
#include "os/os.h"

struct reader {
    const unsigned char *at;
    const unsigned char *end;
};

struct head {
    enum cbor_major major;
    unsigned minor;
    uint64_t argument;
};

// What a tree needs, and then where the next part of it goes.
struct need {
    size_t items;
    size_t bytes; // of text and bytes, each with a closing zero
};

struct place {
    struct tn_message *items;
    char *bytes;
};

static bool read_head(struct reader *reader, struct head *head) {
    if (reader->at == reader->end) {
        return false;
    }
    const unsigned first = *reader->at++;
    head->major = (enum cbor_major)(first >> 5);
    head->minor = first & 31;
    head->argument = head->minor;
    if (head->minor < CBOR_MINOR_ONE_BYTE) {
        return true;
    }
    const size_t bytes = (size_t)1 << (head->minor - CBOR_MINOR_ONE_BYTE);
    if (head->minor > CBOR_MINOR_DOUBLE || (size_t)(reader->end - reader->at) < bytes) {
        return false; // of indefinite length, or reserved; or cut off
    }
    head->argument = 0;
    for (size_t i = 0; i < bytes; i++) {
        head->argument = head->argument << 8 | *reader->at++;
    }
    return true;
}

// ---- the first walk --------------------------------------------------------------------------

static int check(struct reader *reader, struct need *need, int depth);

static int check_children(struct reader *reader, struct need *need, uint64_t count, int depth) {
    // Each takes a byte at least: so a wrong count is found before anything is added up.
    if (count > (uint64_t)(reader->end - reader->at) || depth == PACKED_DEPTH_MAX) {
        return TN_MALFORMED;
    }
    int code = TN_OK;
    for (uint64_t i = 0; i < count && code == TN_OK; i++) {
        code = check(reader, need, depth + 1);
    }
    return code;
}

static int check_simple(const struct head *head) {
    switch (head->minor) {
    case CBOR_MINOR_FALSE:
    case CBOR_MINOR_TRUE:
    case CBOR_MINOR_NULL:
    case CBOR_MINOR_HALF:
    case CBOR_MINOR_SINGLE:
    case CBOR_MINOR_DOUBLE:
        return TN_OK;
    default:
        return TN_MALFORMED;
    }
}

static int check(struct reader *reader, struct need *need, int depth) {
    struct head head;
    if (!read_head(reader, &head)) {
        return TN_MALFORMED;
    }
    need->items++;
    switch (head.major) {
    case CBOR_UNSIGNED:
    case CBOR_NEGATIVE:
        return head.argument <= INT64_MAX ? TN_OK : TN_OUT_OF_RANGE;
    case CBOR_BYTES:
    case CBOR_TEXT:
        if (head.argument > (uint64_t)(reader->end - reader->at)) {
            return TN_MALFORMED;
        }
        reader->at += head.argument;
        need->bytes += (size_t)head.argument + 1;
        return TN_OK;
    case CBOR_ARRAY:
        return check_children(reader, need, head.argument, depth);
    case CBOR_MAP:
        return head.argument > UINT32_MAX ? TN_MALFORMED
                                          : check_children(reader, need, 2 * head.argument, depth);
    case CBOR_SIMPLE:
        return check_simple(&head);
    default: // tags mean nothing here
        return TN_MALFORMED;
    }
}

// ---- the second walk -------------------------------------------------------------------------

static double half(uint64_t bits) {
    const int exponent = (int)(bits >> 10 & 31);
    const double fraction = (double)(bits & 1023);
    const double size = exponent == 31  ? (fraction > 0 ? (double)NAN : (double)INFINITY)
                        : exponent == 0 ? ldexp(fraction, -24)
                                        : ldexp(fraction + 1024, exponent - 25);
    return (bits & 0x8000) != 0 ? -size : size;
}

static double real_of(const struct head *head) {
    if (head->minor == CBOR_MINOR_HALF) {
        return half(head->argument);
    }
    if (head->minor == CBOR_MINOR_SINGLE) {
        const uint32_t bits = (uint32_t)head->argument;
        float single;
        memcpy(&single, &bits, sizeof single);
        return (double)single;
    }
    double real;
    memcpy(&real, &head->argument, sizeof real);
    return real;
}

static struct tn_message simple_of(const struct head *head) {
    if (head->minor >= CBOR_MINOR_HALF) {
        return tn_message_real(real_of(head));
    }
    return head->minor == CBOR_MINOR_NULL ? tn_message_null()
                                      : tn_message_bool(head->minor == CBOR_MINOR_TRUE);
}

static struct tn_message content_of(struct reader *reader, const struct head *head,
                                    struct place *place) {
    const size_t count = (size_t)head->argument;
    char *content = place->bytes;
    memcpy(content, reader->at, count);
    content[count] = '\0';
    place->bytes += count + 1;
    reader->at += count;
    struct tn_message item = tn_message_bytes(content, count);
    item.kind = head->major == CBOR_TEXT ? TN_MESSAGE_TEXT : TN_MESSAGE_BYTES;
    return item;
}

static void fill(struct reader *reader, struct tn_message *item, struct place *place) {
    struct head head = {.minor = 0};
    (void)read_head(reader, &head);
    if (head.major == CBOR_UNSIGNED) {
        *item = tn_message_integer((int64_t)head.argument);
    } else if (head.major == CBOR_NEGATIVE) {
        *item = tn_message_integer(-1 - (int64_t)head.argument);
    } else if (head.major == CBOR_SIMPLE) {
        *item = simple_of(&head);
    } else if (head.major == CBOR_TEXT || head.major == CBOR_BYTES) {
        *item = content_of(reader, &head, place);
    } else {
        const size_t count = (size_t)head.argument;
        const bool is_map = head.major == CBOR_MAP;
        struct tn_message *children = place->items;
        place->items += is_map ? 2 * count : count;
        *item = is_map ? tn_message_map(children, count) : tn_message_list(children, count);
        for (struct tn_message *child = children, *end = place->items; child < end; child++) {
            fill(reader, child, place);
        }
    }
}

int packed_read(const unsigned char *from, size_t bytes, struct tn_message **item) {
    struct reader reader = {from, from + bytes};
    struct need need = {0, 0};
    int code = check(&reader, &need, 1);
    if (code == TN_OK && reader.at != reader.end) {
        code = TN_MALFORMED;
    }
    if (code != TN_OK) {
        return code;
    }
    struct tn_message *block = os_allocate(need.items * sizeof *block + need.bytes);
    if (block == NULL) {
        return TN_NO_MEMORY;
    }
    struct place place = {block + 1, (char *)(block + need.items)};
    reader.at = from;
    fill(&reader, block, &place);
    *item = block;
    return TN_OK;
}
