#!/usr/bin/env python3
"""Losses of scores by PyTorch and fits by scikit-learn, in float64, as golden data for Luce.

    python3 test/golden/losses.py > test/golden/losses.json

`losses`: each row's loss, and the gradient of their sum, for random scores and labels: torch.nn.MultiMarginLoss, which divides by
the number of classes k, times k; the largest margin, squared distances of scores and of probabilities, and absolute distances of
probabilities by autograd. `ridge`: scikit-learn's Ridge on the one-hot targets of iris, whose objective Σ‖y − xW − b‖² + α‖W‖² is Luce's
times n for α = n · l2 / 2. `crammerSinger`: LinearSVC (liblinear) without an intercept, whose ½‖W‖² + C Σ ξ is Luce's over l2 for
C = 1 / (n · l2).
"""

import json
import sys

import numpy as np
import sklearn
import torch
from sklearn.datasets import load_iris
from sklearn.linear_model import Ridge
from sklearn.svm import LinearSVC

ROWS, CLASSES = 12, 5


def exact(values):
    """Multiples of 1/1024 are exact in float32."""
    return (values * 1024).round() / 1024


def losses_of(scores, labels, soft):
    """Name, form as Luce's option has it, targets, and each row's loss."""
    onehot = torch.nn.functional.one_hot(labels, CLASSES).double()
    probabilities = torch.softmax(scores, 1)
    for power in (1, 2):
        for delta in (1.0, 0.5):
            margin = torch.nn.MultiMarginLoss(p=power, margin=delta, reduction="none")
            yield {"name": "margin", "delta": delta, "power": power}, "labels", CLASSES * margin(scores, labels)
            own = scores.gather(1, labels[:, None])
            rivals = (delta - own + scores).masked_fill(onehot.bool(), -torch.inf).max(1).values.clamp(min=0)
            yield {"name": "margin", "delta": delta, "power": power, "form": "max"}, "labels", rivals**power
    for targets, q in (("labels", onehot), ("soft", soft)):
        yield {"name": "squared"}, targets, ((scores - q) ** 2).sum(1)
        yield {"name": "squared", "on": "probabilities"}, targets, ((probabilities - q) ** 2).sum(1)
        yield {"name": "absolute"}, targets, (probabilities - q).abs().sum(1)


def losses():
    generator = torch.Generator().manual_seed(7)
    scores = exact(2 * torch.randn(ROWS, CLASSES, generator=generator, dtype=torch.float64)).requires_grad_(True)
    labels = torch.randint(CLASSES, (ROWS,), generator=generator)
    soft = torch.softmax(torch.randn(ROWS, CLASSES, generator=generator, dtype=torch.float64), 1)
    soft = exact(soft)
    soft[:, 0] += 1 - soft.sum(1)
    cases = []
    for loss, targets, values in losses_of(scores, labels, soft):
        (gradient,) = torch.autograd.grad(values.sum(), scores, retain_graph=True)
        cases.append({"loss": loss, "targets": targets, "losses": values.tolist(), "gradient": gradient.tolist()})
    return {"scores": scores.tolist(), "labels": labels.tolist(), "soft": soft.tolist(), "cases": cases}


def ridge(x, y):
    onehot = np.eye(3)[y]
    weights = 1 + (np.arange(len(y)) % 3)
    fits = []
    for l2 in (0.1, 0.001):
        for sample_weight in (None, weights):
            total = len(y) if sample_weight is None else sample_weight.sum()
            model = Ridge(alpha=total * l2 / 2, solver="cholesky").fit(x, onehot, sample_weight=sample_weight)
            squares = ((onehot - model.predict(x)) ** 2).sum(1)
            fits.append(
                {
                    "l2": l2,
                    "sampleWeight": None if sample_weight is None else weights.tolist(),
                    "objective": np.average(squares, weights=sample_weight) + l2 / 2 * (model.coef_**2).sum(),
                    "coefficients": model.coef_.T.tolist(),
                    "intercept": model.intercept_.tolist(),
                }
            )
    return fits


def crammer_singer(x, y):
    fits = []
    for l2 in (0.1, 0.01):
        svc = LinearSVC(
            multi_class="crammer_singer", fit_intercept=False, C=1 / (len(y) * l2), tol=1e-5, max_iter=10**7, random_state=0
        ).fit(x, y)
        scores = x @ svc.coef_.T
        own = scores[np.arange(len(y)), y][:, None]
        rivals = np.where(np.eye(3)[y] == 1, -np.inf, 1 - own + scores).max(1)
        fits.append({"l2": l2, "objective": np.maximum(rivals, 0).mean() + l2 / 2 * (svc.coef_**2).sum()})
    return fits


def main():
    x, y = load_iris(return_X_y=True)
    document = {
        "made by": f"test/golden/losses.py with PyTorch {torch.__version__} and scikit-learn {sklearn.__version__}, float64",
        "losses": losses(),
        "ridge": ridge(x, y),
        "crammerSinger": crammer_singer(x, y),
    }
    compact = lambda value: json.dumps(value, separators=(",", ":"))
    lines = []
    for key, value in document.items():
        if key == "losses":
            cases = ",\n".join(compact(case) for case in value.pop("cases"))
            lines.append(f'"losses":{compact(value)[:-1]},"cases":[\n{cases}\n]}}')
        elif isinstance(value, list):
            rows = ",\n".join(compact(item) for item in value)
            lines.append(f"{compact(key)}:[\n{rows}\n]")
        else:
            lines.append(f"{compact(key)}:{compact(value)}")
    sys.stdout.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
