// forkjoin_openmp - the fork-join kernels as OpenMP tasks, for gcc (libgomp) and clang (libomp).
// Beside bench/fib.c and the others; usage and output: peer.h. Start reading at peer_fib.
#include "peer.h"

static long peer_fib(int n) {
    if (n < 2) {
        return n;
    }
    long left;
#pragma omp task shared(left) firstprivate(n)
    left = peer_fib(n - 1);
    const long right = peer_fib(n - 2);
#pragma omp taskwait
    return left + right;
}

static long peer_skynet(long first, long count) {
    if (count == 1) {
        return first;
    }
    long sums[10];
    for (int i = 0; i < 10; i++) {
#pragma omp task shared(sums) firstprivate(i, first, count)
        sums[i] = peer_skynet(first + i * (count / 10), count / 10);
    }
#pragma omp taskwait
    long total = 0;
    for (int i = 0; i < 10; i++) {
        total += sums[i];
    }
    return total;
}

static long peer_queens(unsigned down, unsigned left, unsigned right) {
    if (down == (1u << peer_size) - 1) {
        return 1;
    }
    long sums[16];
    int children = 0;
    for (unsigned left_over = peer_free_columns(down, left, right); left_over != 0;) {
        const unsigned queen = left_over & -left_over;
        left_over -= queen;
#pragma omp task shared(sums) firstprivate(children, queen, down, left, right)
        sums[children] = peer_queens(down | queen, (left | queen) << 1, (right | queen) >> 1);
        children++;
    }
#pragma omp taskwait
    long total = 0;
    for (int i = 0; i < children; i++) {
        total += sums[i];
    }
    return total;
}

static long peer_search(const struct uts_node *parent, int first, int count) {
    if (count > 1) {
        long right;
#pragma omp task shared(right) firstprivate(parent, first, count)
        right = peer_search(parent, first + count / 2, count - count / 2);
        const long left = peer_search(parent, first, count / 2);
#pragma omp taskwait
        return left + right;
    }
    const struct uts_node node = uts_child(parent, first);
    const int children = uts_children(peer_tree, &node);
    return 1 + (children > 0 ? peer_search(&node, 0, children) : 0);
}

static double peer_area(double a, double fa, double b, double fb, double whole) {
    const double middle = (a + b) / 2;
    const double fm = peer_value(middle);
    const double left = (fa + fm) * (middle - a) / 2;
    const double right = (fm + fb) * (b - middle) / 2;
    if (fabs(left + right - whole) <= 1e-9) {
        return left + right;
    }
    double first;
#pragma omp task shared(first) firstprivate(a, fa, middle, fm, left)
    first = peer_area(a, fa, middle, fm, left);
    const double second = peer_area(middle, fm, b, fb, right);
#pragma omp taskwait
    return first + second;
}

int main(int count, char **arguments) {
    if (count != 4) {
        return 2;
    }
    peer_size = atoi(arguments[2]);
    int code = 1;
#pragma omp parallel num_threads(atoi(arguments[3]))
#pragma omp single
    code = peer_main(arguments[1]);
    return code;
}
