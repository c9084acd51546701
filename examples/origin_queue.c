// origin_queue.c - five consumers take addresses from a queue of three places, which a producer
// fills. After Threading.py of "Python Parallelism" (V. Santos), whose consumers never end: here
// the producer closes the queue, and they end when they have emptied it.
// Tested in virtual time.
#include <stdio.h>
#include <tenon.h>

TN_CHANNEL(int, sites);

TN_FRAME(int, fetch_all, (tn_channel(sites) *, queue)) {
    int fetched = 0;
    for (int site; tn_receive(sites, queue, &site) == TN_OK; fetched++) {
        tn_sleep(self, 0.1 + 0.001 * site); // over the network
        printf("https://example.org/%d\n", site);
    }
    return fetched;
}

TN_FRAME(void, main_frame) {
    tn_channel(sites) queue = TN_CHANNEL_OF(.capacity = 3);
    struct tn_future consumers[5];
    const double start = tn_now();
    struct tn_executor *executor = tn_executor_create(self, NULL);
    for (int i = 0; i < 5; i++) {
        consumers[i] = tn_submit(executor, fetch_all, &queue);
    }
    for (int site = 0; site < 20; site++) {
        if (tn_send(sites, &queue, site) != TN_OK) {
            return;
        }
    }
    tn_close(&queue);
    tn_executor_end(self, executor);
    int fetched = 0;
    for (int i = 0; i < 5; i++) {
        int by_one = 0;
        tn_result(fetch_all, consumers[i], &by_one);
        fetched += by_one;
    }
    printf("%d fetched in %.1f seconds\n", fetched, tn_now() - start);
    tn_channel_free(&queue);
}

int main(int argc, char **argv) {
    const int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), main_frame, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
