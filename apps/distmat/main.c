// distmat: great-circle distances between all pairs of places.
//
// Invariant: the exit code is 0 only if everything that was asked for has been written; 1 for
// failures of the system, 2 for mistakes on the command line or in the input.
// Start reading at main; session.c does one run, tour.c all of them.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "format.h"
#include "options.h"
#include "session.h"
#include "tour.h"

int main(int argc, char **argv) {
    // A reader that goes away is told in a sentence, not by a signal.
    signal(SIGPIPE, SIG_IGN);
    format_start();
    struct options options;
    int code = 0;
    switch (options_parse(&options, argc, argv)) {
    case OPTIONS_USAGE:
        return 2;
    case OPTIONS_DONE:
        break;
    case OPTIONS_RUN:
        code = options.is_tour ? tour(&options) : session(&options);
        break;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("distmat: standard output");
        return code != 0 ? code : 1;
    }
    return code;
}
