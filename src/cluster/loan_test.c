// loan_test.c - memory that is lent: pieces never overlap, come back when both sides have let go,
// and what is resident is used again; what another process says is looked at.
#include "cluster/loan.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "os/share.h"
#include "support/test.h"

enum { PAGES = 64, BYTES = PAGES * LOAN_PAGE };

static struct loans loans;

static void begin(void) {
    void *memory = os_allocate_aligned(BYTES, LOAN_PAGE);
    EXPECT(memory != NULL);
    memset(memory, 0, BYTES);
    loans_init(&loans, memory, BYTES);
}

static void end(void) {
    loans_check(&loans);
    os_free(loans.memory);
}

TEST(the_lowest_gap_that_is_long_enough_is_lent) {
    begin();
    unsigned char *first = loans_take(&loans, 1);
    unsigned char *second = loans_take(&loans, 2 * LOAN_PAGE);
    unsigned char *third = loans_take(&loans, LOAN_PAGE);
    EXPECT(first == loans.memory + LOAN_PAGE);
    EXPECT(second == first + 2 * LOAN_PAGE);
    EXPECT(third == second + 3 * LOAN_PAGE);
    loans_let_go(&loans, second - 16); // by its payload
    EXPECT(loans_take(&loans, 3 * LOAN_PAGE) == third + 2 * LOAN_PAGE);
    EXPECT(loans_take(&loans, LOAN_PAGE + 1) == second);
    loans_let_go(&loans, first + 100);
    EXPECT(loans_take(&loans, LOAN_PAGE) == first);
    end();
}

TEST(a_piece_that_was_sent_is_free_when_both_sides_have_let_go) {
    begin();
    for (int order = 0; order < 2; order++) {
        unsigned char *lent = loans_take(&loans, BYTES - LOAN_PAGE);
        EXPECT(lent == loans.memory + LOAN_PAGE);
        loans_send(&loans, lent - 16);
        if (order == 0) {
            loans_let_go(&loans, lent - 16);
        } else {
            loan_give_back(lent - 16);
        }
        EXPECT(loans_take(&loans, 1) == NULL);
        if (order == 0) {
            loan_give_back(lent - 16);
        } else {
            loans_let_go(&loans, lent - 16);
        }
    }
    EXPECT(loans_take(&loans, 1) != NULL);
    end();
}

TEST(there_are_so_many_pieces_and_so_many_bytes_and_no_more) {
    begin();
    EXPECT(loans_take(&loans, BYTES) == NULL);
    EXPECT(loans_take(&loans, SIZE_MAX) == NULL);
    for (int i = 0; i < PAGES / 2; i++) {
        EXPECT(loans_take(&loans, LOAN_PAGE) != NULL);
    }
    EXPECT(loans_take(&loans, 1) == NULL);
    end();
    const size_t bytes = (size_t)(LOAN_PIECES + 1) * 2 * LOAN_PAGE;
    loans_init(&loans, os_allocate_aligned(bytes, LOAN_PAGE), bytes);
    for (int i = 0; i < LOAN_PIECES; i++) {
        EXPECT(loans_take(&loans, 1) != NULL);
    }
    EXPECT(loans_take(&loans, 1) == NULL);
    end();
    loans_init(&loans, NULL, 0);
    EXPECT(loans_take(&loans, 1) == NULL);
}

TEST(pieces_in_use_never_overlap) {
    enum { MAX = 20 };
    struct random random;
    random_init(&random, test_seed());
    unsigned char *lent[MAX] = {NULL};
    size_t bytes[MAX] = {0};
    int full = 0;
    begin();
    for (int i = 0; i < 50000 / test_slowness(); i++) {
        const size_t k = random_below(&random, MAX);
        if (lent[k] == NULL) {
            bytes[k] = 1 + random_below(&random, 8 * LOAN_PAGE);
            lent[k] = loans_take(&loans, bytes[k]);
            full += lent[k] == NULL;
            for (size_t j = 0; j < MAX && lent[k] != NULL; j++) {
                EXPECT(j == k || lent[j] == NULL || lent[k] >= lent[j] + bytes[j] + LOAN_PAGE ||
                       lent[j] >= lent[k] + bytes[k] + LOAN_PAGE);
            }
        } else {
            if (random_below(&random, 2) == 0) {
                loans_send(&loans, lent[k]);
                loan_give_back(lent[k] - 1);
            }
            loans_let_go(&loans, lent[k]);
            lent[k] = NULL;
        }
        loans_check(&loans);
    }
    EXPECT(full > 10);
    end();
}

TEST(memory_that_was_not_lent_for_a_while_goes_back) {
    struct os_share share;
    if (os_share_make(&share, BYTES) != OS_OK) {
        TEST_SKIP("this system has one process only");
    }
    loans_init(&loans, share.at, share.bytes);
    unsigned char *lent = loans_take(&loans, 5 * LOAN_PAGE);
    memset(lent, 1, 5 * LOAN_PAGE);
    loans_trim(&loans);
    loans_trim(&loans);
    EXPECT(lent[LOAN_PAGE] == 1); // it is lent
    loans_let_go(&loans, lent);
    loans_trim(&loans);
    EXPECT(loans.touched > 0); // it has been lent since
    loans_trim(&loans);
    EXPECT_EQ(loans.touched, 0);
    EXPECT(loans_take(&loans, 5 * LOAN_PAGE) == lent);
    EXPECT(lent[LOAN_PAGE] == 0 || lent[LOAN_PAGE] == 1); // an emulated system may keep it
    os_share_drop(&share);
}

TEST(a_payload_is_found_in_lent_memory_and_nowhere_else) {
    begin();
    uint64_t at;
    EXPECT(loans_find(&loans, loans.memory + 100, BYTES - 100, &at));
    EXPECT_EQ(at, 100);
    EXPECT(!loans_find(&loans, loans.memory + 100, BYTES - 99, &at));
    EXPECT(!loans_find(&loans, loans.memory - 1, 1, &at));
    EXPECT(!loans_find(&loans, loans.memory + BYTES, 0, &at));
    EXPECT(!loans_find(&loans, &at, sizeof at, &at));
    const unsigned char *memory = loans.memory;
    EXPECT(loan_at(memory, BYTES, LOAN_PAGE - 16, BYTES - LOAN_PAGE + 16) ==
           memory + LOAN_PAGE - 16);
    EXPECT(loan_at(memory, BYTES, LOAN_PAGE - 16, BYTES - LOAN_PAGE + 17) == NULL);
    EXPECT(loan_at(memory, BYTES, LOAN_PAGE - 15, 8) == NULL);
    EXPECT(loan_at(memory, BYTES, 0, 8) == NULL); // there lies the word
    EXPECT(loan_at(memory, BYTES, BYTES + 8, 0) == NULL);
    EXPECT(loan_at(memory, BYTES, UINT64_MAX - 7, 8) == NULL);
    end();
}
