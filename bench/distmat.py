#!/usr/bin/env python3
"""Measures distmat beside what it is compared with, turn by turn in one run, and prints medians.

    bench/distmat.py [BUILD_FOLDER]       default: build/release

Other programs: the way of the original (bench/distmat_original.py, this Python), a loop with OpenMP
and libmvec (bench_distmat_chord_openmp), scikit-learn where some python3 has it. Every figure is
the time of a whole process on the wall clock, except for the matrices, which are timed inside.
TENON_BENCH_QUICK=1 makes everything small. The last figure tells how many CPUs were busy with
other things between the parts: above a few hundredths, take the ratios with salt.
"""

import filecmp
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
CITIES = os.path.join(ROOT, "data", "cities.csv")
QUICK = os.environ.get("TENON_BENCH_QUICK") == "1"
THREADS = 2


class Bench:
    def __init__(self, build, folder):
        self.bin = os.path.join(build, "bin")
        self.folder = folder
        self.results = {}
        self.others = []

    def program(self, name):
        return os.path.join(self.bin, name)

    def first_places(self, count):
        path = os.path.join(self.folder, f"first_{count}.csv")
        with open(CITIES, encoding="utf-8") as cities, open(path, "w", encoding="utf-8") as out:
            out.writelines(line for _, line in zip(range(count), cities))
        return path

    def watch(self):
        """How many CPUs others use while we sleep: figures with two threads want it to be 0."""
        def busy():
            with open("/proc/stat", encoding="ascii") as stat:
                fields = [int(field) for field in stat.readline().split()[1:]]
            return sum(fields[:3] + fields[5:8]) / os.sysconf("SC_CLK_TCK")
        before, began = busy(), time.monotonic()
        time.sleep(0.2 if QUICK else 1)
        self.others.append((busy() - before) / (time.monotonic() - began))

    def keep(self, **results):
        for key, value in results.items():
            self.results[key] = f"{value:.4g}"
            print(f"  {key:34} {value:.4g}", flush=True)

    # ---- CSV against Python ----

    def time_file(self, command, target):
        """Writing to a new file: an old one would be freed within the measured time."""
        if os.path.exists(target):
            os.remove(target)
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return time.perf_counter() - began

    def time_pipe(self, command):
        began = time.perf_counter()
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        reader = subprocess.Popen(["cat"], stdin=writer.stdout, stdout=subprocess.DEVNULL)
        writer.stdout.close()
        if writer.wait() or reader.wait():
            raise RuntimeError(f"{command} failed")
        return time.perf_counter() - began

    def csv(self):
        count = 200 if QUICK else 2000
        source = self.first_places(count)
        ours = os.path.join(self.folder, "ours.csv")
        theirs = os.path.join(self.folder, "theirs.csv")
        original = [sys.executable, os.path.join(HERE, "distmat_original.py"), source]
        distmat = [self.program("distmat"), "--quiet", "-t", str(THREADS), source, "-o"]
        seconds = {key: [] for key in ("file", "pipe", "original_file", "original_pipe")}
        print(f"CSV of {count * (count - 1) // 2} pairs, {THREADS} threads; the original's way in "
              f"Python {sys.version.split()[0]}")
        for _ in range(1 if QUICK else 3):
            seconds["original_file"].append(self.time_file(original + [theirs], theirs))
            seconds["original_pipe"].append(self.time_pipe(original + ["-"]))
            for _ in range(5):
                seconds["file"].append(self.time_file(distmat + [ours], ours))
                seconds["pipe"].append(self.time_pipe(distmat + ["-"]))
        if not filecmp.cmp(ours, theirs, shallow=False):
            raise RuntimeError("distmat and Python wrote different bytes")
        for key, values in seconds.items():
            self.keep(**{f"csv_{key}_s": statistics.median(values)})
        for key in ("file", "pipe"):
            self.keep(**{f"csv_{key}_times_faster": statistics.median(seconds["original_" + key]) /
                         statistics.median(seconds[key])})

    # ---- PFrames against the serial loop ----

    def time_calculation(self, source, runner):
        done = subprocess.run([self.program("distmat"), "-r", runner, "-t", str(THREADS), "-o",
                               "/dev/null", source], check=True, capture_output=True, text=True)
        return float(re.search(r"Calc time: (\S+)", done.stdout).group(1))

    def scaling(self):
        count = 500 if QUICK else 6000
        source = self.first_places(count)
        print(f"haversine, {count * (count - 1) // 2} pairs as CSV to /dev/null")
        seconds = {"serial": [], "pframes": [], "pool": []}
        for _ in range(1 if QUICK else 5):
            for runner, values in seconds.items():
                values.append(self.time_calculation(source, runner))
        serial = statistics.median(seconds["serial"])
        self.keep(haversine_serial_s=serial)
        for runner in ("pframes", "pool"):
            self.keep(**{f"haversine_{runner}_{THREADS}_threads_ratio":
                         serial / statistics.median(seconds[runner])})

    # ---- matrices ----

    def chord_rate(self, source, runner):
        """Pairs per second of the tour's second table: the matrix in memory."""
        done = subprocess.run([self.program("distmat"), "--tour", "-t", str(THREADS), "-r", runner,
                               "-o", os.path.join(self.folder, "tour.csv"), source],
                              check=True, capture_output=True, text=True)
        table = done.stdout.split("Matrix in memory")[1]
        return {match[0]: float(match[1]) for match in
                re.findall(r"^  (\w+) +\d+ +\S+ +(\S+) +\S+x  (?:reference|equal)$", table, re.M)}

    def rate_of(self, command, **environment):
        done = subprocess.run(command, check=True, capture_output=True, text=True,
                              env={**os.environ, **environment})
        return float(re.search(r"pairs_per_second=(\S+)", done.stdout).group(1))

    def find_sklearn(self):
        for python in (sys.executable, "/usr/bin/python3"):
            if subprocess.run([python, "-c", "import sklearn"], capture_output=True,
                              check=False).returncode == 0:
                return python
        return None

    def matrices(self):
        count = 2000 if QUICK else 11019
        source = self.first_places(count)
        twin = self.program("bench_distmat_chord_openmp")
        sklearn = self.find_sklearn()
        print(f"matrix of {count} x {count} in memory")
        rates = {"pframes": [], "serial": [], "openmp": [], "sklearn": []}
        for _ in range(1 if QUICK else 5):
            ours = self.chord_rate(source, "pframes")
            rates["pframes"].append(ours["pframes"])
            rates["serial"].append(ours["serial"])
            if os.path.exists(twin):
                rates["openmp"].append(self.rate_of([twin, source, str(count), "3"],
                                                    OMP_NUM_THREADS=str(THREADS)))
            if sklearn is not None and len(rates["sklearn"]) < 3:
                rates["sklearn"].append(self.rate_of(
                    [sklearn, os.path.join(HERE, "distmat_sklearn.py"), source, str(count), "1"]))
        for key, values in rates.items():
            if values:
                self.keep(**{f"matrix_{key}_pairs_per_s": statistics.median(values)})
        best = statistics.median(rates["pframes"])
        for key in ("serial", "openmp", "sklearn"):
            if rates[key]:
                self.keep(**{f"chord_to_{key}": best / statistics.median(rates[key])})

    def numbers(self):
        done = subprocess.run([self.program("distmat_format_test"), "a_distance_is_written"],
                              capture_output=True, text=True, check=False)
        found = re.search(r"([\d.]+) ns a number", done.stdout)
        if found:
            self.keep(format_ns=float(found.group(1)))


def main():
    default = os.path.join(ROOT, "build", "release")
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else default)
    with tempfile.TemporaryDirectory(prefix="distmat-bench-") as folder:
        bench = Bench(build, folder)
        for part in (bench.numbers, bench.scaling, bench.matrices, bench.csv):
            bench.watch()
            part()
        bench.watch()
        bench.keep(cpus_busy_with_others_max=max(bench.others))
        print("RESULT " + " ".join(f"{key}={value}" for key, value in bench.results.items()))


main()
