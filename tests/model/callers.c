// callers.c - who calls what is modelled: threads that belong to no run and make no mistakes.
//
// Invariant: a misuse fails the model. Start reading at misuse.
#include "frame/misuse.h"
#include "model/model.h"
#include "scheduler/worker.h"

// A model of workers has its own of these two.
__attribute__((weak)) struct worker *worker_current(void) {
    return NULL;
}

// No stack is left, and none is continued.
__attribute__((weak)) struct task_stack *worker_resume(struct worker *worker,
                                                       struct runnable *runnable) {
    (void)worker;
    (void)runnable;
    return NULL;
}

int misuse(int code, const char *format, ...) {
    (void)format;
    model_fail("misuse", __FILE__);
    return code;
}
