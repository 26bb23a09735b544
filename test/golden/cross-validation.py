#!/usr/bin/env python3
"""scikit-learn's cross-validated logistic regression on iris, solved to the end in float64, as golden data for Luce.

    python3 test/golden/cross-validation.py > test/golden/cross-validation.json

Luce minimises J = mean loss + (l2 / 2) |W|^2 over a fold's training rows; scikit-learn minimises C sum_i l_i + |W|^2 / 2. They are the
same for C = 1 / (l2 n), n training rows: 120 of 150 in each of five folds. The features are those of logistic.json, less CENTRE.
"""

import json
import sys
import warnings

import numpy
import sklearn
from scipy.special import softmax
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import StratifiedKFold

PENALTIES = [1, 1e-1, 1e-2]
CENTRE = [5.75, 3, 3.75, 1.25]
"""Near the means; the intercept takes it up, and a longest row of 4 instead of 11 makes for sharper bounds."""
TRAINING_ROWS = 120


def gradient_norm(features, labels, splits, model):
    """The largest max|dJ| of all folds and penalties, to show how far the solutions are from the optima."""
    largest = 0.0
    for fold, (training, _) in enumerate(splits):
        x, y = features[training], labels[training]
        for c, l2 in enumerate(PENALTIES):
            theta = numpy.array([model.coefs_paths_[j][fold][c] for j in sorted(model.coefs_paths_)])
            w, b = theta[:, :-1].T, theta[:, -1]
            errors = softmax(x @ w + b, axis=1)
            errors[numpy.arange(len(y)), y] -= 1
            errors /= len(y)
            largest = max(largest, abs(x.T @ errors + l2 * w).max(), abs(errors.sum(0)).max())
    return float(largest)


def scores(features, labels, splits, scoring):
    """[folds x penalties], the penalty that is chosen, and what is left of the gradients."""
    model = LogisticRegressionCV(
        Cs=[1 / (l2 * TRAINING_ROWS) for l2 in PENALTIES],
        cv=splits,
        scoring=scoring,
        solver="newton-cg",
        multi_class="multinomial",
        tol=1e-7,
        max_iter=100_000,
        refit=True,
    )
    with warnings.catch_warnings():
        # Its line search ends where float64 does; the gradients tell how near that is.
        warnings.simplefilter("ignore")
        model.fit(features, labels)
    # One entry a class, all alike where the classes are fitted together.
    chosen = round(1 / (model.C_[0] * TRAINING_ROWS), 12)
    return next(iter(model.scores_.values())), chosen, gradient_norm(features, labels, splits, model)


def main():
    iris = load_iris()
    splits = list(StratifiedKFold(n_splits=5, shuffle=True, random_state=7).split(iris.data, iris.target))
    folds = [0] * len(iris.target)
    for fold, (training, held) in enumerate(splits):
        assert len(training) == TRAINING_ROWS
        for row in held:
            folds[row] = fold
    features = iris.data - CENTRE
    losses, best, left = scores(features, iris.target, splits, "neg_log_loss")
    accuracies, _, _ = scores(features, iris.target, splits, "accuracy")
    document = {
        "made by": f"test/golden/cross-validation.py with scikit-learn {sklearn.__version__}, newton-cg, float64",
        "folds": folds,
        "centre": CENTRE,
        "l2s": PENALTIES,
        "logLoss": (-losses.T).tolist(),
        "accuracy": accuracies.T.tolist(),
        "best": best,
        "gradientNorm": left,
    }
    sys.stdout.write("{\n" + ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in document.items()) + "\n}\n")


if __name__ == "__main__":
    main()
