// model.h - explores every interleaving of a small protocol, and every value a weak memory allows.
//
// A model is two or three threads of a few atomic operations each, written against the real source
// under test, which is compiled with -DTENON_MODEL=1. The explorer runs it again and again, each
// time with another order of operations and other values for the loads, until none is left:
//
//     // sources: src/scheduler/inbox.c
//     #include "model/model.h"
//     static struct inbox inbox;
//     static void set_up(void) { inbox_init(&inbox); }
//     static void produce(void) { inbox_push(&inbox, &item); }
//     static void consume(void) { taken = inbox_take_all(&inbox); }
//     static void finish(void) { MODEL_EXPECT(...); }
//     MODEL(nothing_pushed_is_lost, .threads = 2, .setup = set_up, .thread = {produce, consume},
//           .finish = finish)
//     MODEL_MUTATION(inbox_without_recheck)
//     MODEL_SITE_UNNEEDED("inbox.c", "atomic_load_acquire(&inbox->size)", "reason")
//
// tests/model/NAME_model.c becomes the program model_NAME_test (see CMakeLists.txt): each MODEL is
// a test that passes when no execution fails; each MODEL_MUTATION(name) a test that passes when
// some model fails with MUTATED(name) on; and one more test weakens every ordering that the models
// met to relaxed, removes every fence, one at a time, and passes when each of these is caught too,
// except those named as unneeded, with a reason, which must then really survive.
//
// A model fails by MODEL_EXPECT, by a REQUIRE or ASSERT in the source, by a race between plain
// accesses (plain_read, plain_write), or when no thread can go on (a lost wake-up).
//
// setup and finish run alone, before and after the threads. Every static variable that they do not
// set keeps its value from the execution before, so set all. os_allocate gives memory that lives
// until the execution ends. A loop that waits must contain cpu_pause(), os_thread_yield() or
// os_wait_word. Start reading in explore.c.
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "support/test.h"

enum { MODEL_THREADS_MAX = 3 };

struct model {
    int threads;
    void (*setup)(void);
    void (*thread[MODEL_THREADS_MAX])(void);
    void (*finish)(void);
    // Bounds; 0 takes the default. An exploration that ends by a bound is reported as incomplete.
    int preemptions_max;     // Switches away from a thread that could go on. Default: any number.
    uint64_t executions_max; // Default: 20 million.
    // The same while a failure is sought with a change in the source: most need few preemptions,
    // and one is enough. Default: preemptions_max.
    int search_preemptions_max;
    const char *name;
    struct model *next;
};

struct model_result {
    uint64_t executions; // Run to an end, all different.
    uint64_t pruned;     // Left early, because they would repeat another one.
    uint64_t cut;        // Left because they were longer than the longest allowed.
    bool is_complete;    // Everything within the preemption bound was explored.
    bool failed;
    char failure[256]; // What failed.
    char trace[6000];  // The failing execution, one operation a line.
};

// Explores until something fails or nothing is left. `mutation` is NULL, or a name for MUTATED;
// `weakened` is NULL, or the site whose operation is made relaxed.
void model_explore(const struct model *model, const char *mutation, const char *weakened,
                   struct model_result *result);

// Ends this execution as failed; `site` is "PATH:LINE".
__attribute__((noreturn)) void model_fail(const char *what, const char *site);

#define MODEL_TEXT_OF_(x) #x
#define MODEL_TEXT_(x) MODEL_TEXT_OF_(x)
#define MODEL_EXPECT(condition)                                                                    \
    ((condition) ? (void)0 : model_fail(#condition, __FILE__ ":" MODEL_TEXT_(__LINE__)))

// The thread that runs: 1 to 3, and 0 in setup and finish.
int model_self(void);

void model_register(struct model *model);
void model_register_mutation(const char *name);
void model_test(const struct model *model);
void model_test_mutation(const char *name);

#define MODEL(model_name, ...)                                                                     \
    static struct model model_of_##model_name = {.name = #model_name, __VA_ARGS__};                \
    __attribute__((constructor)) static void register_model_##model_name(void) {                   \
        model_register(&model_of_##model_name);                                                    \
    }                                                                                              \
    TEST(model_name, .seconds = 600) {                                                             \
        model_test(&model_of_##model_name);                                                        \
    }

#define MODEL_MUTATION(mutation_name)                                                              \
    TEST(the_mutation_##mutation_name##_is_caught, .seconds = 120) {                               \
        model_test_mutation(#mutation_name);                                                       \
    }

// The operation whose line in FILE (the last part of its path) contains TEXT survives being
// weakened, for REASON: for instance because it orders what this model does not contain.
struct model_unneeded {
    const char *file;
    const char *text;
    const char *reason;
    bool used;
    struct model_unneeded *next;
};

void model_register_unneeded(struct model_unneeded *unneeded);

#define MODEL_SITE_UNNEEDED(file_name, line_text, why)                                             \
    MODEL_SITE_UNNEEDED_(file_name, line_text, why, __LINE__)
#define MODEL_SITE_UNNEEDED_(file_name, line_text, why, line)                                      \
    MODEL_SITE_UNNEEDED_OF_(file_name, line_text, why, line)
#define MODEL_SITE_UNNEEDED_OF_(file_name, line_text, why, line)                                   \
    __attribute__((constructor)) static void register_unneeded_##line(void) {                      \
        static struct model_unneeded unneeded = {file_name, line_text, why, false, NULL};          \
        model_register_unneeded(&unneeded);                                                        \
    }

#endif
