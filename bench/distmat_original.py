#!/usr/bin/env python3
"""The way of the original distance-matrix calculator, for comparison: one Python object per place
and per pair, a list of all results, then csv.writer.

    distmat_original.py INPUT.csv OUTPUT.csv|-     prints its times on standard error

Written anew for Tenon after alanisaac/python-workshop; the validation of the input is left out,
which is in Python's favour. Every other step is the original's: same order of pairs, same formula,
same digits.
"""

import csv
import sys
import time
from dataclasses import dataclass
from math import atan2, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0088


@dataclass
class Coordinates:
    latitude: float
    longitude: float


@dataclass
class Location:
    name: str
    coordinates: Coordinates


@dataclass
class Output:
    origin: str
    destination: str
    distance: float


def pairs_of(locations):
    """Each location with all earlier ones, as they come."""
    earlier = []
    for destination in locations:
        for origin in earlier:
            yield origin, destination
        earlier.append(destination)


def haversine(a, b):
    lat1, lng1 = radians(a.latitude), radians(a.longitude)
    lat2, lng2 = radians(b.latitude), radians(b.longitude)
    lat, lng = lat2 - lat1, lng2 - lng1
    h = sin(lat * 0.5) ** 2 + cos(lat1) * cos(lat2) * sin(lng * 0.5) ** 2
    return EARTH_RADIUS_KM * (2 * atan2(sqrt(h), sqrt(1 - h)))


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return [Location(row[0], Coordinates(float(row[1]), float(row[2])))
                for row in csv.reader(file)]


def calculate(locations):
    outputs = []
    for origin, destination in pairs_of(locations):
        distance = haversine(origin.coordinates, destination.coordinates)
        outputs.append(Output(origin.name, destination.name, distance))
    return outputs


def write(file, outputs):
    writer = csv.writer(file)
    for output in outputs:
        writer.writerow((output.origin, output.destination, output.distance))


def main():
    source, target = sys.argv[1:]
    began = time.perf_counter()
    locations = read(source)
    calculating = time.perf_counter()
    outputs = calculate(locations)
    calculated = time.perf_counter()
    if target == "-":
        sys.stdout.reconfigure(newline="", encoding="utf-8")
        write(sys.stdout, outputs)
        sys.stdout.flush()
    else:
        with open(target, "w", newline="", encoding="utf-8") as file:
            write(file, outputs)
    print(f"Calc time: {calculated - calculating:.20f}", file=sys.stderr)
    print(f"Total time: {time.perf_counter() - began}", file=sys.stderr)


if __name__ == "__main__":
    main()
