// check.h - three tiers of assertions and the one way to give up.
//
//   REQUIRE(condition, "sentence")  the caller broke the contract: always compiled in
//   ASSERT(condition)               we broke our own invariant: compiled in when TENON_CHECKED >= 1
//   AUDIT(noun_check(x))            walks a whole structure: compiled in when TENON_CHECKED >= 2
//
// TENON_CHECKED comes from the build (tests have 1, soak builds 2); without it NDEBUG decides.
// Start reading at check_panic: everything else leads to it.
#ifndef TENON_BASE_CHECK_H
#define TENON_BASE_CHECK_H

#ifndef TENON_CHECKED
#ifdef NDEBUG
#define TENON_CHECKED 0
#else
#define TENON_CHECKED 1
#endif
#endif

// Prints "tenon: SENTENCE (EXPRESSION) at FILE:LINE" to standard error and aborts. Needs less than
// 1 KB of stack, because it may be called from a frame that has little left. Never returns.
__attribute__((noreturn, cold)) void check_panic(const char *expression, const char *sentence,
                                                 const char *file, int line);

#define REQUIRE(condition, sentence)                                                               \
    (__builtin_expect(!!(condition), 1)                                                            \
         ? (void)0                                                                                 \
         : check_panic(#condition, (sentence), __FILE__, __LINE__))

#if TENON_CHECKED >= 1
#define ASSERT(condition) REQUIRE(condition, "an invariant of the runtime is broken")
#else
// sizeof keeps the names used (no warnings) and evaluates nothing.
#define ASSERT(condition) ((void)sizeof(!(condition)))
#endif

#if TENON_CHECKED >= 2
#define AUDIT(call) ((void)(call))
#else
#define AUDIT(call) ((void)sizeof((call), 0))
#endif

// Marks a place that no state can reach. Checked in every build: it stands where a silent fall
// through would corrupt memory, so it must not become undefined behaviour in release.
#define UNREACHABLE(sentence) check_panic("unreachable", (sentence), __FILE__, __LINE__)

#endif
