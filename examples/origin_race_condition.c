// origin_race_condition.c - a hundred frames add 1 to the same number: updates are lost, or, with a
// lock, none is. After race_condition.py of the lesson "Concurrent programming" (UW PCE).
//
// Between reading and writing each frame waits, as the origin sleeps there: so every one of them
// has read the first value before any has written, and of a hundred updates one is left.
// Tested in virtual time.
#include <stdio.h>
#include <tenon.h>

#define ADDERS 100

struct account {
    long value;
    struct tn_mutex lock;
};

static void add_one(struct tn_self *self, struct account *account) {
    const long value = account->value;
    tn_sleep(self, 0.001);
    account->value = value + 1;
}

TN_FRAME(void, add, (struct account *, account)) {
    add_one(self, account);
}

TN_PFRAME(void, add_locked, (struct account *, account)) {
    if (tn_mutex_lock(self, &account->lock) == TN_OK) {
        add_one(self, account);
        tn_mutex_unlock(self, &account->lock);
    }
}

TN_FRAME(void, main_frame) {
    struct account account = {.value = 1};
    struct tn_executor *executor = tn_executor_create(self, NULL);
    for (int i = 0; i < ADDERS; i++) {
        tn_submit(executor, add, &account);
    }
    tn_executor_end(self, executor);
    printf("without a lock: %ld\n", account.value);

    account.value = 1;
    executor = tn_executor_create(self, NULL);
    for (int i = 0; i < ADDERS; i++) {
        tn_submit(executor, add_locked, &account);
    }
    tn_executor_end(self, executor);
    printf("with a lock: %ld\n", account.value);
}

int main(int argc, char **argv) {
    const int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), main_frame, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
