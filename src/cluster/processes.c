// processes.c - see processes.h.
#include "cluster/processes.h"

#include "cluster/bridge.h"
#include "cluster/local.h"
#include "cluster/serve.h"

static int open_processes(int processes, int threads, struct link **link) {
    const struct serve_options greeting = {.threads = threads};
    const struct local_options options = {
        .peers_max = (unsigned)processes, .greeting = &greeting, .greeting_bytes = sizeof greeting};
    int code = local_open(link, &options);
    if (code != OS_OK) {
        return code;
    }
    for (int i = 0; i < processes && code >= 0; i++) {
        code = local_add(*link);
    }
    if (code < 0) {
        (*link)->calls->close(*link);
        return code;
    }
    return OS_OK;
}

static const struct bridge_way way = {.open = open_processes, .add = local_add};

static struct elsewhere *make(int processes, const struct tn_run_options *options) {
    const int threads = options->threads_per_process > 0 ? options->threads_per_process : 1;
    return bridge_make(processes, threads, &way);
}

void processes_provide(void) {
    elsewhere_provide(make, 0);
}
