// schema.h - what a structure of tenon/data.h looks like from outside: its text, its identity.
//
// The text names what travels, not how a machine stores it: `long` and `long long` are both i8
// where both have 8 bytes. Two functions with the same name and the same texts may stand for each
// other.
//
//     TN_DFRAME(double, f, (int, n), (tn_doubles, x), (struct point, p))    f(i4,[f8],{f8,f8})f8
//
// Invariant: equal texts, equal identities, on every machine. Start reading at schema_write.
#ifndef TENON_CLUSTER_SCHEMA_H
#define TENON_CLUSTER_SCHEMA_H

#include <stdbool.h>

#include <tenon/data.h>

// Structures may be nested so deep; schema_is_valid refuses more, so who walks one may recurse.
#define SCHEMA_DEPTH_MAX 8

// Whether every field has a kind that exists, lies inside its structure, and nests no deeper than
// that. Macros write no other; a plug-in of another version could.
bool schema_is_valid(const struct tn_data_type *type);

// Writes NAME(ARGUMENTS)RESULT and a closing zero into `text` of `bytes` bytes, as far as they
// reach. Returns the length of the whole. `result` is NULL for void.
size_t schema_write(const char *name, const struct tn_data_type *arguments,
                    const struct tn_data_type *result, char *text, size_t bytes);

// The identity of a function: a hash of the whole text, by FNV-1a with 64 bits. Never 0.
uint64_t schema_identity(const char *name, const struct tn_data_type *arguments,
                         const struct tn_data_type *result);

// The identity of an item of a queue, by the same hash: its type alone.
uint64_t schema_item_identity(const struct tn_data_type *item);

// How many views are among the fields, and the bytes of their elements in all.
struct schema_extent {
    size_t views;
    size_t bytes;
};
struct schema_extent schema_measure(const struct tn_data_type *type, const void *values);

// A view, whatever its elements are.
struct schema_view {
    const void *data;
    size_t count;
};
_Static_assert(sizeof(struct schema_view) == sizeof(tn_doubles), "all views look the same");

static inline bool schema_is_view(const struct tn_data_field *field) {
    return field->kind >= TN_DATA_TEXT;
}

#endif
