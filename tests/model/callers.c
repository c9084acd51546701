// callers.c - who calls what is modelled: threads that belong to no run and make no mistakes.
//
// Invariant: a misuse fails the model. Start reading at misuse.
#include "frame/misuse.h"
#include "model/model.h"

int misuse(int code, const char *format, ...) {
    (void)format;
    model_fail("misuse", __FILE__);
    return code;
}
