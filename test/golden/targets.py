#!/usr/bin/env python3
"""scikit-learn's multinomial logistic regression on iris towards other targets, as golden data for Luce.

    python3 test/golden/targets.py > test/golden/targets.json

Class weights are scikit-learn's own. Soft and smoothed targets are made of three copies of each row, one a class, whose weights are
the target's probabilities: the same objective. Features and the form of a case are those of logistic.json; see logistic.py.
"""


import numpy
import sklearn
from logistic import write
from scipy.special import log_softmax, softmax
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_class_weight

L2 = 1e-2
CLASSES = 3


def solve(name, features, targets, weights, class_weight=None):
    """The optimum towards targets [n x k] with row weights; `class_weight` for scikit-learn, whose labels must be one-hot then."""
    n, d = features.shape
    if class_weight is None:
        rows = numpy.repeat(features, CLASSES, axis=0)
        labels = numpy.tile(numpy.arange(CLASSES), n)
        counted = (weights[:, None] * targets).ravel()
        total = counted.sum()
    else:
        rows, labels, counted = features, targets.argmax(1), weights
        each = compute_class_weight(class_weight, classes=numpy.arange(CLASSES), y=labels)
        weights = weights * each[labels]
        total = weights.sum()
    model = LogisticRegression(
        C=1 / (L2 * total), solver="newton-cg", multi_class="multinomial", tol=1e-7, max_iter=100_000,
        class_weight=class_weight,
    )
    model.fit(rows, labels, sample_weight=counted)
    coefficients, intercept = model.coef_.T, model.intercept_
    scores = features @ coefficients + intercept
    losses = -(targets * log_softmax(scores, axis=1)).sum(1)
    errors = (softmax(scores, axis=1) - targets) * (weights / weights.sum())[:, None]
    return {
        "name": name,
        "objective": float(weights @ losses / weights.sum() + L2 / 2 * (coefficients**2).sum()),
        "gradientNorm": float(max(abs(features.T @ errors + L2 * coefficients).max(), abs(errors.sum(0)).max())),
        "coefficients": coefficients.tolist(),
        "intercept": intercept.tolist(),
    }


def main():
    iris = load_iris()
    # Fewer of the first class, so that balancing does something.
    keep = numpy.r_[0:20, 50:90, 100:150]
    features, labels = iris.data[keep], iris.target[keep]
    n = len(labels)
    onehot = numpy.eye(CLASSES)[labels]
    ones = numpy.ones(n)
    weights = numpy.array([(7 * row) % 9 / 4 for row in range(n)])
    soft = numpy.array([[(5 * row + 3 * j) % 7 + 1 + 9 * (j == labels[row]) for j in range(CLASSES)] for row in range(n)])
    soft = soft / soft.sum(1, keepdims=True)
    named = {0: 2.0, 1: 0.5, 2: 1.0}
    mass = numpy.bincount(labels, weights=weights)
    balanced_mass = dict(enumerate((weights.sum() / (CLASSES * mass)).tolist()))
    ignored = numpy.arange(n) % 3 == 1
    cases = [
        solve("class weights", features, onehot, ones, named),
        solve("balanced", features, onehot, ones, "balanced"),
        solve("class and sample weights", features, onehot, weights, named),
        # scikit-learn 1.2 balances by rows, whatever their weights; these are the weights that balance what they add up to.
        solve("balanced with sample weights", features, onehot, weights, balanced_mass),
        solve("smoothing", features, 0.9 * onehot + 0.1 / CLASSES, ones),
        solve("smoothing and sample weights", features, 0.75 * onehot + 0.25 / CLASSES, weights),
        solve("soft targets", features, soft, ones),
        solve("soft targets with sample weights", features, soft, weights),
        solve("soft targets, smoothing", features, 0.9 * soft + 0.1 / CLASSES, ones),
        solve("soft targets, class weights", features, soft, soft @ numpy.array([2.0, 0.5, 1.0])),
        solve("ignored rows", features[~ignored], onehot[~ignored], ones[~ignored]),
        solve("ignored rows, balanced", features[~ignored], onehot[~ignored], ones[~ignored], "balanced"),
    ]
    write(
        {
            "made by": f"test/golden/targets.py with scikit-learn {sklearn.__version__}, newton-cg, float64",
            "l2": L2,
            "features": features.tolist(),
            "labels": labels.tolist(),
            "soft": soft.tolist(),
            "sampleWeight": weights.tolist(),
            "cases": cases,
        }
    )


if __name__ == "__main__":
    main()
