#!/usr/bin/env python3
"""scikit-learn's haversine_distances over the first places of a CSV file, for comparison.

    distmat_sklearn.py CITIES.csv PLACES ROUNDS

Needs scikit-learn (Debian: python3-sklearn). Prints the seconds of each round and the median.
"""

import csv
import statistics
import sys
import time

import numpy
from sklearn.metrics.pairwise import haversine_distances


def main():
    path, most, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with open(path, newline="", encoding="utf-8") as file:
        rows = [(float(row[1]), float(row[2])) for row in csv.reader(file)][:most]
    points = numpy.radians(numpy.array(rows))
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        distances = haversine_distances(points) * 6371.0088
        seconds.append(time.perf_counter() - began)
        checksum = float(distances[::97].sum())
        del distances
        print(f"round: {seconds[-1]:.3f} s")
    median = statistics.median(seconds)
    print(f"RESULT places={len(rows)} seconds={median:.4f} "
          f"pairs_per_second={len(rows) ** 2 / median:.4g} checksum={checksum:.3f}")


main()
