// origin_knife.c - two cooks and one knife: the race, and three cures. After the talk "Concepts for
// parallel programming" (M. Bergemann), whose spelling this is.
//
// Each cook takes the knife out of the cupboard, cuts for a second, and puts it back. The second
// one looks in vain; that is its failure only, and logged as in the origin. The cures: a lock
// around knife and cutting; or a frame that owns the cupboard and lets nobody else near it, which
// here is an executor that runs one item at a time; or cooks in processes, each with a cupboard.
// Tested in virtual time.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <tenon.h>

struct cupboard {
    const char *things[3];
    struct tn_mutex lock;
};

static const struct cupboard full = {{"knive", "spoon", "fork"}, {.name = "cupboard"}};

static int find(const struct cupboard *cupboard, const char *thing) {
    for (int i = 0; i < 3; i++) {
        if (cupboard->things[i] != NULL && strcmp(cupboard->things[i], thing) == 0) {
            return i;
        }
    }
    return -1;
}

TN_PFRAME(void, cut, (struct cupboard *, cupboard), (const char *, what)) {
    const int at = find(cupboard, "knive");
    if (at < 0) {
        TN_FAIL(self, -ENOENT, "'knive' is not in list");
        return;
    }
    const char *knife = cupboard->things[at];
    cupboard->things[at] = NULL;
    printf("Cutting the %s\n", what);
    tn_sleep(self, 1);
    cupboard->things[at] = knife;
}

TN_PFRAME(void, cut_locked, (struct cupboard *, cupboard), (const char *, what)) {
    if (tn_mutex_lock(self, &cupboard->lock) == TN_OK) {
        cut(self, cupboard, what);
        tn_mutex_unlock(self, &cupboard->lock);
    }
}

static void wait_for_both(struct tn_self *self, struct tn_future one, struct tn_future other) {
    const struct tn_future both[2] = {one, other};
    int outcomes[2];
    tn_gather(self, 2, both, outcomes);
    for (int i = 0; i < 2; i++) {
        if (outcomes[i] != TN_OK) {
            printf("ERROR:root:%s\n", tn_future_failure(both[i])->message);
        }
    }
}

// A moment lies between the two, so that it is always the second one who fails.
TN_FRAME(void, race) {
    struct cupboard cupboard = full;
    struct tn_executor *pool = tn_executor_create(self, NULL);
    const struct tn_future meat = tn_submit(pool, cut, &cupboard, "meat");
    tn_sleep(self, 0.01);
    wait_for_both(self, meat, tn_submit(pool, cut, &cupboard, "spices"));
}

TN_FRAME(void, with_a_lock) {
    struct cupboard cupboard = full;
    struct tn_executor *pool = tn_executor_create(self, NULL);
    const struct tn_future meat = tn_submit(pool, cut_locked, &cupboard, "meat");
    tn_sleep(self, 0.01);
    wait_for_both(self, meat, tn_submit(pool, cut_locked, &cupboard, "spices"));
}

TN_FRAME(void, with_an_owner) {
    struct cupboard cupboard = full;
    struct tn_executor *owner = tn_executor_create(self, TN_EXECUTOR(.at_once = 1));
    const struct tn_future meat = tn_submit(owner, cut, &cupboard, "meat");
    wait_for_both(self, meat, tn_submit(owner, cut, &cupboard, "spices"));
}

TN_DFRAME(void, cut_elsewhere, (tn_text, what)) {
    struct cupboard cupboard = full;
    char name[16];
    (void)snprintf(name, sizeof name, "%.*s", (int)what.count, what.data);
    cut(self, &cupboard, name);
    fflush(stdout);
}

TN_FRAME(void, with_processes) {
    struct tn_executor *pool = tn_executor_create(self, NULL);
    const struct tn_future meat = tn_submit(pool, cut_elsewhere, tn_text_of("meat"));
    tn_sleep(self, 0.01);
    wait_for_both(self, meat, tn_submit(pool, cut_elsewhere, tn_text_of("spices")));
}

int main(int argc, char **argv) {
    const struct tn_run_options *options = tn_run_arguments(TN_RUN(.num_processes = 2), argc, argv);
    int code = tn_run_with(options, race, NULL);
    if (code == TN_OK) {
        printf("with a lock:\n");
        code = tn_run_with(options, with_a_lock, NULL);
    }
    if (code == TN_OK) {
        printf("with an owner:\n");
        code = tn_run_with(options, with_an_owner, NULL);
    }
    if (code == TN_OK) {
        printf("with processes:\n");
        fflush(stdout);
        code = tn_run_with(options, with_processes, NULL);
    }
    return code < 0 ? tn_complain(code) : 0;
}
