// peer.h - what the fork-join peers in C and C++ share: the kernels' sizes, their results, and the
// line that bench/forkjoin.py reads. Usage of a peer: PROGRAM KERNEL SIZE THREADS.
//
//     seconds=0.123456 nodes=1234567
//
// The best of two runs would hide what a peer does at its start: the first run warms up, the second
// is measured. Start reading at peer_main.
#ifndef BENCH_PEERS_PEER_H
#define BENCH_PEERS_PEER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../uts.h"

// The kernels of a peer: each returns its result.
static long peer_fib(int n);
static long peer_skynet(long first, long count);
static long peer_queens(unsigned down, unsigned left, unsigned right);
static long peer_search(const struct uts_node *parent, int first, int count);
static double peer_area(double a, double fa, double b, double fb, double whole);

static int peer_size;
static const struct uts_tree *peer_tree;

static inline unsigned peer_free_columns(unsigned down, unsigned left, unsigned right) {
    return ~(down | left | right) & ((1u << peer_size) - 1);
}

static inline double peer_value(double x) {
    return (x * x + 1.0) * x;
}

static long peer_fib_of(int n) {
    long a = 0, b = 1;
    for (int i = 0; i < n; i++) {
        const long next = a + b;
        a = b;
        b = next;
    }
    return a;
}

// Runs a kernel and returns how many nodes it had; 0: unknown kernel, or a wrong result.
static double peer_run(const char *kernel) {
    const double size = peer_size;
    if (strcmp(kernel, "fib") == 0) {
        return peer_fib(peer_size) == peer_fib_of(peer_size)
                   ? (double)peer_fib_of(peer_size + 1) - 1
                   : 0;
    }
    if (strcmp(kernel, "skynet") == 0) {
        const long leaves = peer_size;
        return peer_skynet(0, leaves) == leaves * (leaves - 1) / 2 ? (10 * size - 1) / 9 : 0;
    }
    if (strcmp(kernel, "nqueens") == 0) { // of n = 8 and 13
        const long ways = peer_queens(0, 0, 0);
        return peer_size == 13 && ways == 73712 ? 4674890 : peer_size == 8 && ways == 92 ? 2057 : 0;
    }
    if (strcmp(kernel, "uts") == 0) { // 1 and 3
        peer_tree = peer_size == 1 ? &uts_t1 : &uts_t3;
        const struct uts_node root = uts_root(peer_tree);
        const long nodes = 1 + peer_search(&root, 0, uts_children(peer_tree, &root));
        return nodes == peer_tree->nodes ? (double)nodes : 0;
    }
    if (strcmp(kernel, "integrate") == 0) {
        const double sum = peer_area(0, 0, size, peer_value(size), peer_value(size) * size / 2);
        const double exact = size * size * size * size / 4 + size * size / 2;
        return fabs(sum - exact) <= 1e-6 * exact ? 1 : 0; // bench/integrate.c counts the nodes
    }
    return 0;
}

static double peer_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

// To be called where the peer's threads are there.
static int peer_main(const char *kernel) {
    (void)peer_run(kernel);
    const double start = peer_now();
    const double nodes = peer_run(kernel);
    const double seconds = peer_now() - start;
    if (nodes == 0) {
        fprintf(stderr, "%s: no such kernel, or a wrong result\n", kernel);
        return 1;
    }
    printf("seconds=%.6f nodes=%.0f\n", seconds, nodes);
    return 0;
}

#endif
