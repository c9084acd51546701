// image_test.c - the contract of image.h: whose an address is, and what was built.
#include "os/image.h"

#include <math.h>

#include "support/test.h"

static const char mine[] = "of the program";

TEST(an_address_belongs_to_the_program_or_to_a_library) {
    struct os_image program, library;
    if (!os_image_find(mine, &program)) {
        TEST_SKIP("this system does not tell");
    }
    EXPECT(program.is_program);
    EXPECT((uintptr_t)mine >= program.begin && (uintptr_t)mine < program.end);
    EXPECT(!os_image_find(&program, &library)); // on the stack
    if (os_image_find((const void *)(uintptr_t)&cbrt, &library) && !library.is_program) {
        EXPECT(os_image_identity(&library) != os_image_identity(&program));
    }
}

TEST(an_image_is_told_by_what_was_built) {
    struct os_image image;
    if (!os_image_find(mine, &image)) {
        TEST_SKIP("this system does not tell");
    }
    const uint64_t identity = os_image_identity(&image);
    EXPECT(identity != 0);
    EXPECT_EQ(os_image_identity(&image), identity);
    EXPECT_EQ(os_image_identity(&(struct os_image){1, 2, false}), 0);
}
