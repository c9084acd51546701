#!/usr/bin/env python3
"""One other process and two: find_sums (bench_split), and distmat's runner dframes.

    bench/split.py

    RESULT sums_one_s=.. sums_two_s=.. sums_ratio=.. .. matrix_one_s=.. .. csv_one_s=.. ..

  one, two            everything is calculated in so many other processes (TENON_PLACE=remote)
  with_one, with_two  as users run it, with one thread of the owner's own that calculates too
  ratio               one over two: of each round, and of those the median
  csv_two_cpus        seconds on CPUs for each second of a whole run of two

What distmat calculates there for a matrix lies where it belongs; the text of a CSV is written out
by the owner while its processes go on, so one process keeps more than one CPU busy, and with two
CPUs the ratio can't be what it is for a matrix. bench_split tells what the machine gives to two
processes that do nothing in common (bare_ratio): below 1.9 the others say little. Every output is
compared with that of the runner serial. Start reading at main."""

import filecmp
import itertools
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import peers

ROUNDS = peers.rounds(9)
PLACES = 300 if peers.QUICK else 4000
CITIES = os.path.join(peers.ROOT, "data", "cities.csv")
SIDES = {"one": ("remote", "1"), "two": ("remote", "2"), "with_one": ("", "1"),
         "with_two": ("", "2")}


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def distmat(source, output, runner, place="", processes="1"):
    """Seconds that it calculated, and CPUs that it kept busy. To a new file: an old one would be
    freed within the measured time."""
    if os.path.exists(output):
        os.remove(output)
    command = [os.path.join(peers.BUILD, "bin", "distmat"), "-r", runner, "-t", "1",
               "--processes", processes, source, "-o", output]
    used, began = cpu_seconds(), time.monotonic()
    text = peers.run(command, environment={"TENON_PLACE": place})
    taken, used = time.monotonic() - began, cpu_seconds() - used
    found = re.search(r"Calc time: ([\d.]+)", text or "")
    if found is None:
        sys.exit("split: distmat failed")
    return float(found.group(1)), used / taken


def measure(source, folder, kind, name):
    """The medians of one kind of output."""
    wanted, output = (os.path.join(folder, side + kind) for side in ("wanted", "output"))
    distmat(source, wanted, "serial")
    seconds = {side: [] for side in SIDES}
    cpus = {side: [] for side in SIDES}
    for _ in range(ROUNDS):
        for side, (place, processes) in SIDES.items():
            taken, busy = distmat(source, output, "dframes", place, processes)
            seconds[side].append(taken)
            cpus[side].append(busy)
            if not filecmp.cmp(wanted, output, shallow=False):
                sys.exit(f"split: {name}, {side}: not what serial puts out")
    results = {f"{name}_{side}_s": statistics.median(seconds[side]) for side in SIDES}
    ratios = [one / two for one, two in zip(seconds["one"], seconds["two"])]
    results[f"{name}_ratio"] = statistics.median(ratios)
    results[f"{name}_two_cpus"] = statistics.median(cpus["two"])
    os.remove(wanted)
    os.remove(output)
    return results


def main():
    results = {}
    for line in peers.run_tenon("split", rounds=ROUNDS):
        results |= {key: float(value) for key, value in line.items()}
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="split-bench-", dir=memory) as folder:
        source = os.path.join(folder, "places.csv")
        with open(CITIES, encoding="utf-8") as cities, open(source, "w", encoding="utf-8") as out:
            out.writelines(itertools.islice(cities, PLACES))
        results |= measure(source, folder, ".npy", "matrix")
        results |= measure(source, folder, ".csv", "csv")
    for name, value in results.items():
        print(f"{name:<20} {value:10.4g}")
    print("RESULT " + " ".join(f"{name}={value:.4g}" for name, value in results.items()))


if __name__ == "__main__":
    main()
