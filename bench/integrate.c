// integrate - the integral of (x^2 + 1) x by halving intervals until the trapezoids of both halves
// agree with that of the whole: a PFrame for the left half of each, no cutoff.
//
//     RESULT compiler=gcc nodes=.. twin_ns=.. one_ns=.. two_ns=.. one_per_twin=.. speedup=..
//
// A program of the Cilk suite. Start reading at area.
#include <math.h>

#include "forkjoin.h"

static const double error = 1e-9;
static double end;
static long nodes;

static double value(double x) {
    return (x * x + 1.0) * x;
}

REAL_CALL static double area_twin(double a, double fa, double b, double fb, double whole) {
    nodes++;
    const double middle = (a + b) / 2;
    const double fm = value(middle);
    const double left = (fa + fm) * (middle - a) / 2;
    const double right = (fm + fb) * (b - middle) / 2;
    if (fabs(left + right - whole) <= error) {
        return left + right;
    }
    const double first = area_twin(a, fa, middle, fm, left);
    BARRIER;
    const double second = area_twin(middle, fm, b, fb, right);
    BARRIER;
    return first + second;
}

TN_PFRAME(double, area, (double, a), (double, fa), (double, b), (double, fb), (double, whole)) {
    const double middle = (a + b) / 2;
    const double fm = value(middle);
    const double left = (fa + fm) * (middle - a) / 2;
    const double right = (fm + fb) * (b - middle) / 2;
    if (fabs(left + right - whole) <= error) {
        return left + right;
    }
    tn_task(area) first = tn_spawn(area, a, fa, middle, fm, left);
    const double second = area(self, middle, fm, b, fb, right);
    return tn_await(area, first) + second;
}

static double sum;

static void run_twin(void) {
    sum = area_twin(0, value(0), end, value(end), (value(0) + value(end)) * end / 2);
}

static int run_on(int threads) {
    return tn_run_with(TN_RUN(.num_threads = threads), area, &sum, 0, value(0), end, value(end),
                       (value(0) + value(end)) * end / 2);
}

// The integral of x^3 + x from 0.
static bool is_right(void) {
    const double exact = end * end * end * end / 4 + end * end / 2;
    return fabs(sum - exact) <= 1e-6 * exact;
}

int main(void) {
    end = measure_is_quick() ? 20 : 2000;
    run_twin();
    const struct forkjoin bench = {.title = "integrate",
                                   .nodes = (double)nodes,
                                   .twin = run_twin,
                                   .run_on = run_on,
                                   .is_right = is_right};
    forkjoin_measure(&bench);
    printf(" end=%.0f\n", end);
    return 0;
}
