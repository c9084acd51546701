// 12_pipeline.c - bytes between frames: three stages and two pipes, as in a shell.
//
// A frame that reads waits as it does for anything else: its thread does other work. A stream is
// closed with the frame that opened it, or earlier by who is done with it, so that its reader sees
// the end. A deadline holds for reads as for all waits, and loses nothing: the part of a line that
// has come is there for the next read.
#include <stdio.h>
#include <stdlib.h>
#include <tenon.h>

TN_PFRAME(void, count, (struct tn_stream, to)) {
    for (int i = 1; i <= 4 && tn_print(self, to, "%d\n", i) == TN_OK; i++) {
        tn_sleep(self, 0.01); // so that the others have to wait
    }
    tn_stream_close(self, to);
}

TN_PFRAME(int, square, (struct tn_stream, from), (struct tn_stream, to)) {
    char line[20];
    int code = TN_OK;
    while (code == TN_OK && tn_read_line(self, from, line, sizeof line) >= 0) {
        const long number = strtol(line, NULL, 10);
        code = tn_print(self, to, "%ld\n", number * number);
    }
    return code == TN_OK ? tn_print(self, to, "no more") : code; // and no end of a line
}

TN_FRAME(int, root) {
    struct tn_stream numbers, to_numbers, squares, to_squares;
    char line[20];
    long sum = 0;
    if (tn_pipe(self, &numbers, &to_numbers) != TN_OK ||
        tn_pipe(self, &squares, &to_squares) != TN_OK) {
        return 1;
    }
    tn_spawn(count, to_numbers);
    tn_spawn(square, numbers, to_squares);

    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 0.3);
    while (tn_read_line(self, squares, line, sizeof line) >= 0) {
        sum += strtol(line, NULL, 10);
        printf("%s, together %ld\n", line, sum);
    }
    printf("in time: %s\n", tn_scope_end(self, &scope) == TN_TIMED_OUT ? "no" : "yes");

    tn_stream_close(self, to_squares);
    const ptrdiff_t length = tn_read_line(self, squares, line, sizeof line);
    printf("what was left: %s, %td letters\n", line, length);
    return 0;
}

int main(int argc, char **argv) {
    int failed = 0;
    const int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), root, &failed);
    return code < 0 ? tn_complain(code) : failed;
}
