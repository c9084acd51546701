// tenon/dframe.h - frames whose arguments and results could go to another process.
//
//     TN_DFRAME(double, path_length, (tn_doubles, x), (tn_doubles, y))
//     {
//         double length = 0;
//         for (size_t i = 1; i < x.count; i++) length += hypot(x.data[i] - x.data[i - 1], ...);
//         return length;
//     }
//
// A DFrame is a PFrame that needs nothing of the process it was spawned in but its arguments.
// Moving a function from TN_PFRAME to TN_DFRAME changes that one word; everything in tenon/frame.h
// holds. A run that has other processes (num_processes in tenon/run.h) sends a DFrame to one that
// has a place for it, when it is about to start; otherwise, and without other processes, it runs in
// this one, exactly as a PFrame does. What a parent awaits before anybody has taken it is called
// here; and a DFrame whose function has run for less than ten times as long as the way there and
// back takes stays here, but for one now and then, to see whether that is still so. In the
// environment TENON_PLACE=here keeps all of them here, remote sends each at once, for tests and
// measurements.
//
// These processes are copies of this program on this machine. main never runs in them, nor do
// constructors of the program that come after the first DFrame's; they have none of the program's
// heap. They end with their run, and with this process, however that ends. What a DFrame prints
// there is written when its process leaves. A program that has DFrames only in its libraries or
// plug-ins has no other processes, and those of plug-ins stay in this one.
//
// Each process is a whole runtime: what a DFrame spawns are frames of that process. The tree's laws
// hold across: a DFrame that is removed, or whose deadline passes, has unwound there before it ends
// here. What differs there:
// - Variables are that process's own. Frames above the DFrame are not there: no class or handle of
//   theirs can be reached. Their events can, through ports (tenon/port.h), and their frame-local
//   values, if they travel (TN_DLOCAL in tenon/local.h), are seen as they were when it was sent.
//   Thread numbers count that process's threads.
// - A failure that nobody below or in the DFrame absorbs ends all of the DFrame. Then the handlers
//   above it are asked here, on whichever thread of the run hears of it; path, place, message and
//   causes are those of the frame that failed.
// - It is ready (tn_of_ready in tenon/event.h) when it has been sent.
// - Options (TN_OPTIONS) go along, but for a thread of its own and an immediate start: with these a
//   DFrame stays here. So does one whose arguments are too long for the way there.
//
// When the process that runs it ends (it crashes, exits, has no memory, is killed), a DFrame that
// has begun fails with TN_LOST; the failure's message says which process and how it ended. With
// begins_max in its options it begins again in another process, so many times in all; then it fails
// with TN_POISONED. One that has not begun is sent to another process, and nobody hears of that.
// What it writes outside can say which attempt has written it (tenon/attempt.h).
// Processes that end are replaced, unless many in a row were of no use.
//
// The elements of an argument that is text, bytes or an array are copied once on their way, and are
// there to be read until the DFrame ends; those of a long result are not copied, if they lie in a
// room (tenon/result.h).
//
// Its parameters and its result are of types that travel (tenon/data.h), or void. Any other type is
// refused when the program is compiled, with a sentence: a pointer, above all. The elements of a
// result that is text, bytes or an array lie in a room (tenon/result.h), wherever it ran; one too
// long for the way back is a failure, TN_TOO_LONG. What a DFrame must not do, compilers cannot see:
// read or write variables that belong to its process, and expect others to see it.
//
// Each DFrame registers itself when the program or plug-in is loaded; nothing has to be called. It
// is known by its name together with the types of its parameters and result, so two of them with
// the same must not be in one program: that is reported on standard error when it starts. A DFrame
// in a static library is there when the linker takes its object file, as it does for any name the
// program uses; link with --whole-archive when only another build of the program uses it.
#ifndef TENON_DFRAME_H
#define TENON_DFRAME_H

#include <tenon/data.h>
#include <tenon/frame.h>
#include <tenon/result.h>

#ifdef __cplusplus
extern "C" {
#endif

// TN_DFRAME(result, name, (type, parameter), ...) { body }
//
// Defines a DFrame for use in this file.
#define TN_DFRAME(result, ...)                                                                     \
    TN_DFRAME_TRAVELS_(result, __VA_ARGS__)                                                        \
    TN_DECLARE_(static, TN_LEVEL_DFRAME, result, __VA_ARGS__);                                     \
    TN_APPLY_(TN_DFRAME_ENTER_, TN_FIRST_(__VA_ARGS__))                                            \
    TN_BODY_(static, result, __VA_ARGS__)

// TN_DFRAME_DECLARE(result, name, (type, parameter), ...);
// TN_DFRAME_DEFINE(result, name, (type, parameter), ...) { body }
//
// For a DFrame that several files use: as TN_PFRAME_DECLARE and TN_PFRAME_DEFINE in tenon/frame.h.
#define TN_DFRAME_DECLARE(result, ...)                                                             \
    TN_DFRAME_TRAVELS_(result, __VA_ARGS__)                                                        \
    TN_DECLARE_(, TN_LEVEL_DFRAME, result, __VA_ARGS__)
#define TN_DFRAME_DEFINE(result, ...)                                                              \
    TN_APPLY_(TN_DFRAME_ENTER_, TN_FIRST_(__VA_ARGS__))                                            \
    TN_BODY_(, result, __VA_ARGS__)

// ---- what the macros write -------------------------------------------------------------------

struct tn_travel {
    const struct tn_data_type *arguments;
    const struct tn_data_type *result; // NULL: void
    uint64_t *identity; // of the function, when it has been calculated; NULL: it is not kept
};

// An entry in the list of DFrames. The section tn_dframes of each program and plug-in has the
// addresses of its entries.
struct tn_dframe_entry {
    const struct tn_type *type;
    struct tn_dframe_entry *next;
    uint64_t identity; // 0: not in the list
    struct tn_dframe_entry *beside; // those whose identities are kept in the same place
};

// Put the entries from `first` to before `end` into the list, or take them out: the constructors
// and destructors of a program or plug-in. They return nothing, and may be called again.
TN_PUBLIC void tn_dframe_register(struct tn_dframe_entry *const *first,
                                  struct tn_dframe_entry *const *end);
TN_PUBLIC void tn_dframe_unregister(struct tn_dframe_entry *const *first,
                                    struct tn_dframe_entry *const *end);

// The linker defines them where the section is.
extern struct tn_dframe_entry *const __start_tn_dframes[] __attribute__((visibility("hidden")));
extern struct tn_dframe_entry *const __stop_tn_dframes[] __attribute__((visibility("hidden")));

#define TN_DFRAME_ENTER_(name)                                                                     \
    static struct tn_dframe_entry name##_tn_entry = {&name##_tn_type, NULL, 0, NULL};              \
    static struct tn_dframe_entry *const name##_tn_entered                                         \
        __attribute__((section("tn_dframes"), used, retain)) = &name##_tn_entry;                   \
    __attribute__((constructor)) static void name##_tn_register(void) {                            \
        tn_dframe_register(__start_tn_dframes, __stop_tn_dframes);                                 \
    }                                                                                              \
    __attribute__((destructor)) static void name##_tn_unregister(void) {                           \
        tn_dframe_unregister(__start_tn_dframes, __stop_tn_dframes);                               \
    }

#define TN_DFRAME_TRAVELS_(result, ...)                                                            \
    TN_EACH_(TN_PAIR_TRAVELS_, __VA_ARGS__)                                                        \
    TN_IF_VOID_(result)(, TN_RESULT_TRAVELS_(result))
#define TN_RESULT_TRAVELS_(result)                                                                 \
    TN_IS_NO_POINTER_(result)                                                                      \
    TN_STATIC_ASSERT_(TN_IS_POINTER_(result) || TN_DATA_CODE_(result) != 0,                        \
                      "the result of a DFrame is a scalar, a structure declared by TN_DATA "       \
                      "(written struct NAME), a type of tenon/data.h, or void");

#define TN_DESCRIBE_TN_LEVEL_DFRAME_(result, name, ...)                                            \
    TN_DATA_TYPE_(name##_tn_takes, struct name##_tn_arguments, name, __VA_ARGS__);                 \
    TN_IF_VOID_(result)                                                                            \
    (, TN_DESCRIBE_RESULT_(result, name)) static uint64_t name##_tn_identity                       \
        __attribute__((unused)) = 0;                                                               \
    static const struct tn_travel name##_tn_travel __attribute__((unused)) = {                     \
        &name##_tn_takes, TN_IF_VOID_(result)(NULL, &name##_tn_gives), &name##_tn_identity};
#define TN_DESCRIBE_RESULT_(result, name)                                                          \
    static const struct tn_data_field name##_tn_gives_fields[] __attribute__((unused)) = {         \
        {"result", (unsigned short)(TN_DATA_CODE_(result) / 256),                                  \
         (unsigned short)(TN_DATA_CODE_(result) % 256), 0, TN_DATA_TYPE_OF_(result)},              \
        {0, 0, 0, 0, 0}};                                                                          \
    static const struct tn_data_type name##_tn_gives __attribute__((unused)) = {                   \
        #name, 1, (unsigned)sizeof(name##_tn_result), name##_tn_gives_fields};
#define TN_TRAVEL_TN_LEVEL_DFRAME_(name) &name##_tn_travel

#ifdef __cplusplus
}
#endif

#endif
