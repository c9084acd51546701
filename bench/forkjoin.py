#!/usr/bin/env python3
"""Fork-join beside its peers: OpenMP tasks by gcc and clang, oneTBB, Go, and Lace if given.

    bench/forkjoin.py [KERNEL ...]       fib skynet nqueens T1 T3 integrate; default: all

    RESULT kernel=fib twin_ns=3.1 tenon_1_ns=2.4 tenon_2_ns=1.2 openmp_gcc_1_ns=.. ..

Nanoseconds for each node, on one and on two threads. All sides run in turn, each a process of its
own (ours of fib, too), in each of several rounds; medians. A peer that is not installed is left out
and named (docs/dependencies.md says how to get them). Our fib by clang is a side where build/clang
has it. LACE="-Isrc -Ibuild src/lace.c", with the folders of a clone, compiles Lace too. Peers whose
spawns are dear run a smaller fib. The programs are in bench/peers; they check their results.
TENON_BENCH_QUICK=1 makes everything small. Start reading at main."""

import os
import re
import statistics
import sys

import peers

ROUNDS = peers.rounds(3)
# Kernel: the program and the key of its RESULT line that names it, and the size the peers take.
KERNELS = {
    "fib": ("fib", None, 16 if peers.QUICK else 27),
    "skynet": ("skynet", None, 1000 if peers.QUICK else 1000000),
    "nqueens": ("nqueens", None, 8 if peers.QUICK else 13),
    "T1": ("uts", "T1", 1),
    "T3": ("uts", "T3", 3),
    "integrate": ("integrate", None, 20 if peers.QUICK else 2000),
}
ROUNDS_INSIDE = {"skynet": 9}  # of one process of ours; else 1: that one takes milliseconds
OURS = {"twin": "twin_ns", "tenon_1": "one_ns", "tenon_2": "two_ns"}
CLANG = os.path.join(peers.ROOT, "build", "clang")
OURS_BY_CLANG = {"tenon_clang_1": "one_ns", "tenon_clang_2": "two_ns"}
SIZES_OF_LACE = {"fib": 25 if peers.QUICK else 38}


def build_peers():
    """The commands that run each peer, by name."""
    found = {
        "openmp_gcc": peers.compile_c("forkjoin_openmp.c", "gcc", ["-O3", "-fopenmp"], ["-lm"]),
        "openmp_clang": peers.compile_c("forkjoin_openmp.c", "clang", ["-O3", "-fopenmp"], ["-lm"]),
        "tbb": peers.compile_c("forkjoin_tbb.cpp", "g++", ["-O3", "-std=c++17"], ["-ltbb"]),
        "go": peers.compile_go("forkjoin.go"),
    }
    lace = os.environ.get("LACE")
    if lace:
        sources = lace.split()
        tuned = ["-O3", "-march=native", "-flto"]
        for name, compiler, options in (
            ("lace_gcc", "gcc", ["-O3"]),
            ("lace_gcc_lto", "gcc", tuned),
            ("lace_clang", "clang", ["-O3"]),
            ("lace_clang_native", "clang", ["-O3", "-march=native"]),
        ):
            found[name] = peers.compile_c(
                "forkjoin_lace.c", compiler, options, [*sources, "-pthread", "-lm"], name
            )
    return {name: program for name, program in found.items() if program}


def run_peer(program, kernel, threads, size, nodes):
    """Nanoseconds for each node; None: this peer does not have the kernel, or died of it."""
    line = peers.run([program, kernel, str(size), str(threads)])
    match = re.search(r"seconds=([\d.]+) nodes=(\d+)", line or "")
    if not match:
        return None
    counted = int(match.group(2))
    return float(match.group(1)) * 1e9 / (counted if counted > 1 else nodes)


def add(samples, sides, result):
    for side, key in sides.items():
        samples.setdefault(side, []).append(float(result[key]))


def measure_fib(samples):
    """Ours, each side by itself, as Lace's are. Returns the number of nodes."""
    for side, (name, key) in enumerate(OURS.items()):
        result = peers.run_tenon("fib", rounds=1, side=side)[0]
        add(samples, {name: key}, result)
    if os.path.exists(os.path.join(CLANG, "bin", "bench_fib")):
        for side, (name, key) in enumerate(OURS_BY_CLANG.items(), 1):
            add(samples, {name: key}, peers.run_tenon("fib", rounds=1, side=side, build=CLANG)[0])
    return float(result["nodes"])


def measure(kernel, programs):
    """Medians by side, in nanoseconds for each node."""
    bench, tree, size = KERNELS[kernel]
    samples = {}
    for _ in range(ROUNDS):
        if kernel == "fib":
            nodes = measure_fib(samples)
        else:
            for result in peers.run_tenon(bench, rounds=ROUNDS_INSIDE.get(kernel, 1)):
                if tree is None or result.get("tree") == tree:
                    nodes = float(result["nodes"])
                    add(samples, OURS, result)
        if peers.QUICK and tree is not None:
            continue  # the peers have no small trees
        for name, program in programs.items():
            if name.startswith("lace") and kernel != "fib":
                continue
            for threads in (1, 2):
                kernel_size = SIZES_OF_LACE.get(kernel, size) if name.startswith("lace") else size
                time = run_peer(program, bench, threads, kernel_size, nodes)
                if time is not None:
                    samples.setdefault(f"{name}_{threads}", []).append(time)
    return {side: statistics.median(times) for side, times in samples.items()}


def main():
    programs = build_peers()
    for kernel in sys.argv[1:] or KERNELS:
        medians = measure(kernel, programs)
        print(f"{kernel:<24} {'ns per node':>12} {'per twin':>10} {'per Tenon':>10}")
        for side, time in medians.items():
            tenon = medians["tenon_2" if side.endswith("_2") else "tenon_1"]
            print(f"{side:<24} {time:12.2f} {time / medians['twin']:10.2f} {time / tenon:10.2f}")
        pairs = " ".join(f"{side}_ns={time:.3g}" for side, time in medians.items())
        print(f"RESULT kernel={kernel} {pairs}", flush=True)


if __name__ == "__main__":
    main()
