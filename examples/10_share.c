// 10_share.c - several frames wait for one.
//
// A handle belongs to the frame that spawned it. What tn_share makes of it may be given to
// anybody: here `table` is filled by one PFrame, and two readers wait until it is. Waiting for a
// frame orders memory: what it wrote before its end is seen by everyone who has waited for it. A
// frame that has ended completes again at once, so a late reader finds it done.
#include <stdio.h>
#include <tenon.h>

struct table {
    int squares[100];
};

TN_PFRAME(void, fill, (struct table *, table)) {
    for (int i = 0; i < 100; i++) {
        table->squares[i] = i * i;
    }
    tn_sleep(self, 0.1);
}

TN_PFRAME(int, sum, (const struct table *, table), (struct tn_frame *, ready), (int, first)) {
    if (tn_wait(self, tn_of_frame(ready)) != TN_OK) {
        return 0;
    }
    int total = 0;
    for (int i = first; i < first + 50; i++) {
        total += table->squares[i];
    }
    return total;
}

TN_FRAME(void, root) {
    struct table table = {{0}};
    tn_task(fill) filling = tn_spawn(fill, &table);
    struct tn_frame *ready = tn_share(filling);
    if (ready == NULL) {
        return; // no memory
    }
    tn_task(sum) low = tn_spawn(sum, &table, ready, 0);
    tn_task(sum) high = tn_spawn(sum, &table, ready, 50);
    printf("%d + %d = 328350\n", tn_await(sum, low), tn_await(sum, high));
    printf("filled: %s\n", tn_frame_has_ended(ready) ? "yes" : "no");
}

int main(int argc, char **argv) {
    int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), root, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
