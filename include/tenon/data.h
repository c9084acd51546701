// tenon/data.h - what can travel to another process: scalars, flat structures, text, bytes, arrays.
//
//     TN_DATA(point, (double, x), (double, y));         // struct point, which travels
//
//     TN_DFRAME(double, path_length, (tn_doubles, x), (tn_doubles, y)) { ... }
//     TN_DFRAME(double, distance, (struct point, from), (struct point, to)) { ... }
//
//     double lengths[2] = {3, 4};
//     tn_spawn(path_length, tn_doubles_of(lengths, 2), tn_doubles_of(lengths, 2));
//
// An address means nothing in another process, so a pointer does not travel: as an argument of a
// DFrame it is refused when the program is compiled, with a sentence that says what to pass
// instead. Scalars are bool, char, every integer type and enumeration up to 64 bits, float and
// double.
//
// The types with a plural name are views: where the elements lie, and how many there are. A view as
// an argument is not a copy of the elements. They have to stay where they are, unchanged, until the
// frame that got the view has ended; that frame reads them, and does not write.
//
// A scalar travels as its value, so `long` may have another size where it arrives; a value that
// does not fit there is an error, never another value.
#ifndef TENON_DATA_H
#define TENON_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <tenon/macros.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- views -----------------------------------------------------------------------------------

// For each type below, NAME_of(data, count) makes a view of `count` elements from `data` on:
// tn_doubles_of(lengths, 2). From any thread, inside and outside of a run.
#define TN_VIEW_(name, element)                                                                    \
    typedef struct name {                                                                          \
        const element *data;                                                                       \
        size_t count;                                                                              \
    } name;                                                                                        \
    static inline __attribute__((unused)) name name##_of(const element *data, size_t count) {      \
        const name view = {data, count};                                                           \
        return view;                                                                               \
    }

TN_VIEW_(tn_bytes, unsigned char)
TN_VIEW_(tn_int8s, int8_t)
TN_VIEW_(tn_int16s, int16_t)
TN_VIEW_(tn_int32s, int32_t)
TN_VIEW_(tn_int64s, int64_t)
TN_VIEW_(tn_uint16s, uint16_t)
TN_VIEW_(tn_uint32s, uint32_t)
TN_VIEW_(tn_uint64s, uint64_t)
TN_VIEW_(tn_floats, float)
TN_VIEW_(tn_doubles, double)

// Text of `count` bytes, UTF-8 as a rule; there need not be a zero behind it (print it by "%.*s").
typedef struct tn_text {
    const char *data;
    size_t count;
} tn_text;

// Returns a view of a string that ends in a zero, without that. `string` is not NULL. From any
// thread, inside and outside of a run.
static inline __attribute__((unused)) tn_text tn_text_of(const char *string) {
    tn_text text;
    text.data = string;
    text.count = strlen(string);
    return text;
}

// ---- structures ------------------------------------------------------------------------------

// TN_DATA(name, (type, field), ...);
//
// Declares struct name with up to eight fields, and lets it travel: inside, as an argument or as a
// result of a DFrame, written `struct name`. It is flat: its fields are scalars, or structures that
// are declared in this way too, at most eight deep. For a header or a file.
#define TN_DATA(name, ...)                                                                         \
    TN_EACH_(TN_PAIR_IS_FLAT_, name, __VA_ARGS__)                                                  \
    struct name {                                                                                  \
        TN_EACH_(TN_PAIR_FIELD_, name, __VA_ARGS__)                                                \
    };                                                                                             \
    TN_DATA_TYPE_(tn_data_of_##name, struct name, name, name, __VA_ARGS__);                        \
    struct name /* swallows the semicolon */

// ---- what the macros write -------------------------------------------------------------------

enum tn_data_kind {
    TN_DATA_NONE, // does not travel
    TN_DATA_BOOL,
    TN_DATA_CHAR, // its sign depends on the machine: travels as 0 to 255
    TN_DATA_INT,
    TN_DATA_UINT,
    TN_DATA_FLOAT,
    TN_DATA_STRUCT,
    TN_DATA_TEXT, // this and what follows are views
    TN_DATA_BYTES,
    TN_DATA_INTS,
    TN_DATA_UINTS,
    TN_DATA_FLOATS,
};

struct tn_data_type;

// One value: a field of a structure, or an argument. A list of them ends with a kind of 0.
struct tn_data_field {
    const char *name;
    unsigned short kind;
    unsigned short element_bytes; // of a scalar, or of what a view is of; 0 for a structure
    unsigned offset;
    const struct tn_data_type *type; // of a structure
};

struct tn_data_type {
    const char *name;
    unsigned count;
    unsigned bytes;
    const struct tn_data_field *fields;
};

#ifdef __cplusplus
}
#define TN_STATIC_ASSERT_(condition, sentence) static_assert(condition, sentence)
#else
#define TN_STATIC_ASSERT_(condition, sentence) _Static_assert(condition, sentence)
#endif

// Kind and size of what a type's elements are, in one number; 0 when it does not travel.
#define TN_DATA_CODE_(type) TN_IF_STRUCT_(type)(TN_DATA_STRUCT * 256, TN_DATA_CODE_OF_(type))
#define TN_DATA_TYPE_OF_(type) TN_IF_STRUCT_(type)(&TN_PASTE_(tn_data_of_, TN_TAG_(type)), 0)

#ifdef __cplusplus
constexpr int tn_data_code(...) {
    return 0;
}
#define TN_DATA_CODE_CASE_(type, kind, element)                                                    \
    constexpr int tn_data_code(const type *) {                                                     \
        return kind * 256 + (int)sizeof(element);                                                  \
    }
#define TN_DATA_CODE_OF_(type) tn_data_code(static_cast<const type *>(nullptr))
template <class Type> constexpr bool tn_is_pointer(Type *const *) {
    return true;
}
constexpr bool tn_is_pointer(...) {
    return false;
}
#define TN_IS_POINTER_(type) tn_is_pointer(static_cast<type *>(nullptr))
#else
#define TN_DATA_CODE_CASE_(type, kind, element)                                                    \
    type:                                                                                          \
    kind * 256 + (int)sizeof(element),
#define TN_DATA_CODE_OF_(type) _Generic(*(type *)0, TN_DATA_CODES_ default : 0)
#define TN_IS_POINTER_(type) (__builtin_classify_type(*(type *)0) == 5)
#endif

#define TN_DATA_CODES_                                                                             \
    TN_DATA_CODE_CASE_(bool, TN_DATA_BOOL, bool)                                                   \
    TN_DATA_CODE_CASE_(char, TN_DATA_CHAR, char)                                                   \
    TN_DATA_CODE_CASE_(signed char, TN_DATA_INT, char)                                             \
    TN_DATA_CODE_CASE_(unsigned char, TN_DATA_UINT, char)                                          \
    TN_DATA_CODE_CASE_(short, TN_DATA_INT, short)                                                  \
    TN_DATA_CODE_CASE_(unsigned short, TN_DATA_UINT, short)                                        \
    TN_DATA_CODE_CASE_(int, TN_DATA_INT, int)                                                      \
    TN_DATA_CODE_CASE_(unsigned, TN_DATA_UINT, int)                                                \
    TN_DATA_CODE_CASE_(long, TN_DATA_INT, long)                                                    \
    TN_DATA_CODE_CASE_(unsigned long, TN_DATA_UINT, long)                                          \
    TN_DATA_CODE_CASE_(long long, TN_DATA_INT, long long)                                          \
    TN_DATA_CODE_CASE_(unsigned long long, TN_DATA_UINT, long long)                                \
    TN_DATA_CODE_CASE_(float, TN_DATA_FLOAT, float)                                                \
    TN_DATA_CODE_CASE_(double, TN_DATA_FLOAT, double)                                              \
    TN_DATA_CODE_CASE_(tn_text, TN_DATA_TEXT, char)                                                \
    TN_DATA_CODE_CASE_(tn_bytes, TN_DATA_BYTES, char)                                              \
    TN_DATA_CODE_CASE_(tn_int8s, TN_DATA_INTS, int8_t)                                             \
    TN_DATA_CODE_CASE_(tn_int16s, TN_DATA_INTS, int16_t)                                           \
    TN_DATA_CODE_CASE_(tn_int32s, TN_DATA_INTS, int32_t)                                           \
    TN_DATA_CODE_CASE_(tn_int64s, TN_DATA_INTS, int64_t)                                           \
    TN_DATA_CODE_CASE_(tn_uint16s, TN_DATA_UINTS, uint16_t)                                        \
    TN_DATA_CODE_CASE_(tn_uint32s, TN_DATA_UINTS, uint32_t)                                        \
    TN_DATA_CODE_CASE_(tn_uint64s, TN_DATA_UINTS, uint64_t)                                        \
    TN_DATA_CODE_CASE_(tn_floats, TN_DATA_FLOATS, float)                                           \
    TN_DATA_CODE_CASE_(tn_doubles, TN_DATA_FLOATS, double)

#ifdef __cplusplus
TN_DATA_CODES_
#endif

#define TN_IS_NO_POINTER_(type)                                                                    \
    TN_STATIC_ASSERT_(!TN_IS_POINTER_(type),                                                       \
                      "a pointer means nothing in another process: pass tn_text, tn_bytes, "       \
                      "tn_doubles or another type of tenon/data.h");
#define TN_PAIR_TRAVELS_(type, name)                                                               \
    TN_IS_NO_POINTER_(type)                                                                        \
    TN_STATIC_ASSERT_(TN_IS_POINTER_(type) || TN_DATA_CODE_(type) != 0,                            \
                      "this type does not travel: use a scalar, a structure declared by TN_DATA "  \
                      "(written struct NAME), or a type of tenon/data.h");
#define TN_PAIR_IS_FLAT_(type, name)                                                               \
    TN_IS_NO_POINTER_(type)                                                                        \
    TN_STATIC_ASSERT_(TN_IS_POINTER_(type) ||                                                      \
                          (TN_DATA_CODE_(type) != 0 && TN_DATA_CODE_(type) / 256 < TN_DATA_TEXT),  \
                      "a structure that travels is flat: scalars, and structures declared by "     \
                      "TN_DATA (written struct NAME)");

// Defines `variable`, the description of a structure `whole`; then as in a declaration.
#define TN_DATA_TYPE_(variable, whole, name, ...)                                                  \
    static const struct tn_data_field variable##_fields[] __attribute__((unused)) = {              \
        TN_EACH_WITH_(TN_DATA_FIELD_, whole, __VA_ARGS__){0, 0, 0, 0, 0}};                         \
    static const struct tn_data_type variable __attribute__((unused)) = {                          \
        #name, TN_COUNT_(__VA_ARGS__), (unsigned)sizeof(whole), variable##_fields}
#define TN_DATA_FIELD_(whole, type, name)                                                          \
    {#name, (unsigned short)(TN_DATA_CODE_(type) / 256),                                           \
     (unsigned short)(TN_DATA_CODE_(type) % 256), (unsigned)offsetof(whole, name),                 \
     TN_DATA_TYPE_OF_(type)},

#endif
