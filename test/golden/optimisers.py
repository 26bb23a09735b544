#!/usr/bin/env python3
"""Steps of PyTorch's optimisers on iris in float64, as golden data for Luce.

    python3 test/golden/optimisers.py > test/golden/optimisers.json

A linear softmax model from zeros, minibatches of 32 rows in the order of the file, 8 epochs: 40 steps. Features are those of iris divided
by 8, in float32. W has weight decay and the l2 of the loss, b has neither: it is a parameter group of its own. `clip` is
torch.nn.utils.clip_grad_norm_ over both, which divides by the norm plus 1e-6; `averageFrom` the epoch from which
torch.optim.swa_utils.AveragedModel takes in the parameters after each step. `norms` are the gradients' before they are clipped.
"""

import json
import sys

import numpy as np
import sklearn
import torch
from sklearn.datasets import load_iris
from torch.optim.swa_utils import AveragedModel

BATCH, EPOCHS = 32, 8

CASES = [
    {"solver": "adamw", "rate": 0.05},
    {"solver": "adamw", "rate": 0.05, "weightDecay": 0.5, "averageFrom": 4},
    {"solver": "adam", "rate": 0.05, "l2": 0.01, "clip": 0.7},
    {"solver": "sgd", "rate": 0.5, "l2": 0.01, "clip": 0.8},
    {"solver": "sgd", "rate": 0.25, "l2": 0.01, "momentum": 0.75, "nesterov": True, "clip": 0.6, "averageFrom": 4},
    {"solver": "sgd", "rate": 0.5, "l2": 0.0, "averageFrom": 0},
    {"solver": "adamw", "rate": 0.02, "weightDecay": 0.1, "clip": 0.8, "averageFrom": 6},
]


def optimiser(model, case):
    rate = case["rate"]
    if case["solver"] == "sgd":
        momentum, nesterov = case.get("momentum", 0), case.get("nesterov", False)
        return torch.optim.SGD(model.parameters(), lr=rate, momentum=momentum, nesterov=nesterov)
    decay = case.get("weightDecay", 0.01 if case["solver"] == "adamw" else 0)
    groups = [{"params": [model.weight], "weight_decay": decay}, {"params": [model.bias], "weight_decay": 0}]
    return (torch.optim.AdamW if case["solver"] == "adamw" else torch.optim.Adam)(groups, lr=rate)


def trained(x, y, case):
    model = torch.nn.Linear(x.shape[1], 3).double()
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    averaged = AveragedModel(model) if "averageFrom" in case else None
    steps = optimiser(model, case)
    norms = []
    for epoch in range(EPOCHS):
        for first in range(0, len(x), BATCH):
            rows = slice(first, first + BATCH)
            loss = torch.nn.functional.cross_entropy(model(x[rows]), y[rows])
            loss = loss + case.get("l2", 0) / 2 * (model.weight**2).sum()
            steps.zero_grad()
            loss.backward()
            limit = case.get("clip", float("inf"))
            norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), limit)))
            steps.step()
            if averaged and epoch >= case["averageFrom"]:
                averaged.update_parameters(model)
    last = averaged.module if averaged else model
    return {
        **case,
        "coefficients": last.weight.detach().T.tolist(),
        "intercept": last.bias.detach().tolist(),
        "norms": norms,
    }


def main():
    iris = load_iris()
    features = (iris.data / 8).astype(np.float32)
    x = torch.tensor(features.astype(np.float64))
    y = torch.tensor(iris.target)
    made_by = f"test/golden/optimisers.py with PyTorch {torch.__version__} and scikit-learn {sklearn.__version__}, float64"
    golden = {"made by": made_by, "batchSize": BATCH, "epochs": EPOCHS, "cases": [trained(x, y, case) for case in CASES]}
    json.dump(golden, sys.stdout, indent=None, separators=(",", ":"))
    print()


main()
