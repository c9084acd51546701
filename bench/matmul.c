// matmul - the product of two square matrices of doubles by dividing the result into quarters, a
// PFrame for each but one, down to blocks of 32 by 32.
//
//     RESULT compiler=gcc nodes=.. twin_ns=.. one_ns=.. two_ns=.. one_per_twin=.. speedup=..
//
// Checked with vectors: C x must be A (B x) (R. Freivalds, 1977). Start reading at multiply.
#include <math.h>

#include "forkjoin.h"

enum { BLOCK = 32 };

static int n;
static double *a, *b, *c;

// c[row.., column..] += a[row.., ..] b[.., column..], one block, the inner index in blocks too.
static void multiply_block(int row, int column) {
    for (int inner = 0; inner < n; inner += BLOCK) {
        for (int i = row; i < row + BLOCK; i++) {
            for (int k = inner; k < inner + BLOCK; k++) {
                const double factor = a[(size_t)i * (size_t)n + (size_t)k];
                const double *from = b + (size_t)k * (size_t)n + (size_t)column;
                double *to = c + (size_t)i * (size_t)n + (size_t)column;
                for (int j = 0; j < BLOCK; j++) {
                    to[j] += factor * from[j];
                }
            }
        }
    }
}

REAL_CALL static void multiply_twin(int row, int column, int size) {
    if (size == BLOCK) {
        multiply_block(row, column);
        return;
    }
    const int half = size / 2;
    multiply_twin(row, column, half);
    multiply_twin(row, column + half, half);
    multiply_twin(row + half, column, half);
    multiply_twin(row + half, column + half, half);
}

TN_PFRAME(void, multiply, (int, row), (int, column), (int, size)) {
    if (size == BLOCK) {
        multiply_block(row, column);
        return;
    }
    const int half = size / 2;
    tn_task(multiply) first = tn_spawn(multiply, row, column, half);
    tn_task(multiply) second = tn_spawn(multiply, row, column + half, half);
    tn_task(multiply) third = tn_spawn(multiply, row + half, column, half);
    multiply(self, row + half, column + half, half);
    tn_await(multiply, third);
    tn_await(multiply, second);
    tn_await(multiply, first);
}

static double *apply(const double *matrix, const double *vector) {
    double *result = calloc((size_t)n, sizeof *result);
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
            result[i] += matrix[(size_t)i * (size_t)n + (size_t)j] * vector[j];
        }
    }
    return result;
}

static bool is_right(void) {
    double *x = calloc((size_t)n, sizeof *x);
    for (int i = 0; i < n; i++) {
        x[i] = sin(i);
    }
    double *bx = apply(b, x);
    double *abx = apply(a, bx);
    double *cx = apply(c, x);
    bool agrees = true;
    for (int i = 0; i < n; i++) {
        agrees = agrees && fabs(abx[i] - cx[i]) <= 1e-6 * n;
    }
    free(x);
    free(bx);
    free(abx);
    free(cx);
    return agrees;
}

static void prepare(void) {
    memset(c, 0, (size_t)n * (size_t)n * sizeof *c);
}

static void run_twin(void) {
    multiply_twin(0, 0, n);
}

static int run_on(int threads) {
    return tn_run_with(TN_RUN(.num_threads = threads), multiply, NULL, 0, 0, n);
}

static double *make_matrix(double step) {
    double *matrix = malloc((size_t)n * (size_t)n * sizeof *matrix);
    for (int i = 0; i < n * n; i++) {
        matrix[i] = cos(step * i);
    }
    return matrix;
}

int main(void) {
    n = measure_is_quick() ? 128 : 1024;
    a = make_matrix(0.37);
    b = make_matrix(0.71);
    c = calloc((size_t)n * (size_t)n, sizeof *c);
    const double blocks = (double)n / BLOCK * n / BLOCK;
    const struct forkjoin bench = {.title = "matmul",
                                   .nodes = (blocks * 4 - 1) / 3,
                                   .prepare = prepare,
                                   .twin = run_twin,
                                   .run_on = run_on,
                                   .is_right = is_right};
    forkjoin_measure(&bench);
    printf(" n=%d\n", n);
    free(a);
    free(b);
    free(c);
    return 0;
}
