// See inside.h. Invariant: the only file of tests/ outside tests/model that includes internals.
#include "support/inside.h"

#include <stdlib.h>

#include "os/fault.h"
#include "os/os.h"
#include "support/test.h"

struct foreign {
    struct os_thread thread;
};

struct foreign *foreign_start(void (*entry)(void *argument), void *argument) {
    struct foreign *foreign = malloc(sizeof *foreign);
    EXPECT(foreign != NULL);
    EXPECT_EQ(os_thread_start(&foreign->thread, entry, argument, "foreign"), OS_OK);
    return foreign;
}

void foreign_join(struct foreign *foreign) {
    os_thread_join(&foreign->thread);
    free(foreign);
}

void inside_fail_call(uint64_t n) {
    fault_fail_call(n);
}

bool inside_call_has_failed(void) {
    return fault_call_has_failed();
}
