#!/usr/bin/env python3
"""PyTorch's cross-entropy over its option matrix, in float64, as golden data for Luce.

    python3 test/golden/cross-entropy.py > test/golden/cross-entropy.json

Every case holds its options, the loss and the gradient with respect to the logits; where the reduction is "none" the
loss is one value a row and the gradient is that of their sum. Matrices are lists of rows.
"""

import itertools
import json
import sys

import torch
import torch.nn.functional as F

IGNORED = -100


def make_problems():
    """Small logits with both kinds of target; the last is one confidently wrong row."""
    generator = torch.Generator().manual_seed(20190607)
    problems = []
    for name, rows, classes in (("7x5", 7, 5), ("3x2", 3, 2)):
        # Multiples of 1/1024 are exact in float32, so a float32 kernel starts from the very same numbers.
        exact = lambda values: (values * 1024).round() / 1024
        logits = exact(3 * torch.randn(rows, classes, generator=generator, dtype=torch.float64))
        shares = torch.rand(rows, classes, generator=generator, dtype=torch.float64)
        shares = exact(shares / shares.sum(1, keepdim=True))
        shares[range(rows), shares.argmax(1)] += 1 - shares.sum(1)  # rounding took a little: rows sum to 1 again
        problems.append(
            {
                "name": name,
                "logits": logits,
                "labels": torch.randint(classes, (rows,), generator=generator),
                "softTargets": shares,
                "classWeight": exact(0.25 + 2 * torch.rand(classes, generator=generator, dtype=torch.float64)),
            }
        )
    problems.append(
        {
            "name": "confidently wrong",
            "logits": torch.tensor([[40.0, 0.0, 0.0]], dtype=torch.float64),
            "labels": torch.tensor([1]),
            "softTargets": torch.tensor([[0.0, 1.0, 0.0]], dtype=torch.float64),
            "classWeight": torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64),
        }
    )
    return problems


def evaluate(problem, targets, weighted, smoothing, ignoring, reduction):
    """One case: loss and gradient for one set of options."""
    logits = problem["logits"].clone().requires_grad_(True)
    target = problem["labels"].clone() if targets == "integer" else problem["softTargets"]
    if ignoring:
        target[1] = IGNORED
    loss = F.cross_entropy(
        logits,
        target,
        weight=problem["classWeight"] if weighted else None,
        ignore_index=IGNORED,
        reduction=reduction,
        label_smoothing=smoothing,
    )
    loss.sum().backward()
    return {
        "problem": problem["name"],
        "targets": targets,
        "ignoredRow": 1 if ignoring else None,
        "classWeight": weighted,
        "labelSmoothing": smoothing,
        "reduction": reduction,
        "loss": loss.tolist(),
        "gradient": logits.grad.tolist(),
    }


def main():
    problems = make_problems()
    cases = []
    for problem, targets, weighted, smoothing, ignoring, reduction in itertools.product(
        problems, ("integer", "soft"), (False, True), (0, 0.1), (False, True), ("none", "mean", "sum")
    ):
        # Soft targets know no ignored index, and a row that is alone cannot be spared.
        if ignoring and (targets == "soft" or len(problem["logits"]) == 1):
            continue
        cases.append(evaluate(problem, targets, weighted, smoothing, ignoring, reduction))
    tensors = lambda problem: {key: value if key == "name" else value.tolist() for key, value in problem.items()}
    write(
        {
            "made by": f"test/golden/cross-entropy.py with PyTorch {torch.__version__}, float64",
            "ignoreIndex": IGNORED,
            "problems": [tensors(problem) for problem in problems],
            "cases": cases,
        }
    )


def write(document):
    """One line for each problem and each case, every number with all its digits."""
    compact = lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    entries = []
    for key, value in document.items():
        many = isinstance(value, list)
        text = "[\n" + ",\n".join(compact(item) for item in value) + "\n]" if many else compact(value)
        entries.append(f"{compact(key)}:{text}")
    sys.stdout.write("{\n" + ",\n".join(entries) + "\n}\n")


if __name__ == "__main__":
    main()
