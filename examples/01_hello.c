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

int main(void) {
    int code = tn_run(hello, NULL, "World"); // NULL: there is no result to fetch
    return code < 0 ? tn_complain(code) : 0;
}
