// loan_model.c - one who lends the same memory twice, and one who reads it and gives it back.
// sources: src/cluster/loan.c src/os/lock.c
//
// Invariant: nothing is written to memory that the reader has not given back, in whatever order
// both let go of it. Start reading at lend_twice.
#include <string.h>

#include "cluster/loan.h"
#include "model/model.h"

enum { LOANS = 2, TRIES = 2, BYTES = 2 * LOAN_PAGE };

static _Alignas(LOAN_PAGE) unsigned char memory[BYTES];
static struct loans loans;
static _Atomic uint32_t told; // how many payloads have been: the ring
static int lent;

static void set_up(void) {
    loans_init(&loans, memory, BYTES);
    loans.touched = BYTES;
    atomic_store_relaxed(&told, 0);
    lent = 0;
}

// Whether it is back is seen late, or, in these few tries, never.
static int *take(void) {
    int *elements = NULL;
    for (int i = 0; i < TRIES && elements == NULL; i++) {
        elements = loans_take(&loans, sizeof *elements);
    }
    return elements;
}

static void lend_twice(void) {
    int *elements;
    while (lent < LOANS && (elements = take()) != NULL) {
        plain_write(elements, 100 + lent);
        loans_send(&loans, elements);
        lent++;
        atomic_store_release(&told, (uint32_t)lent); // pairs with read_what_is_told
        loans_let_go(&loans, elements);
    }
}

static void read_what_is_told(void) {
    int *const elements = (int *)(void *)(memory + LOAN_PAGE);
    uint32_t read = 0;
    for (int i = 0; i < 2 * TRIES && read < LOANS; i++) {
        const uint32_t now = atomic_load_acquire(&told); // pairs with lend_twice
        if (now > read) {
            MODEL_EXPECT(now == read + 1);
            MODEL_EXPECT(plain_read(elements) == 100 + (int)read);
            read = now;
            loan_give_back(elements - 1);
        }
    }
}

static void finish(void) {
    MODEL_EXPECT(lent >= 1);
    loans_check(&loans);
}

MODEL(what_is_read_is_not_written_to, .threads = 2, .setup = set_up,
      .thread = {lend_twice, read_what_is_told}, .finish = finish)

MODEL_MUTATION(loans_forget_the_reader)
MODEL_SITE_UNNEEDED("lock.c", "atomic_cas_acquire(&lock->word",
                    "one thread lends; see lock_model.c")
MODEL_SITE_UNNEEDED("lock.c", "atomic_exchange_release(&lock->word", "the same")
