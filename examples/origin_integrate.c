// origin_integrate.c - the integral of x * x from 0 to 10 as left sums, in pieces over all threads:
// cut it into chunks, calculate them, put them together. After the lesson "Concurrent programming"
// (UW PCE), whose pieces forgot that they do not begin at 0.
#include <stdio.h>
#include <tenon.h>

struct integral {
    double from;
    double to;
    long rectangles;
};

#define PIECES 16

static double square(double x) {
    return x * x;
}

TN_PFRAME(double, integrate_piece, (struct integral, whole), (long, piece)) {
    const double width = (whole.to - whole.from) / (double)whole.rectangles;
    const long first = whole.rectangles * piece / PIECES;
    const long end = whole.rectangles * (piece + 1) / PIECES;
    double sum = 0;
    for (long i = first; i < end; i++) {
        sum += square(whole.from + (double)i * width);
    }
    return sum * width;
}

TN_PFRAME(double, integrate, (struct integral, whole)) {
    double piece, sum = 0;
    struct tn_map *pieces = tn_map(integrate_piece, PIECES, whole, 0);
    while (tn_map_next(integrate_piece, pieces, &piece)) {
        sum += piece;
    }
    return sum;
}

int main(int argc, char **argv) {
    for (long rectangles = 10; rectangles <= 10000000; rectangles *= 10) {
        const struct integral whole = {0, 10, rectangles};
        double sum;
        const int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), integrate, &sum, whole);
        if (code < 0) {
            return tn_complain(code);
        }
        printf("%.6f\n", sum);
    }
    return 0;
}
