// Tests of what unwinders see: backtrace() inside a context, at every instruction of a switch, and
// a debugger that steps through one.
//
// A little program of known shape is used by all: the test calls outer_home, which calls
// inner_home, which switches; a context's entry calls outer_away, which calls inner_away, which
// switches back. A backtrace is right when it passes through the caller of run_program or through
// the entry, and when nothing of the other side is missing below.
// Start reading at a_backtrace_ends_at_the_beginning_of_its_context.
#include "context/context.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <execinfo.h>
#endif

#include "support/test.h"

#if defined(__GLIBC__) && !TENON_CONTEXT_GENERIC
#define CAN_UNWIND 1
#else
#define CAN_UNWIND 0
#endif

#if CAN_UNWIND

enum { STACK_BYTES = 256 << 10, DEPTH_MAX = 64, BOOT_BYTES_MAX = 64 };

static struct context home;
static struct context away;
static char stack[STACK_BYTES] __attribute__((aligned(16)));

// Return addresses that backtraces must contain.
static void *caller_of_run_program;
static void *caller_of_outer_away;

#if defined(__clang__)
#define KEEP __attribute__((noinline))
#else
#define KEEP __attribute__((noinline, noclone))
#endif

// The two functions that call the outer ones; the linker makes names for the section's bounds.
#define BETWEEN __attribute__((noinline, section("unwind_between")))
extern const char __start_unwind_between[];
extern const char __stop_unwind_between[];

// After the calls, so that they are no tail calls.
#define STAY __asm__ volatile("")

// On, the processor raises SIGTRAP after each instruction.
static void trap_each_instruction(bool on) {
#if defined(__x86_64__)
    enum { TRAP_FLAG = 0x100 };
    unsigned long long flags = __builtin_ia32_readeflags_u64() & ~(unsigned long long)TRAP_FLAG;
    __builtin_ia32_writeeflags_u64(on ? flags | TRAP_FLAG : flags);
#else
    (void)on;
#endif
}

static KEEP void inner_home(void) {
    volatile char frame[1000]; // frames of the two sides differ in size, or mistakes would cancel
    frame[0] = 0;
    (void)frame[0];
    context_switch(&home, &away);
    STAY;
}

static KEEP void outer_home(void) {
    inner_home();
    STAY;
}

static KEEP void inner_away(void) {
    context_switch(&away, &home);
    STAY;
}

static KEEP void outer_away(void) {
    caller_of_outer_away = __builtin_return_address(0);
    inner_away();
    STAY;
}

static BETWEEN void enter_away(void *argument) {
    (void)argument;
    for (;;) {
        outer_away();
        STAY;
    }
}

static BETWEEN __attribute__((unused)) void run_program(bool with_traps) {
    caller_of_run_program = __builtin_return_address(0);
    context_init_thread(&home);
    context_init(&away, stack, sizeof stack, enter_away, NULL);
    outer_home(); // makes the return addresses known
    if (with_traps) {
        trap_each_instruction(true);
    }
    for (int i = 0; i < 3; i++) {
        outer_home();
        STAY;
    }
    if (with_traps) {
        trap_each_instruction(false);
    }
}

static int find(void *const *list, int count, const void *wanted) {
    for (int i = 0; i < count; i++) {
        if (list[i] == wanted) {
            return i;
        }
    }
    return -1;
}

// True when the list is the backtrace of an instruction of the program above.
static bool is_whole(void *const *list, int count) {
    if (count >= DEPTH_MAX) {
        return false; // ran in a circle, or into the dark
    }
    int on_home = find(list, count, caller_of_run_program);
    int on_away = find(list, count, caller_of_outer_away);
    uintptr_t end = (uintptr_t)list[count - 1] - (uintptr_t)machine_boot;
    bool ends_in_boot = end < BOOT_BYTES_MAX;
    if (on_away >= 0) {
        return ends_in_boot && on_home < 0;
    }
    return on_home >= 0 && !ends_in_boot;
}

// ---- inside ------------------------------------------------------------------------------------

static void *seen[DEPTH_MAX];
static int seen_count;

static KEEP void look(void) {
    seen_count = backtrace(seen, DEPTH_MAX);
    context_switch_last(&away, &home);
}

static KEEP void look_from_below(void) {
    caller_of_outer_away = __builtin_return_address(0);
    look();
    STAY;
}

static void enter_to_look(void *argument) {
    (void)argument;
    look_from_below();
    STAY;
}

TEST(a_backtrace_ends_at_the_beginning_of_its_context) {
    context_init_thread(&home);
    context_init(&away, stack, sizeof stack, enter_to_look, NULL);
    context_switch(&home, &away);
    EXPECT(is_whole(seen, seen_count));
    // look, look_from_below, enter_to_look, machine_boot, and what a sanitizer adds
    EXPECT(seen_count >= 4 && seen_count <= 7);
    context_deinit(&away);
    context_deinit(&home);
}

// ---- at every instruction ----------------------------------------------------------------------

#if defined(__x86_64__) && !CONTEXT_SANITIZED

static int steps;
static int steps_in_switch;
static int bad_steps;
static char first_bad[160];

// Called after each instruction; the list starts with this function and the signal's trampoline.
static void on_step(int signal, siginfo_t *info, void *registers) {
    (void)signal;
    (void)info;
    const ucontext_t *state = registers;
    void *pc = (void *)state->uc_mcontext.gregs[16]; // REG_RIP
    void *list[DEPTH_MAX];
    steps++;
    int count = backtrace(list, DEPTH_MAX);
    if ((const char *)pc >= __start_unwind_between && (const char *)pc < __stop_unwind_between) {
        return;
    }
    steps_in_switch++;
    if (!is_whole(list, count) && bad_steps++ == 0) {
        snprintf(first_bad, sizeof first_bad, "pc %p, backtrace of %d, ends at %p (boot is %p)", pc,
                 count, list[count - 1], (void *)(uintptr_t)machine_boot);
    }
}

TEST(backtraces_are_whole_at_every_instruction_of_a_switch, .seconds = 30) {
    static char signal_stack[256 << 10];
    void *list[DEPTH_MAX];
    (void)backtrace(list, DEPTH_MAX); // loads what it needs before the first trap
    stack_t alternate = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    EXPECT_EQ(sigaltstack(&alternate, NULL), 0);
    struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    EXPECT_EQ(sigaction(SIGTRAP, &action, NULL), 0);
    run_program(true);
    if (steps == 0) {
        TEST_SKIP("this machine does not step");
    }
    TEST_NOTE("%d instructions stepped, %d of them with a backtrace that was checked", steps,
              steps_in_switch);
    EXPECT_STR(first_bad, "");
    EXPECT_EQ(bad_steps, 0);
    EXPECT(steps_in_switch > 50);
}

#endif

// ---- a debugger --------------------------------------------------------------------------------

#if !CONTEXT_SANITIZED

// What the debugger runs: this very program, told so by its environment.
__attribute__((constructor(65535))) static void run_for_debugger(void) {
    if (getenv("TENON_UNWIND_PROGRAM") != NULL) {
        run_program(false);
        _exit(0);
    }
}

static bool has_debugger(void) {
    return system("gdb --version >/dev/null 2>&1") == 0;
}

// Writes the debugger's script: from the second call of outer_home on, print the stack after each
// of `count` instructions.
static void write_script(const char *name, int count) {
    FILE *file = fopen(name, "w");
    EXPECT(file != NULL);
    fprintf(file,
            "set pagination off\nset confirm off\nset environment TENON_UNWIND_PROGRAM 1\n"
            "set disable-randomization off\nset startup-with-shell off\n"
            "break outer_home\nrun\ncontinue\nset $i = 0\nwhile $i < %d\n"
            "stepi\nprintf \"\\nSTEP\\n\"\nbacktrace 20\nset $i = $i + 1\nend\nkill\nquit\n",
            count);
    fclose(file);
}

// Does one backtrace name what it must? `text` is what the debugger printed for a step.
static bool is_right(const char *text) {
    bool on_home = strstr(text, " run_program") != NULL;
    bool on_away = strstr(text, " machine_boot") != NULL && strstr(text, " enter_away") != NULL;
    bool is_broken = strstr(text, "corrupt stack") != NULL || strstr(text, "??") != NULL ||
                     strstr(text, "annot access memory") != NULL ||
                     strstr(text, "Backtrace stopped") != NULL;
    return (on_home != on_away) && !is_broken;
}

TEST(a_debugger_sees_the_whole_stack_at_every_instruction_of_a_switch, .seconds = 60) {
    enum { COUNT = 60 };
    if (!has_debugger()) {
        TEST_SKIP("gdb is not installed");
    }
    char program[512];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    EXPECT(length > 0);
    program[length] = '\0';
    char script[64];
    snprintf(script, sizeof script, "/tmp/tenon-unwind-%ld", (long)getpid());
    write_script(script, COUNT);
    char command[1024];
    snprintf(command, sizeof command, "gdb -nx --batch -x %s '%s' 2>&1", script, program);
    FILE *output = popen(command, "r");
    EXPECT(output != NULL);
    static char text[1 << 20];
    size_t bytes = fread(text, 1, sizeof text - 1, output);
    text[bytes] = '\0';
    pclose(output);
    unlink(script);

    static const char mark[] = "\nSTEP\n";
    int right = 0;
    char *step = strstr(text, mark);
    if (step == NULL) {
        TEST_SKIP("gdb cannot run a program here");
    }
    while (step != NULL) {
        step += strlen(mark);
        char *next = strstr(step, mark);
        if (next != NULL) {
            *next = '\0';
        }
        if (!is_right(step)) {
            fprintf(stderr, "%s\n", step);
        }
        EXPECT(is_right(step));
        right++;
        step = next;
    }
    TEST_NOTE("%d instructions stepped", right);
    EXPECT_EQ(right, COUNT);
}

#endif

#else

TEST(backtraces_are_tested_where_the_machine_has_assembly) {
    TEST_SKIP("the portable machine and C libraries without backtrace() promise nothing");
}

#endif
