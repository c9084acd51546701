// origin_downloads.c - 160 downloads on one thread, in the time of the longest; what failed is a
// value like the others. After asyncio.py of "Python Parallelism" (V. Santos), which gathers with
// return_exceptions.
// Tested in virtual time.
#include <errno.h>
#include <stdio.h>
#include <tenon.h>

#define SITES 160

TN_FRAME(size_t, download, (int, site)) {
    tn_sleep(self, 0.05 + 0.001 * (site % 50));
    if (site % 75 == 74) {
        TN_FAIL(self, -ECONNREFUSED, "site %d does not answer", site);
        return 0;
    }
    return 1000 + (size_t)site;
}

TN_FRAME(void, download_all_sites) {
    struct tn_future futures[SITES];
    int outcomes[SITES], downloaded = 0;
    const double start = tn_now();
    struct tn_executor *executor = tn_executor_create(self, NULL);
    for (int i = 0; i < SITES; i++) {
        futures[i] = tn_submit(executor, download, i);
    }
    tn_gather(self, SITES, futures, outcomes);
    for (int i = 0; i < SITES; i++) {
        if (outcomes[i] == TN_OK) {
            downloaded++;
        } else {
            printf("%s (%s)\n", tn_future_failure(futures[i])->message,
                   tn_status_text(outcomes[i]));
        }
    }
    printf("Downloaded %d sites in %.3f seconds\n", downloaded, tn_now() - start);
}

int main(int argc, char **argv) {
    const int code = tn_run_with(tn_run_arguments(TN_RUN(.num_threads = 1), argc, argv),
                                 download_all_sites, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
