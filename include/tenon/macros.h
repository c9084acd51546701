// tenon/macros.h - the preprocessor machinery behind TN_FRAME and its sisters. Nothing to read here
// for users: what the macros give is described in tenon/frame.h.
//
// A parameter list arrives as (type, name) pairs. TN_EACH_ applies a macro to every pair, TN_COUNT_
// counts 0 to 8 of them, TN_IF_VOID_ picks between two token lists by whether the result is void.
#ifndef TENON_MACROS_H
#define TENON_MACROS_H

#define TN_PASTE_(a, b) TN_PASTE_RAW_(a, b)
#define TN_PASTE_RAW_(a, b) a##b
// Expands the arguments before the macro m can paste them.
#define TN_APPLY_(m, ...) m(__VA_ARGS__)

// TN_FIRST_(name, pairs...) is the name; TN_COUNT_(name, pairs...) is how many pairs follow it.
#define TN_FIRST_(...) TN_FIRST_RAW_(__VA_ARGS__, ~)
#define TN_FIRST_RAW_(first, ...) first
#define TN_COUNT_(...) TN_COUNT_RAW_(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0, ~)
#define TN_COUNT_RAW_(name, a, b, c, d, e, f, g, h, count, ...) count

// TN_EACH_(m, name, (t, n), ...) expands to m(t, n) for each pair, side by side.
#define TN_EACH_(m, ...) TN_PASTE_(TN_EACH_, TN_COUNT_(__VA_ARGS__))(m, __VA_ARGS__)
#define TN_EACH_0(m, name)
#define TN_EACH_1(m, name, a) m a
#define TN_EACH_2(m, name, a, b) m a m b
#define TN_EACH_3(m, name, a, b, c) m a m b m c
#define TN_EACH_4(m, name, a, b, c, d) m a m b m c m d
#define TN_EACH_5(m, name, a, b, c, d, e) m a m b m c m d m e
#define TN_EACH_6(m, name, a, b, c, d, e, f) m a m b m c m d m e m f
#define TN_EACH_7(m, name, a, b, c, d, e, f, g) m a m b m c m d m e m f m g
#define TN_EACH_8(m, name, a, b, c, d, e, f, g, h) m a m b m c m d m e m f m g m h

// TN_EACH_WITH_(m, x, name, (t, n), ...) expands to m(x, t, n) for each pair, side by side.
#define TN_EACH_WITH_(m, x, ...) TN_PASTE_(TN_EACH_WITH_, TN_COUNT_(__VA_ARGS__))(m, x, __VA_ARGS__)
#define TN_WITH_(m, x, pair) TN_WITH_RAW_(m, x, TN_UNPAIR_ pair)
#define TN_WITH_RAW_(m, ...) m(__VA_ARGS__)
#define TN_UNPAIR_(type, name) type, name
#define TN_EACH_WITH_0(m, x, name)
#define TN_EACH_WITH_1(m, x, name, a) TN_WITH_(m, x, a)
#define TN_EACH_WITH_2(m, x, name, a, b) TN_EACH_WITH_1(m, x, name, a) TN_WITH_(m, x, b)
#define TN_EACH_WITH_3(m, x, name, a, b, c) TN_EACH_WITH_2(m, x, name, a, b) TN_WITH_(m, x, c)
#define TN_EACH_WITH_4(m, x, name, a, b, c, d) TN_EACH_WITH_3(m, x, name, a, b, c) TN_WITH_(m, x, d)
#define TN_EACH_WITH_5(m, x, name, a, b, c, d, e)                                                  \
    TN_EACH_WITH_4(m, x, name, a, b, c, d) TN_WITH_(m, x, e)
#define TN_EACH_WITH_6(m, x, name, a, b, c, d, e, f)                                               \
    TN_EACH_WITH_5(m, x, name, a, b, c, d, e) TN_WITH_(m, x, f)
#define TN_EACH_WITH_7(m, x, name, a, b, c, d, e, f, g)                                            \
    TN_EACH_WITH_6(m, x, name, a, b, c, d, e, f) TN_WITH_(m, x, g)
#define TN_EACH_WITH_8(m, x, name, a, b, c, d, e, f, g, h)                                         \
    TN_EACH_WITH_7(m, x, name, a, b, c, d, e, f, g) TN_WITH_(m, x, h)

#define TN_PAIR_FIELD_(type, name) type name;
#define TN_NO_FIELD_(...) TN_PASTE_(TN_NO_FIELD_, TN_COUNT_(__VA_ARGS__))
#define TN_NO_FIELD_0 unsigned char tn_nothing; // C has no empty structures
#define TN_NO_FIELD_1
#define TN_NO_FIELD_2
#define TN_NO_FIELD_3
#define TN_NO_FIELD_4
#define TN_NO_FIELD_5
#define TN_NO_FIELD_6
#define TN_NO_FIELD_7
#define TN_NO_FIELD_8
// Initialises a structure of all parameters, or the one field of none.
#define TN_VALUES_(...)                                                                            \
    { TN_PASTE_(TN_NO_VALUE_, TN_COUNT_(__VA_ARGS__)) TN_EACH_(TN_PAIR_VALUE_, __VA_ARGS__) }
#define TN_NO_VALUE_0 0
#define TN_NO_VALUE_1
#define TN_NO_VALUE_2
#define TN_NO_VALUE_3
#define TN_NO_VALUE_4
#define TN_NO_VALUE_5
#define TN_NO_VALUE_6
#define TN_NO_VALUE_7
#define TN_NO_VALUE_8
// TN_LAST_(m, name, (t, n), ...) expands to m(t, n) for the last pair; of none, for one whose type
// is no number.
#define TN_LAST_(m, ...) TN_PASTE_(TN_LAST_, TN_COUNT_(__VA_ARGS__))(m, __VA_ARGS__)
#define TN_LAST_0(m, name) m(void *, tn_nothing)
#define TN_LAST_1(m, name, a) m a
#define TN_LAST_2(m, name, a, b) m b
#define TN_LAST_3(m, name, a, b, c) m c
#define TN_LAST_4(m, name, a, b, c, d) m d
#define TN_LAST_5(m, name, a, b, c, d, e) m e
#define TN_LAST_6(m, name, a, b, c, d, e, f) m f
#define TN_LAST_7(m, name, a, b, c, d, e, f, g) m g
#define TN_LAST_8(m, name, a, b, c, d, e, f, g, h) m h
#define TN_PAIR_TYPE_(type, name) type
#define TN_PAIR_NAME_(type, name) name
#define TN_PAIR_PARAMETER_(type, name) , type name
#define TN_PAIR_VALUE_(type, name) name,
#define TN_PAIR_ARGUMENT_(type, name) , tn_arguments.name

// TN_IF_VOID_(result, yes)(no): `result` may be any type; only the single word void answers yes.
// The probe turns `void` into "~, 1," so that a 1 stands second; after `void *` or `void (*)` the
// third place is not empty, which TN_EMPTY_ notices.
#define TN_IF_VOID_(result) TN_PASTE_(TN_IF_, TN_IS_VOID_(result))
#define TN_IF_1(yes, no) yes
#define TN_IF_0(yes, no) no
#define TN_VOID_PROBE_void ~, 1,
#define TN_IS_VOID_(result) TN_IS_VOID_PICK_(TN_VOID_PROBE_##result, 0, ~, ~)
#define TN_IS_VOID_PICK_(...) TN_IS_VOID_TEST_(__VA_ARGS__)
#define TN_IS_VOID_TEST_(a, is_void, rest, ...) TN_PASTE_(TN_AND_, is_void)(TN_EMPTY_(rest))
#define TN_AND_1(x) x
#define TN_AND_0(x) 0
#define TN_EMPTY_(rest) TN_EMPTY_PICK_(TN_EMPTY_PROBE_ rest(), 0, ~)
#define TN_EMPTY_PROBE_() ~, 1
#define TN_EMPTY_PICK_(...) TN_EMPTY_TEST_(__VA_ARGS__)
#define TN_EMPTY_TEST_(a, b, ...) b

// TN_IF_STRUCT_(type)(yes, no): whether the first word of `type` is struct; TN_TAG_(type) is then
// the rest. As TN_IF_VOID_, by a probe that puts a 1 into the second place.
#define TN_STRUCT_PROBE_struct ~, 1,
#define TN_IF_STRUCT_(type) TN_PASTE_(TN_IF_, TN_IS_STRUCT_(type))
#define TN_IS_STRUCT_(type) TN_STRUCT_SECOND_(TN_STRUCT_PROBE_##type, 0, ~, ~)
#define TN_STRUCT_SECOND_(...) TN_STRUCT_SECOND_RAW_(__VA_ARGS__)
#define TN_STRUCT_SECOND_RAW_(a, is_struct, ...) is_struct
#define TN_TAG_(type) TN_STRUCT_THIRD_(TN_STRUCT_PROBE_##type, ~)
#define TN_STRUCT_THIRD_(...) TN_STRUCT_THIRD_RAW_(__VA_ARGS__)
#define TN_STRUCT_THIRD_RAW_(a, is_struct, tag, ...) tag

// What a level adds to a declaration, and to the type: nothing, below that of DFrames.
#define TN_DESCRIBE_TN_LEVEL_FRAME_(...)
#define TN_DESCRIBE_TN_LEVEL_PFRAME_(...)
#define TN_TRAVEL_TN_LEVEL_FRAME_(name) NULL
#define TN_TRAVEL_TN_LEVEL_PFRAME_(name) NULL

#endif
