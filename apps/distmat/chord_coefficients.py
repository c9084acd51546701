#!/usr/bin/env python3
"""Works out the polynomial of chord_kernel.h and prints it as C, with its largest error.

The arc over a chord of squared length s on the unit sphere is sqrt(s) * P(s); P is interpolated at
the Chebyshev nodes of [0, 2] with 60 digits, which is close to the best polynomial of that degree.
Only the standard library is needed.
"""

import decimal

DEGREE = 16
D = decimal.Decimal
decimal.getcontext().prec = 60
PI = D("3.14159265358979323846264338327950288419716939937510582097494459")


def cosine(x):
    term, total, n = D(1), D(1), 0
    while abs(term) > D(10) ** -58:
        n += 2
        term *= -x * x / (n * (n - 1))
        total += term
    return total


def factor(s):
    """2 asin(sqrt(s) / 2) / sqrt(s) as a power series in u = s / 4, at most 1/2."""
    u, term, total, n = s / 4, D(1), D(1), 0
    while abs(term) > D(10) ** -58:
        n += 1
        term *= u * (2 * n - 1) * (2 * n - 1) / (2 * n * (2 * n + 1))
        total += term
    return total


def interpolate(nodes, values):
    """Newton's divided differences, multiplied out into powers of s."""
    table = list(values)
    for level in range(1, len(nodes)):
        for i in range(len(nodes) - 1, level - 1, -1):
            table[i] = (table[i] - table[i - 1]) / (nodes[i] - nodes[i - level])
    powers = [D(0)] * len(nodes)
    for i in range(len(nodes) - 1, -1, -1):
        shifted = [D(0)] + powers[:-1]
        powers = [b - nodes[i] * a for a, b in zip(powers, shifted)]
        powers[0] += table[i]
    return powers


def main():
    count = DEGREE + 1
    nodes = [1 - cosine(PI * (2 * i + 1) / (2 * count)) for i in range(count)]
    powers = interpolate(nodes, [factor(s) for s in nodes])
    rounded = [D(float(c)) for c in powers]
    worst = D(0)
    for i in range(1, 401):
        s = D(i) / 200
        value = sum(c * s ** k for k, c in enumerate(rounded))
        worst = max(worst, abs(value / factor(s) - 1))
    for c in powers:
        print(f"    {float(c)!r},")
    print(f"// degree {DEGREE}, largest relative error {float(worst):.1e}")


main()
