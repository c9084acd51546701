#!/usr/bin/env python3
"""Switching, suspending and sleeping beside the peers: Boost.Context, Boost.Fiber, Go, libuv's
timers, asyncio; all in one run, in turn, medians.

    bench/waiting.py

    RESULT what=pair tenon=2.5 boost_context=8.3
    RESULT what=sleep_cpu_s tenon=0.9 libuv=2.0 go=3.7 asyncio=30.6

What is compared, each on one thread (sleeping goroutines: two): pair, a switch there and back;
yield, through the run queue, with as many switches; suspend, to begin, be left once, and end
(nanoseconds); create_us and bytes_each of a million that wait at once; sleep_cpu_s and late_ms of a
million sleeps of 0 to 1 s; page_us, what the system takes for a page for each; bare_sleep_cpu_s,
of as many sleeps that have a page each and nothing else. A peer that is not installed is left out.
TENON_BENCH_QUICK=1 makes it small. Start reading at main."""

import sys

import peers

ROUNDS = peers.rounds(3)
COUNT = 1000 if peers.QUICK else 1000000
ROWS = ("pair", "deep_pair", "yield", "frame", "suspend", "create_us", "bytes_each", "end_us",
        "sleep_cpu_s", "late_ms", "late_max_ms", "page_us", "bare_sleep_cpu_s")


def tenon():
    """Our figures by row."""
    found = {}
    for bench in ("context", "frames", "million"):
        for result in peers.run_tenon(bench):
            found.update({key.removesuffix("_ns"): value for key, value in result.items()})
    return {f"tenon_{row}": float(found[row]) for row in ROWS if row in found}


def build_commands():
    """The commands of each peer that is there."""
    boost = peers.compile_c("switching_boost.cpp", "g++", ["-O3", "-std=c++17"],
                            ["-lboost_fiber", "-lboost_context", "-lpthread"])
    go = peers.compile_go("waiting.go")
    libuv = peers.compile_c("timers_libuv.c", "gcc", ["-O3"], ["-luv"])
    commands = [[sys.executable, peers.SOURCES + "/waiting_asyncio.py", str(COUNT // 10),
                 str(COUNT // 10)]]
    commands += [[boost, str(COUNT)]] if boost else []
    commands += [[go, str(COUNT), str(COUNT)]] if go else []
    commands += [[libuv, str(COUNT)]] if libuv else []
    return commands


def main():
    peers.compare(ROWS, ROUNDS, tenon, build_commands())


if __name__ == "__main__":
    main()
