"""Empty calls in the process pools of Python's standard library.

    python3 processes_python.py executor|pool ROUNDS

    round_us=90.1 one_per_s=.. two_per_s=.. first_ms=..
"""

import concurrent.futures
import multiprocessing
import statistics
import sys
import time


def following(n):
    return n + 1


class Executor:
    def __init__(self, processes):
        self._pool = concurrent.futures.ProcessPoolExecutor(processes)

    def call(self, n):
        return self._pool.submit(following, n).result()

    def map(self, count):
        return sum(1 for _ in self._pool.map(following, range(count)))

    def end(self):
        self._pool.shutdown()


class Pool:
    def __init__(self, processes):
        self._pool = multiprocessing.Pool(processes)

    def call(self, n):
        return self._pool.apply(following, (n,))

    def map(self, count):
        return sum(1 for _ in self._pool.imap(following, range(count)))

    def end(self):
        self._pool.close()
        self._pool.join()


def rate(kind, processes, count):
    pool = kind(processes)
    pool.map(64)
    begin = time.perf_counter()
    assert pool.map(count) == count
    seconds = time.perf_counter() - begin
    pool.end()
    return count / seconds


def main():
    kind = {"executor": Executor, "pool": Pool}[sys.argv[1]]
    count = int(sys.argv[2])
    begin = time.perf_counter()
    pool = kind(1)
    assert pool.call(1) == 2
    first = time.perf_counter() - begin
    samples = []
    for n in range(count // 4):
        begin = time.perf_counter()
        assert pool.call(n) == n + 1
        samples.append(time.perf_counter() - begin)
    pool.end()
    print(
        f"round_us={statistics.median(samples) * 1e6:.1f} one_per_s={rate(kind, 1, count):.0f} "
        f"two_per_s={rate(kind, 2, count):.0f} first_ms={first * 1e3:.1f}"
    )


if __name__ == "__main__":
    main()
