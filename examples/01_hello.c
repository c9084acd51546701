// 01_hello.c - the smallest program: one frame, run until it ends.
//
// TN_FRAME(result, name, (type, parameter)...) defines a frame function. tn_run makes it the root
// of a tree, lends it the calling thread, and returns when the whole tree is gone: TN_OK, or a
// negative code, about which tn_complain prints a sentence.
#include <stdio.h>
#include <tenon.h>

TN_FRAME(void, hello, (const char *, whom)) {
    printf("Hello %s!\n", whom);
}

int main(int argc, char **argv) {
    // The options of the run are what the command line says; NULL: there is no result to fetch.
    int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), hello, NULL, "World");
    return code < 0 ? tn_complain(code) : 0;
}
