#!/usr/bin/env python3
"""Channels beside the peers: Go's, and Concurrency Kit's ring; all in one run, in turn, medians.

    bench/passing.py

    RESULT what=spsc tenon=10.1 pthread=180 go=40.2 ck=8.9

The rows are those of bench/channel.c, nanoseconds an item: pingpong and buffered on one thread;
across, spsc and mpmc on two. The ring's threads spin and never sleep, and it has no one-threaded
rows. A peer that is not installed is left out. TENON_BENCH_QUICK=1 makes it small. Start reading at
main."""

import peers

ROUNDS = peers.rounds(5)
ITEMS = 8000 if peers.QUICK else 400000
ROWS = ("pingpong", "buffered", "across", "spsc", "mpmc")


def tenon():
    """Our figures by row, and those of a queue of a mutex and two conditions."""
    found = peers.run_tenon("channel", rounds=1)[0]
    figures = {f"tenon_{row}": float(found[row + "_ns"]) for row in ROWS}
    figures["pthread_spsc"] = float(found["pthread_spsc_ns"])
    return figures


def main():
    programs = (peers.compile_go("passing.go"),
                peers.compile_c("passing_ck.c", "gcc", ["-O3"], ["-lck", "-lpthread"]))
    commands = [[program, str(ITEMS)] for program in programs if program]
    peers.compare(ROWS, ROUNDS, tenon, commands)


if __name__ == "__main__":
    main()
