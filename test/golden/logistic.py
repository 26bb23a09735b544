#!/usr/bin/env python3
"""scikit-learn's multinomial logistic regression on iris, solved to the end in float64, as golden data for Luce.

    python3 test/golden/logistic.py > test/golden/logistic.json

Luce minimises J = sum_i w_i l_i / sum_i w_i + (l2 / 2) |W|^2 with the intercept free; scikit-learn minimises
C sum_i w_i l_i + |W|^2 / 2. They are the same for C = 1 / (l2 sum_i w_i). Coefficients are stored as W[d x k], one
row a feature, as Luce has them; the intercepts are shifted to sum to zero, as scikit-learn leaves them up to rounding.
"""

import json
import sys

import numpy
import sklearn
from scipy.special import log_softmax, softmax
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

PROBABILITY_ROWS = list(range(7, 150, 15))
"""Ten rows, some of each class, whose probabilities are stored."""


def objective(features, labels, weights, l2, coefficients, intercept):
    """Luce's J, in float64, at the given coefficients [d x k]."""
    scores = log_softmax(features @ coefficients + intercept, axis=1)
    losses = -scores[numpy.arange(len(labels)), labels]
    return float(weights @ losses / weights.sum() + l2 / 2 * (coefficients**2).sum())


def gradient_norm(features, labels, weights, l2, coefficients, intercept):
    """max|dJ|, to show how far the solution is from the optimum."""
    errors = softmax(features @ coefficients + intercept, axis=1)
    errors[numpy.arange(len(labels)), labels] -= 1
    errors *= (weights / weights.sum())[:, None]
    return float(max(abs(features.T @ errors + l2 * coefficients).max(), abs(errors.sum(0)).max()))


def solve(features, labels, sample_weight, l2):
    """One case: the optimum for one penalty, with or without weights."""
    weights = numpy.ones(len(labels)) if sample_weight is None else sample_weight
    # Its lbfgs also stops on small progress, at a gradient of 2e-5 here; newton-cg goes on to the tolerance.
    model = LogisticRegression(
        C=1 / (l2 * weights.sum()), solver="newton-cg", multi_class="multinomial", tol=1e-7, max_iter=100_000
    )
    model.fit(features, labels, sample_weight=sample_weight)
    coefficients, intercept = model.coef_.T, model.intercept_
    problem = (features, labels, weights, l2, coefficients, intercept)
    return {
        "l2": l2,
        "sampleWeight": sample_weight is not None,
        "objective": objective(*problem),
        "gradientNorm": gradient_norm(*problem),
        "coefficients": coefficients.tolist(),
        "intercept": intercept.tolist(),
        "probabilities": model.predict_proba(features[PROBABILITY_ROWS]).tolist(),
        "accuracy": model.score(features, labels),
    }


def main():
    iris = load_iris()
    # Quarters are exact in float32; a weight of 0 takes its row out.
    sample_weight = numpy.array([(7 * row) % 9 / 4 for row in range(150)])
    cases = [
        solve(iris.data, iris.target, weights, l2) for l2 in (1e-1, 1e-2, 1e-3) for weights in (None, sample_weight)
    ]
    write(
        {
            "made by": f"test/golden/logistic.py with scikit-learn {sklearn.__version__}, newton-cg, float64",
            "features": iris.data.tolist(),
            "labels": iris.target.tolist(),
            "sampleWeight": sample_weight.tolist(),
            "probabilityRows": PROBABILITY_ROWS,
            "cases": cases,
        }
    )


def write(document):
    """One line a key, the cases one a line, every number with all its digits."""
    compact = lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    entries = []
    for key, value in document.items():
        text = "[\n" + ",\n".join(compact(item) for item in value) + "\n]" if key == "cases" else compact(value)
        entries.append(f"{compact(key)}:{text}")
    sys.stdout.write("{\n" + ",\n".join(entries) + "\n}\n")


if __name__ == "__main__":
    main()
