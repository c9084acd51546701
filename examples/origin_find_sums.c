// origin_find_sums.c - twenty sums of squares, each beyond 64 bits: one after the other, by Frames,
// by PFrames, by DFrames in other processes. After the talk "Concepts for parallel programming"
// (M. Bergemann).
//
// Standard output has the sums, standard error how long they took. Frames share a thread, so they
// gain nothing; PFrames take as many cores as there are, and so do processes. (In the origin
// threads gain nothing either: one lock of the interpreter lets only one of them calculate.)
#include <stdio.h>
#include <string.h>
#include <tenon.h>

#define COUNT 20
#define FIRST 5000000

__extension__ typedef unsigned __int128 wide;

// What travels between processes has at most 64 bits, or is a structure.
TN_DATA(halves, (uint64_t, high), (uint64_t, low));

static wide sum_of_squares(size_t n) {
    wide sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (wide)i * i;
        __asm__("" : "+r"(i)); // or the compiler finds the formula
    }
    return sum;
}

TN_FRAME(wide, sum_here, (size_t, n)) {
    return sum_of_squares(n);
}

TN_PFRAME(wide, sum_anywhere, (size_t, n)) {
    return sum_of_squares(n);
}

TN_DFRAME(struct halves, sum_elsewhere, (uint64_t, n)) {
    const wide sum = sum_of_squares(n);
    return (struct halves){(uint64_t)(sum >> 64), (uint64_t)sum};
}

TN_FRAME(void, serial, (wide *, sums)) {
    for (size_t i = 0; i < COUNT; i++) {
        sums[i] = sum_of_squares(FIRST + i);
    }
}

TN_FRAME(void, by_frames, (wide *, sums)) {
    struct tn_map *map = tn_map(sum_here, COUNT, FIRST);
    while (tn_map_next(sum_here, map, sums)) {
        sums++;
    }
}

TN_PFRAME(void, by_pframes, (wide *, sums)) {
    struct tn_map *map = tn_map(sum_anywhere, COUNT, FIRST);
    while (tn_map_next(sum_anywhere, map, sums)) {
        sums++;
    }
}

TN_PFRAME(void, by_dframes, (wide *, sums)) {
    struct halves halves;
    struct tn_map *map = tn_map(sum_elsewhere, COUNT, FIRST);
    while (tn_map_next(sum_elsewhere, map, &halves)) {
        *sums++ = (wide)halves.high << 64 | halves.low;
    }
}

static void print(const char *what, wide number) {
    char digits[40] = "";
    char *at = digits + sizeof digits - 1;
    do {
        *--at = (char)('0' + (int)(number % 10));
        number /= 10;
    } while (number > 0);
    printf("%s %s\n", what, at);
}

static int report(const char *title, int code, double start, const wide *sums) {
    if (code < 0) {
        return tn_complain(code);
    }
    fprintf(stderr, "%s: Duration %1.2f seconds\n", title, tn_now() - start);
    wide total = 0;
    for (int i = 0; i < COUNT; i++) {
        total += sums[i];
    }
    printf("%s\n", title);
    print("first", sums[0]);
    print("last", sums[COUNT - 1]);
    print("total", total);
    return 0;
}

int main(int argc, char **argv) {
    struct tn_run_options options = {.num_processes = 2};
    tn_run_arguments(&options, argc, argv);
    wide sums[COUNT];
    double start = tn_now();
    int failed = report("serial", tn_run_with(&options, serial, NULL, sums), start, sums);
    memset(sums, 0, sizeof sums);
    start = tn_now();
    failed |= report("frames", tn_run_with(&options, by_frames, NULL, sums), start, sums);
    memset(sums, 0, sizeof sums);
    start = tn_now();
    failed |= report("pframes", tn_run_with(&options, by_pframes, NULL, sums), start, sums);
    memset(sums, 0, sizeof sums);
    start = tn_now();
    options.num_threads = options.num_threads == 0 ? 1 : options.num_threads; // it only waits
    failed |= report("dframes", tn_run_with(&options, by_dframes, NULL, sums), start, sums);
    return failed;
}
