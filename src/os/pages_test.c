// pages_test.c - guards and resident pages in many places at once; the rest is in os_test.c.
//
// Invariant: as os_test.c: nothing here knows os/linux or os/sim.
#include <stdlib.h>
#include <unistd.h>

#include "base/atomic.h"
#include "os/os.h"
#include "support/test.h"

enum { PLACES = 200, PAGES_EACH = 3 };

// Without a fault: the system cannot read it for us.
static bool is_guarded(const unsigned char *at, const int ends[2]) {
    unsigned char got;
    if (write(ends[1], at, 1) != 1) {
        return true;
    }
    EXPECT_EQ(read(ends[0], &got, 1), 1);
    return false;
}

static void guard_and_touch(const char *kind) {
    setenv("TENON_GUARD", kind, 1);
    const size_t page = os_page_bytes();
    const size_t stride = PAGES_EACH * page;
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    unsigned char *memory = os_map(PLACES * stride);
    EXPECT(memory != NULL);
    EXPECT_EQ(os_guard_each(memory, page, stride, PLACES), OS_OK);
    os_touch_each(memory + 2 * page, page, stride, PLACES);
    for (size_t i = 0; i < PLACES; i++) {
        unsigned char *place = memory + i * stride;
        EXPECT(is_guarded(place, ends) && is_guarded(place + page - 1, ends));
        EXPECT(!is_guarded(place + page, ends) && !is_guarded(place + 2 * page, ends));
        EXPECT_EQ(place[2 * page], 0);
        place[page] = 1;
        EXPECT_EQ(os_untouched_bytes(place + page, page), 0);
    }
    os_unmap(memory, PLACES * stride);
    close(ends[0]);
    close(ends[1]);
}

TEST(many_places_are_guarded_at_once_and_nothing_between_them) {
    guard_and_touch("");
}

TEST(many_places_are_guarded_one_by_one_where_guards_are_no_markers) {
    guard_and_touch((void *)(uintptr_t) "mprotect");
}
