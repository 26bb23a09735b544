#!/usr/bin/env python3
"""Temperatures by SciPy, as golden data for Luce.

    python3 test/golden/temperature.py > test/golden/temperature.json

The T that minimises the mean log loss of softmax(scores / T): by `minimize_scalar` over ln T, which knows values only, then by
`brentq` on the slope, which tells T itself to the last digits. Scores are eighths or whole numbers, exact in float32.
"""

import json
import sys

import numpy
import scipy
from scipy.optimize import brentq, minimize_scalar
from scipy.special import log_softmax, softmax


def case(name, scores, targets, weights=None, labels=None):
    """`targets` [n x k]; `labels` where they are one-hot."""
    counted = numpy.ones(len(scores)) if weights is None else weights

    def loss(u):
        """Mean log loss at T = exp(u)."""
        return float(-(counted @ (targets * log_softmax(scores * numpy.exp(-u), axis=1)).sum(1)) / counted.sum())

    def slope(u):
        """Its derivative with respect to 1 / T."""
        p = softmax(scores * numpy.exp(-u), axis=1)
        return float(counted @ ((p - targets) * scores).sum(1) / counted.sum())

    found = minimize_scalar(loss, bounds=(numpy.log(0.01), numpy.log(100)), method="bounded", options={"xatol": 1e-10})
    u = brentq(slope, found.x - 0.01, found.x + 0.01, xtol=1e-15)
    return {
        "name": name,
        "classes": scores.shape[1],
        "scores": scores.ravel().tolist(),
        **({"targets": targets.ravel().tolist()} if labels is None else {"labels": labels.tolist()}),
        "sampleWeight": None if weights is None else weights.tolist(),
        "temperature": float(numpy.exp(u)),
        "minimiser": float(numpy.exp(found.x)),
        "lossBefore": loss(0),
        "lossAfter": loss(u),
    }


def main():
    cases = []

    def add(name, seed, rows, classes, strength, share, weighted=False, soft=False):
        """Rows whose label is the largest score's in `share` of them, and any class in the others."""
        random = numpy.random.RandomState(seed)
        scores = numpy.round(8 * strength * random.randn(rows, classes)) / 8
        labels = numpy.where(random.rand(rows) < share, scores.argmax(1), random.randint(0, classes, rows))
        targets = numpy.eye(classes)[labels]
        if soft:
            targets = 0.75 * targets + 0.25 / classes
        weights = random.randint(0, 5, rows) / 4 if weighted else None
        cases.append(case(name, scores, targets, weights, None if soft else labels))

    add("too sure", 1, 60, 3, 8, 0.6)
    add("not sure enough", 2, 60, 3, 0.25, 0.9)
    add("two classes, weighted", 3, 50, 2, 5, 0.7, weighted=True)
    add("soft targets", 4, 40, 4, 3, 0.8, soft=True)
    add("soft targets, weighted", 5, 40, 4, 0.5, 0.9, weighted=True, soft=True)
    add("huge scores", 6, 40, 5, 40, 0.6)
    add("twenty classes", 7, 30, 20, 4, 0.7)
    write = lambda value: json.dumps(value, separators=(",", ":"))
    made_by = f"test/golden/temperature.py with SciPy {scipy.__version__}, float64"
    lines = ",\n".join(write(each) for each in cases)
    sys.stdout.write(f'{{\n"made by":{write(made_by)},\n"cases":[\n{lines}\n]\n}}\n')


if __name__ == "__main__":
    main()
