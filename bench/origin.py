#!/usr/bin/env python3
"""Tenon beside asyncframes, the Python library of the same model: sleep(0), frames, events.

    bench/origin.py [BUILD_FOLDER]       default: build/release

Where this Python can import asyncframes (PYTHONPATH=...), both are measured turn by turn in one
run, and the medians compared; elsewhere Tenon is compared with what asyncframes 2.2 reached on a
2-core machine with CPython 3.11 (78,000 sleep(0), 22,000 frames, 59,000 event round trips a second
on one thread). TENON_BENCH_QUICK=1 makes it small. Start reading at main."""

import os
import re
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
QUICK = os.environ.get("TENON_BENCH_QUICK") == "1"
ROUNDS = 1 if QUICK else 5
RECORDED = {"yield": 78_000, "frame": 22_000, "event": 59_000}
WORDS = {"yield": "sleep(0)", "frame": "create and await a frame", "event": "event round trip"}

try:
    import asyncframes
    from asyncframes.asyncio_eventloop import EventLoop
except ImportError:
    asyncframes = None


def measure_asyncframes(count):
    """Rates per second of the Python library on one thread."""
    from asyncframes import Event, Frame, sleep

    @Frame
    async def yielding():
        for _ in range(count):
            await sleep(0)

    @Frame
    async def leaf(value):
        return value

    @Frame
    async def spawning():
        for i in range(count):
            await leaf(i)

    @Frame
    async def answering(ping, pong):
        while True:
            await ping
            pong.post()

    @Frame
    async def asking():
        ping, pong = Event("ping"), Event("pong")
        other = answering(ping, pong)
        await other.ready
        for _ in range(count):
            ping.post()
            await pong

    rates = {}
    for key, frame in (("yield", yielding), ("frame", spawning), ("event", asking)):
        began = time.perf_counter()
        EventLoop().run(frame, num_threads=1)
        rates[key] = count / (time.perf_counter() - began)
    return rates


def measure_tenon(build):
    """Rates per second of bench_frames, which measures on one thread."""
    output = subprocess.run([os.path.join(build, "bin", "bench_frames")], check=True,
                            capture_output=True, text=True).stdout
    fields = dict(re.findall(r"(\w+)_ns=([\d.]+)", output))
    return {key: 1e9 / float(fields[key]) for key in RECORDED}


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build", "release")
    tenon, python = [], []
    for i in range(ROUNDS):
        print(f"round {i + 1} of {ROUNDS}", file=sys.stderr, flush=True)
        if asyncframes is not None:
            python.append(measure_asyncframes(200 if QUICK else 20_000))
        tenon.append(measure_tenon(build))
    beside = "measured" if python else "recorded"
    print(f"{'per second, one thread':28} {'Tenon':>12} {'asyncframes':>12} {'times':>8}")
    results = [f"asyncframes={beside}"]
    for key, words in WORDS.items():
        mine = statistics.median(rates[key] for rates in tenon)
        theirs = statistics.median(rates[key] for rates in python) if python else RECORDED[key]
        print(f"{words:28} {mine:12.0f} {theirs:12.0f} {mine / theirs:8.1f}")
        results.append(f"{key}_times={mine / theirs:.1f}")
    print(f"(asyncframes is {beside})")
    print("RESULT " + " ".join(results))


if __name__ == "__main__":
    main()
