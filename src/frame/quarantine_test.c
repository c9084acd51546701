// Invariant: what lies in the quarantine comes out in the order in which it went in, and late.
#include "frame/quarantine.h"

#include "base/check.h"
#include "support/test.h"

enum { COUNT = 5000 };

static struct list_node *make_node(void) {
    struct list_node *node = os_allocate(sizeof *node);
    EXPECT(node != NULL);
    list_node_init(node);
    return node;
}

TEST(the_oldest_memory_is_used_again_first_and_never_in_checking_builds) {
    static struct list_node *nodes[COUNT];
    struct quarantine quarantine;
    quarantine_init(&quarantine);
    int taken = 0;
    for (int i = 0; i < COUNT; i++) {
        nodes[i] = make_node();
        quarantine_put(&quarantine, nodes[i]);
        struct list_node *node = quarantine_take(&quarantine);
        if (node != NULL) {
            EXPECT(node == nodes[taken++]);
            os_free(node);
        }
    }
    EXPECT(TENON_CHECKED ? taken == 0 : taken > COUNT / 2 && taken < COUNT - 1000);
    EXPECT_EQ(quarantine.count, COUNT - taken);
    quarantine_deinit(&quarantine); // LeakSanitizer counts the rest
}

TEST(memory_that_is_there_already_is_not_put_twice) {
    struct quarantine quarantine;
    quarantine_init(&quarantine);
    struct list_node *node = make_node();
    quarantine_put(&quarantine, node);
    quarantine_put(&quarantine, node);
    EXPECT_EQ(quarantine.count, 1);
    EXPECT(quarantine_take(&quarantine) == NULL);
    quarantine_deinit(&quarantine);
}
