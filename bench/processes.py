#!/usr/bin/env python3
"""DFrames in other processes beside what else calls functions there: the process pools of Python,
a bare ring between two processes that spin and then park, and two ranks of MPI.

    bench/processes.py

    RESULT tenon_round_us=.. ring_round_us=.. mpi_round_us=.. python_executor_round_us=.. ..

  round    an empty call there and back
  one, two calls for each second with so many processes (the ring: one process, nothing is called)
  first    from nothing to the result of the first call

All sides run in turn, one program after the other, in each of several rounds; medians. A peer that
is not installed is left out and named. Start reading at main."""

import re
import shutil
import statistics
import sys

import peers

ROUNDS = peers.rounds(5)
CALLS = "400" if peers.QUICK else "20000"


def commands():
    found = {
        "ring": peers.compile_c("processes_ring.c", "gcc", ["-O2"], []),
        "mpi": peers.compile_c("processes_mpi.c", "mpicc", ["-O2"], []),
    }
    found = {name: [program, CALLS] for name, program in found.items() if program}
    if "mpi" in found:
        launch = ["mpirun", "--oversubscribe", "--bind-to", "none", "-np", "2"]
        found["mpi"] = launch + found["mpi"]
    for kind in ("executor", "pool"):
        script = f"{peers.SOURCES}/processes_python.py"
        found[f"python_{kind}"] = [sys.executable, script, kind, str(int(CALLS) // 4)]
    return found


def main():
    samples = {}
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    if shutil.which("mpirun") is None:
        peers.missing("mpirun")
    known = commands()
    for _ in range(ROUNDS):
        for result in peers.run_tenon("processes", rounds=1):
            for key, value in result.items():
                samples.setdefault(f"tenon_{key}", []).append(float(value))
        for name, command in known.items():
            text = peers.run(command, environment=root)
            for key, value in re.findall(r"(\w+)=([\d.]+)", text or ""):
                samples.setdefault(f"{name}_{key}", []).append(float(value))
    medians = {name: statistics.median(values) for name, values in samples.items()}
    for name, value in medians.items():
        print(f"{name:<32} {value:12.4g}")
    print("RESULT " + " ".join(f"{name}={value:.4g}" for name, value in medians.items()))


if __name__ == "__main__":
    main()
