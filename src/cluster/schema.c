// schema.c - see schema.h.
#include "cluster/schema.h"

#include <string.h>

#include "base/hash.h"

static bool is_valid_at(const struct tn_data_type *type, int depth);

static bool is_power_up_to(unsigned bytes, unsigned least, unsigned most) {
    return bytes >= least && bytes <= most && (bytes & (bytes - 1)) == 0;
}

static bool is_valid_field(const struct tn_data_field *field, unsigned end, int depth) {
    const unsigned bytes = field->element_bytes;
    unsigned extent = sizeof(struct schema_view);
    bool is_known = false;
    switch (field->kind) {
    case TN_DATA_BOOL:
    case TN_DATA_CHAR:
        extent = bytes;
        is_known = bytes == 1;
        break;
    case TN_DATA_INT:
    case TN_DATA_UINT:
    case TN_DATA_FLOAT:
        extent = bytes;
        is_known = is_power_up_to(bytes, field->kind == TN_DATA_FLOAT ? 4 : 1, 8);
        break;
    case TN_DATA_STRUCT:
        if (field->type == NULL || !is_valid_at(field->type, depth + 1)) {
            return false;
        }
        extent = field->type->bytes;
        is_known = true;
        break;
    case TN_DATA_TEXT:
    case TN_DATA_BYTES:
        is_known = bytes == 1;
        break;
    case TN_DATA_INTS:
    case TN_DATA_UINTS:
    case TN_DATA_FLOATS:
        is_known = is_power_up_to(bytes, field->kind == TN_DATA_FLOATS ? 4 : 1, 8);
        break;
    default:
        break;
    }
    return is_known && field->offset <= end && extent <= end - field->offset;
}

static bool is_valid_at(const struct tn_data_type *type, int depth) {
    if (depth > SCHEMA_DEPTH_MAX) {
        return false;
    }
    for (unsigned i = 0; i < type->count; i++) {
        if (!is_valid_field(&type->fields[i], type->bytes, depth)) {
            return false;
        }
    }
    return true;
}

bool schema_is_valid(const struct tn_data_type *type) {
    return is_valid_at(type, 0);
}

// ---- text ------------------------------------------------------------------------------------

struct output {
    char *text;
    size_t room;
    size_t length;
    uint64_t hash;
};

static void put(struct output *output, char letter) {
    if (output->length + 1 < output->room) {
        output->text[output->length] = letter;
        output->text[output->length + 1] = '\0';
    }
    output->length++;
    output->hash = hash_byte(output->hash, (unsigned char)letter);
}

static void put_fields(struct output *output, const struct tn_data_type *type) {
    // By kind: the letter, or of numbers and arrays that of their elements.
    static const char letters[] = "?bciuf?tyiuf";
    for (unsigned i = 0; i < type->count; i++) {
        const struct tn_data_field *field = &type->fields[i];
        if (i > 0) {
            put(output, ',');
        }
        if (field->kind == TN_DATA_STRUCT) {
            put(output, '{');
            put_fields(output, field->type);
            put(output, '}');
        } else if (field->kind >= TN_DATA_INTS) {
            put(output, '[');
            put(output, letters[field->kind]);
            put(output, (char)('0' + field->element_bytes));
            put(output, ']');
        } else if (field->kind >= TN_DATA_INT && field->kind <= TN_DATA_FLOAT) {
            put(output, letters[field->kind]);
            put(output, (char)('0' + field->element_bytes));
        } else {
            put(output, letters[field->kind]);
        }
    }
}

static void put_all(struct output *output, const char *name, const struct tn_data_type *arguments,
                    const struct tn_data_type *result) {
    for (const char *at = name; *at != '\0'; at++) {
        put(output, *at);
    }
    put(output, '(');
    put_fields(output, arguments);
    put(output, ')');
    if (result != NULL) {
        put_fields(output, result);
    } else {
        put(output, 'v');
    }
}

size_t schema_write(const char *name, const struct tn_data_type *arguments,
                    const struct tn_data_type *result, char *text, size_t bytes) {
    struct output output = {text, bytes, 0, 0};
    put_all(&output, name, arguments, result);
    return output.length;
}

uint64_t schema_identity(const char *name, const struct tn_data_type *arguments,
                         const struct tn_data_type *result) {
    struct output output = {NULL, 0, 0, HASH_FIRST};
    put_all(&output, name, arguments, result);
    return output.hash != 0 ? output.hash : 1;
}

struct schema_extent schema_measure(const struct tn_data_type *type, const void *values) {
    struct schema_extent extent = {0, 0};
    for (unsigned i = 0; i < type->count; i++) {
        const struct tn_data_field *field = &type->fields[i];
        if (schema_is_view(field)) { // structures have none
            struct schema_view view;
            memcpy(&view, (const char *)values + field->offset, sizeof view);
            extent.views++;
            extent.bytes += view.count * field->element_bytes;
        }
    }
    return extent;
}

uint64_t schema_item_identity(const struct tn_data_type *item) {
    return schema_identity("", item, NULL);
}
