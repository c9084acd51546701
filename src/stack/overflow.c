// overflow.c - the handler that names a frame which outgrew its stack. See overflow.h.
//
// Invariant: `former` is written before the handler is installed and after it is removed, never
// between, except that a former handler which wanted to be called once is forgotten by the handler
// itself. Start reading at on_fault.
#include "stack/overflow.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/check.h"
#include "base/sentence.h"
#include "context/fault.h"
#include "stack/slab.h"

// Room for the handler beyond what the kernel stores (more than 11 KB with AMX): the program's own
// handler may be called from ours.
enum { HANDLER_BYTES = 64 << 10, SENTENCE_BYTES = 640 };

// AT_MINSIGSTKSZ, by number: older headers lack it.
enum { AUX_MINSIGSTKSZ = 51 };

static void (*_Atomic describe)(const struct stack *stack, struct overflow_story *story);
static struct os_lock install_lock = OS_LOCK_INIT;
static int installed;
static struct sigaction former;

void overflow_set_describe(void (*function)(const struct stack *stack,
                                            struct overflow_story *story)) {
    atomic_store_release(&describe, function); // pairs with tell
}

static void add_frame(struct sentence *sentence, const struct overflow_story *story) {
    if (story->name == NULL) {
        sentence_add(sentence, "a frame");
    } else {
        sentence_add(sentence, "frame ");
        sentence_add(sentence, story->name);
    }
    if (story->file != NULL) {
        sentence_add(sentence, " (spawned at ");
        sentence_add(sentence, story->file);
        sentence_add(sentence, ":");
        sentence_add_number(sentence, (uintptr_t)story->line, 10, 1);
        sentence_add(sentence, ")");
    }
}

static void tell(const struct stack *stack, uintptr_t address, uintptr_t stack_pointer) {
    struct overflow_story story = {0};
    // pairs with overflow_set_describe; plain C11, as in slab_find
    void (*function)(const struct stack *, struct overflow_story *) =
        atomic_load_explicit(&describe, memory_order_acquire);
    if (function != NULL) {
        function(stack, &story);
    }
    // Code that touches each page on its way down is still above the guard's end when it faults.
    uintptr_t guard = (uintptr_t)stack->low - stack->slab->shape.guard_bytes;
    bool is_overflow =
        stack_pointer == 0 || (stack_pointer >= guard && stack_pointer < (uintptr_t)stack);
    char text[SENTENCE_BYTES];
    struct sentence sentence;
    sentence_init(&sentence, text, sizeof text);
    sentence_add(&sentence, is_overflow ? "tenon: stack overflow in "
                                        : "tenon: a wild access to the stack of ");
    add_frame(&sentence, &story);
    sentence_add(&sentence, ", stack of ");
    sentence_add_number(&sentence, stack_class_bytes(stack->size_class), 10, 1);
    sentence_add(&sentence, " bytes, address 0x");
    sentence_add_number(&sentence, address, 16, 1);
    sentence_add(&sentence, " in its guard");
    if (!is_overflow) {
        sentence_add(&sentence, ": a wrong pointer, or a large local that was compiled without "
                                "-fstack-clash-protection");
    } else if (story.advice != NULL) {
        sentence_add(&sentence, "; give it a larger one with ");
        sentence_add(&sentence, story.advice);
    }
    sentence_add(&sentence, "\n");
    os_write_error(text);
}

// What would have happened without us. With the default action the fault is met again as soon as
// the handler returns, and then kills; a signal that somebody sent has to be sent again.
static void pass_on(int signal, siginfo_t *info, void *registers) {
    if (former.sa_handler == SIG_DFL || (former.sa_handler == SIG_IGN && info->si_code > 0)) {
        struct sigaction standard = {.sa_handler = SIG_DFL};
        (void)sigaction(signal, &standard, NULL);
        if (info->si_code <= 0) {
            (void)raise(signal);
        }
        return;
    }
    if (former.sa_handler == SIG_IGN) {
        return;
    }
    struct sigaction action = former;
    if ((action.sa_flags & (int)SA_RESETHAND) != 0) {
        former.sa_handler = SIG_DFL;
    }
    if ((action.sa_flags & SA_SIGINFO) != 0) {
        action.sa_sigaction(signal, info, registers);
    } else {
        action.sa_handler(signal);
    }
}

static void on_fault(int signal, siginfo_t *info, void *registers) {
    uintptr_t address = (uintptr_t)info->si_addr;
    const struct stack *stack = info->si_code > 0 ? slab_find(address) : NULL;
    if (stack != NULL) {
        tell(stack, address, fault_stack_pointer(registers));
    }
    pass_on(signal, info, registers);
}

static int give_signal_stack(struct overflow_thread *thread) {
    *thread = (struct overflow_thread){0};
    stack_t present;
    if (sigaltstack(NULL, &present) == 0 && (present.ss_flags & SS_DISABLE) == 0) {
        return 0;
    }
    size_t page = os_page_bytes();
    size_t kernel_bytes = (size_t)getauxval(AUX_MINSIGSTKSZ);
    size_t bytes = bits_round_up(kernel_bytes + HANDLER_BYTES, page) + page;
    char *memory = os_map(bytes);
    if (memory == NULL) {
        return OS_NO_MEMORY;
    }
    int code = os_guard(memory, page);
    if (code != 0) {
        os_unmap(memory, bytes);
        return code;
    }
    stack_t wanted = {.ss_sp = memory + page, .ss_size = bytes - page};
    int failed = sigaltstack(&wanted, NULL);
    REQUIRE(failed == 0, "the system refused a stack for signals");
    thread->signal_stack = memory;
    thread->bytes = bytes;
    return 0;
}

static void install_handler(void) {
    int failed = sigaction(SIGSEGV, NULL, &former);
    struct sigaction action = {.sa_sigaction = on_fault, .sa_mask = former.sa_mask};
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | (former.sa_flags & (SA_NODEFER | SA_RESTART));
    failed |= sigaction(SIGSEGV, &action, NULL);
    REQUIRE(failed == 0, "the system refused a handler for SIGSEGV");
}

int overflow_install_thread(struct overflow_thread *thread) {
    int code = give_signal_stack(thread);
    if (code != 0) {
        return code;
    }
    os_lock_acquire(&install_lock);
    if (installed++ == 0) {
        install_handler();
    }
    os_lock_release(&install_lock);
    return 0;
}

void overflow_uninstall_thread(struct overflow_thread *thread) {
    os_lock_acquire(&install_lock);
    ASSERT(installed > 0);
    if (--installed == 0) {
        struct sigaction present;
        if (sigaction(SIGSEGV, NULL, &present) == 0 && (present.sa_flags & SA_SIGINFO) != 0 &&
            present.sa_sigaction == on_fault) {
            (void)sigaction(SIGSEGV, &former, NULL);
        }
    }
    os_lock_release(&install_lock);
    if (thread->signal_stack != NULL) {
        stack_t present;
        bool is_ours = sigaltstack(NULL, &present) == 0 &&
                       (char *)present.ss_sp == (char *)thread->signal_stack + os_page_bytes();
        if (is_ours) {
            stack_t none = {.ss_flags = SS_DISABLE};
            (void)sigaltstack(&none, NULL);
        }
        os_unmap(thread->signal_stack, thread->bytes);
    }
}
