// Section 1 of the contract, values that a frame and everything below it can see.
#include "contract/contract.h"

struct account {
    int number;
    double balance;
};

TN_LOCAL(struct account, account);
TN_LOCAL(const char *, language);
TN_LOCAL(char, level);

LEVEL_FRAME(int, account_number) {
    return tn_local_get(account).number;
}

LEVEL_FRAME(void, has_its_own_account) {
    EXPECT_EQ(tn_local_get(account).number, 1);
    EXPECT_EQ(tn_local_set(account, ((struct account){2, 5.5})), TN_OK);
    EXPECT_EQ(tn_local_get(account).number, 2);
    EXPECT_NEAR(tn_local_get(account).balance, 5.5, 0);
    tn_task(account_number) below = tn_spawn(account_number);
    EXPECT_EQ(tn_await(account_number, below), 2);
    EXPECT_STR(tn_local_get(language), "en");
    EXPECT_EQ(tn_local_get(level), 0);
}

LEVEL_FRAME(void, sees_later_changes, (struct tn_event *, changed)) {
    EXPECT_EQ(tn_local_get(account).number, 1);
    EXPECT_EQ(tn_event_wait(self, changed, NULL), TN_OK);
    EXPECT_EQ(tn_local_get(account).number, 7);
}

// Frame-local values are inherited down the tree.
CONTRACT(frame_local_values_are_inherited_down_the_tree) {
    EXPECT_EQ(tn_local_get(account).number, 0);
    EXPECT(tn_local_get(language) == NULL);
    EXPECT_EQ(tn_local_set(account, ((struct account){1, 0})), TN_OK);
    EXPECT_EQ(tn_local_set(language, "en"), TN_OK);
    tn_task(account_number) below = tn_spawn(account_number);
    tn_task(has_its_own_account) other = tn_spawn(has_its_own_account);
    tn_await(has_its_own_account, other);
    EXPECT_EQ(tn_await(account_number, below), 1);
    EXPECT_EQ(tn_local_get(account).number, 1); // nobody above or beside sees it
}

CONTRACT(what_an_ancestor_sets_later_is_seen_below) {
    struct tn_event *changed =
        tn_event_create_with(self, TN_EVENT("changed", .is_singleshot = true));
    EXPECT_EQ(tn_local_set(account, ((struct account){1, 0})), TN_OK);
    tn_task(sees_later_changes) below = tn_spawn(sees_later_changes, changed);
    struct tn_frame *frame = tn_share(below);
    EXPECT_EQ(tn_wait(self, tn_of_ready(frame)), TN_OK);
    EXPECT_EQ(tn_local_set(account, ((struct account){7, 0})), TN_OK);
    EXPECT_EQ(tn_event_post(changed, NULL), TN_OK);
    EXPECT_EQ(tn_join(sees_later_changes, frame, NULL), TN_OK);
}

LEVEL_FRAME(void, reads_often, (int, count)) {
    int last = 0;
    for (int i = 0; i < count; i++) {
        const struct account account = tn_local_get(account);
        EXPECT_NEAR(account.balance, account.number, 0); // never half of one and half of another
        EXPECT(account.number >= last);
        last = account.number;
        tn_yield(self);
    }
}

CONTRACT(a_value_is_never_seen_half_written) {
    EXPECT_EQ(tn_local_set(account, ((struct account){0, 0})), TN_OK);
    tn_task(reads_often) each[3];
    for (int i = 0; i < 3; i++) {
        each[i] = tn_spawn(reads_often, 50);
    }
    for (int i = 1; i <= 50; i++) {
        EXPECT_EQ(tn_local_set(account, ((struct account){i, i})), TN_OK);
        tn_yield(self);
    }
    for (int i = 0; i < 3; i++) {
        tn_await(reads_often, each[i]);
    }
}
