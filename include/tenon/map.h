// tenon/map.h - one function over many values, on all threads, results in order or as they come.
//
//     TN_PFRAME(double, area, (const struct shape *, shapes), (size_t, i)) { ... }
//     ...
//     struct tn_map *areas = tn_map(area, count, shapes, 0);   // i = 0, 1, 2, ...
//     double value, sum = 0;
//     while (tn_map_next(area, areas, &value)) sum += value;
//     int code = tn_map_finish(self, areas);                   // TN_OK, or what went wrong first
//
// The last parameter of the function counts up from the value given; the others stay the same. A
// map is lazy: it starts only so many items ahead of who takes their results, its window. Where
// items run is the word of the function's declaration, as in tenon/executor.h, and an item's
// failure is that item's only.
//
// Small items are run several at a time, in chunks: by default as many as take some tens of
// microseconds, found out while the map runs. The items of a chunk run one after the other.
//
// Items run below a frame of the map, which is a child of the frame that made it. The map belongs
// to that frame and ends with it.
#ifndef TENON_MAP_H
#define TENON_MAP_H

#include <tenon/failure.h>
#include <tenon/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_map;

enum tn_order {
    TN_IN_ORDER,     // results in the order of their items
    TN_AS_COMPLETED, // as they come: nothing waits for an item that takes long
};

struct tn_map_options {
    // In paths and reports; NULL: "map". Must live as long as the map.
    const char *name;
    // How many items may have started whose results have not been taken; 0: 256, or as many as are
    // in 32 chunks, when those are of more than eight.
    size_t window;
    // How many items are run at a time, at most the window; 0: found out. 1 for items that mostly
    // wait: then as many as the window allows wait together.
    size_t chunk;
    enum tn_order order;
};

// Options by name, everything else default.
#ifdef __cplusplus
#define TN_MAP(...) (tn_map_options_at(tn_map_options{__VA_ARGS__}))
#else
#define TN_MAP(...) (&(struct tn_map_options){__VA_ARGS__})
#endif

// tn_map(name, count, arguments...): `count` calls of the frame function `name`, whose last
// parameter is an integer: in item i it is the last argument plus i. Uses `self`. Returns a map
// that belongs to the current frame. NULL: no memory, a chunk above the window (a programmer's
// error), or the current frame is being removed; all of the functions below take that NULL, so it
// need not be looked at: there are no results, and tn_map_finish says TN_NO_MEMORY.
#define tn_map(name, count, ...) tn_map_with(NULL, name, count, __VA_ARGS__)

// The same with options: tn_map_with(TN_MAP(.order = TN_AS_COMPLETED), fetch, count, urls, 0).
#define tn_map_with(options, name, count, ...)                                                     \
    ((void)TN_MAP_COUNTS_(name),                                                                   \
     tn_map_of_(name##_tn_pass(                                                                    \
         self, __LINE__, tn_map_type,                                                              \
         TN_MAP_PLAN_(options, count, name##_tn_last_offset, sizeof(name##_tn_last)),              \
         __VA_ARGS__)))

// tn_map_next(name, map, &value): waits for the next result and copies it to `value`, which points
// to the result type of `name` (NULL: not wanted); zeros when the item did not come to TN_OK. The
// elements of a view (tenon/result.h) belong to the current frame from now on: one that takes many
// gives each back with tn_room_free.
// Returns true; false when there are no more, or when the current frame has to end. Uses `self`: by
// one frame at a time.
#define tn_map_next(name, map, value)                                                              \
    tn_map_next_type(self, &name##_tn_type, map, (1 ? (value) : (name##_tn_result *)0))

// Of the item that tn_map_next gave last, as long as it is that:
//
// Returns which one it is, counted from 0.
TN_PUBLIC size_t tn_map_index(const struct tn_map *map);

// Returns how it ended: TN_OK, or as tn_result says; TN_EMPTY when there is none.
TN_PUBLIC int tn_map_outcome(const struct tn_map *map);

// Returns how it failed; NULL when it did not.
TN_PUBLIC const struct tn_failure *tn_map_failure(const struct tn_map *map);

// Runs all items that are left, without giving their results to anybody, and gives the map back.
// Returns TN_OK when every item of the map came to TN_OK, else the outcome of the first one, in the
// map's order, that did not; TN_CANCELLED or TN_TIMED_OUT when the current frame has to end: then
// items may be left; TN_NOT_YOURS, and nothing happens, in an item of the map itself (a
// programmer's error). By the frame that made the map.
TN_PUBLIC int tn_map_finish(struct tn_self *self, struct tn_map *map);

// Starts no further item, removes those that run, waits until they are gone, and gives the map
// back. By the frame that made it; in an item of the map itself nothing happens (a programmer's
// error).
TN_PUBLIC void tn_map_drop(struct tn_self *self, struct tn_map *map);

// ---- what the macros call --------------------------------------------------------------------

// What to map, beside the function and the arguments of its first call.
struct tn_map_plan {
    const struct tn_map_options *options; // NULL: defaults
    size_t count;
    size_t last_offset; // of the argument that counts
    size_t last_bytes;
};

// What tn_map becomes; `plan` is one. Returns what the map is in.
TN_PUBLIC struct tn_passed tn_map_type(struct tn_self *self, void *plan, const struct tn_type *type,
                                       unsigned line, const void *arguments);

// What tn_map_next becomes, and returns what that does.
TN_PUBLIC bool tn_map_next_type(struct tn_self *self, const struct tn_type *type,
                                struct tn_map *map, void *value);

// Only an integer makes 1 of 1.5, and nothing but a number can be made of it at all.
#define TN_MAP_COUNTS_(name) sizeof(char[(name##_tn_last)1.5 == 1 ? 1 : -1])

TN_INLINE_ struct tn_map *tn_map_of_(struct tn_passed passed) {
    return (struct tn_map *)passed.object;
}

#ifdef __cplusplus
}

inline const tn_map_options *tn_map_options_at(const tn_map_options &options) {
    return &options;
}

inline void *tn_map_plan_at(const tn_map_plan &plan) {
    return const_cast<tn_map_plan *>(&plan);
}

#define TN_MAP_PLAN_(...) (tn_map_plan_at(tn_map_plan{__VA_ARGS__}))
#else
#define TN_MAP_PLAN_(...) (&(struct tn_map_plan){__VA_ARGS__})
#endif

#endif
