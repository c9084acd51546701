// time.c - sleeping and yielding. A sleep lies on the stack of who sleeps and allocates nothing.
#include <stdio.h>

#include <tenon/time.h>

#include "frame/cancel.h"
#include "frame/frame.h"
#include "frame/note.h"
#include "frame/ready.h"
#include "frame/time.h"
#include "scheduler/suspend.h"

#define SPAN_MAX_NS 9200000000000000000u

uint64_t time_span_ns(double seconds) {
    const double ns = seconds > 0 ? seconds * 1e9 + 0.5 : 0;
    return ns < (double)SPAN_MAX_NS ? (uint64_t)ns : SPAN_MAX_NS;
}

uint64_t time_after_ns(double seconds) {
    return os_now_ns() + time_span_ns(seconds);
}

struct sleep {
    struct note note;
    struct timer timer;
    struct task_stack *stack;
    struct timers *timers;
    uint64_t deadline_ns;
    uint32_t ticket;
};

static void tell(const struct note *note, char *text, size_t bytes) {
    (void)note;
    (void)snprintf(text, bytes, "sleeps");
}

static void wake(struct timer *timer) {
    struct sleep *sleep = container_of(timer, struct sleep, timer);
    struct task_stack *stack = sleep->stack;
    if (task_stack_claim(stack, sleep->ticket)) {
        worker_ready_due(stack->scheduler, stack);
    }
}

static void commit(struct task_stack *stack, void *argument) {
    struct sleep *sleep = argument; // gone as soon as the timer may fire
    const uint32_t ticket = task_stack_wait(stack);
    sleep->ticket = ticket;
    sleep->timers = &worker_current()->timers;
    (void)timers_add(sleep->timers, &sleep->timer, sleep->deadline_ns);
    cancel_check_waiting(stack, ticket);
}

int tn_yield(struct tn_self *self) {
    const int due = cancel_due(self);
    if (due != TN_OK) {
        return due;
    }
    ready_begin(self, NULL);
    suspend_stack(task_stack_of(self), worker_requeue, NULL);
    return cancel_due(self);
}

int time_sleep_until(struct tn_self *self, uint64_t deadline_ns) {
    struct sleep sleep = {
        .note.tell = tell, .stack = task_stack_of(self), .deadline_ns = deadline_ns};
    sleep.timer.fire = wake;
    do {
        const int due = cancel_due(self);
        if (due != TN_OK) {
            return due;
        }
        sleep.stack->note = &sleep.note;
        ready_begin(self, NULL);
        suspend_stack(sleep.stack, commit, &sleep);
    } while (timers_cancel(sleep.timers, &sleep.timer));
    return TN_OK;
}

int tn_sleep(struct tn_self *self, double seconds) {
    return seconds > 0 ? time_sleep_until(self, time_after_ns(seconds)) : tn_yield(self);
}

int tn_hold(struct tn_self *self) {
    struct awaitable never;
    awaitable_init(&never, NULL, false);
    return awaitable_wait(self, &never, NULL, false);
}

double tn_now(void) {
    return (double)os_now_ns() * 1e-9;
}

void tn_block(double seconds) {
    struct worker *worker = worker_current();
    if (worker != NULL) {
        scheduler_show_tasks(worker);
    }
    if (seconds > 0) {
        os_thread_sleep((uint64_t)(seconds * 1e9));
    }
}
