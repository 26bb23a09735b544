#!/usr/bin/env python3
"""Models that cross between Luce, PyTorch and scikit-learn, as golden data for Luce.

    python3 test/golden/interchange.py > test/golden/interchange.json

Reads luce-model.safetensors beside it, which Luce wrote, with a reader of its own (struct and json), and lets PyTorch predict by it.
Writes files as PyTorch's users do, again by hand, in each of the four types of floats. Everything is computed in float64 from
the weights that stand in the files.
"""

import base64
import json
import pathlib
import struct
import sys

import numpy
import sklearn
import torch
from scipy.special import softmax
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

HERE = pathlib.Path(__file__).parent
TYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "F64": torch.float64}


def parse(file):
    """The metadata and the float32 tensors of a safetensors file."""
    (length,) = struct.unpack("<Q", file[:8])
    header = json.loads(file[8 : 8 + length])
    data = file[8 + length :]
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        assert entry["dtype"] == "F32" and (8 + length + begin) % 4 == 0
        tensors[name] = torch.tensor(struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])).reshape(entry["shape"])
    assert sum(t.numel() for t in tensors.values()) * 4 == len(data)
    return metadata, tensors


def compose(tensors, dtype):
    """A safetensors file of the tensors, without metadata, in the order of their names."""
    header, data = {}, b""
    for name, tensor in sorted(tensors.items()):
        cast = tensor.to(TYPES[dtype])
        # numpy knows no bfloat16; its bits are those of an int16.
        raw = (cast.view(torch.int16) if dtype == "BF16" else cast).numpy().tobytes()
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def linear(tensors, x):
    """Probabilities by torch.nn.Linear with the tensors as its state."""
    k, d = tensors["weight"].shape
    layer = torch.nn.Linear(d, k, bias="bias" in tensors).double()
    layer.load_state_dict({name: tensor.double() for name, tensor in tensors.items()}, strict=True)
    with torch.no_grad():
        return layer(torch.tensor(x, dtype=torch.float64)).softmax(1).tolist()


def from_luce():
    metadata, tensors = parse((HERE / "luce-model.safetensors").read_bytes())
    x = [[0.5, -1.0], [2.0, 0.25], [-3.0, 4.0]]
    return {
        "metadata": metadata,
        "tensors": {name: tensor.tolist() for name, tensor in tensors.items()},
        "x": x,
        "probabilities": linear(tensors, x),
    }


def from_torch(dtype):
    torch.manual_seed(7)
    layer = torch.nn.Linear(5, 4)
    x = (torch.randint(-32, 33, (6, 5)) / 16).tolist()
    state = {name: tensor.to(TYPES[dtype]) for name, tensor in layer.state_dict().items()}
    return {
        "type": dtype,
        "file": base64.b64encode(compose(layer.state_dict(), dtype)).decode(),
        "weight": state["weight"].double().tolist(),
        "bias": state["bias"].double().tolist(),
        "x": x,
        "probabilities": linear(state, x),
    }


def from_sklearn(name, classes, multi_class):
    """scikit-learn's own fit on the rows of iris of these classes."""
    iris = load_iris()
    rows = numpy.isin(iris.target, classes)
    x, y = iris.data[rows], iris.target_names[iris.target[rows]]
    model = LogisticRegression(multi_class=multi_class, max_iter=1000).fit(x, y)
    shown = x[:: len(x) // 10]
    return {
        "name": name,
        "multinomial": multi_class == "multinomial",
        "coef": model.coef_.tolist(),
        "intercept": model.intercept_.tolist(),
        "classes": model.classes_.tolist(),
        "x": shown.tolist(),
        "probabilities": model.predict_proba(shown).tolist(),
    }


def to_sklearn(k):
    """What Luce's W [d x k] and b must become for scikit-learn to give Luce's probabilities."""
    random = numpy.random.default_rng(k)
    weights, bias = random.integers(-64, 65, (3, k)) / 32, random.integers(-64, 65, k) / 32
    x = random.integers(-32, 33, (8, 3)) / 16
    model = LogisticRegression()
    if k == 2:
        model.coef_, model.intercept_ = (weights[:, 1] - weights[:, 0])[None], bias[1:] - bias[:1]
    else:
        model.coef_, model.intercept_ = weights.T.copy(), bias
    model.classes_ = numpy.arange(k)
    probabilities = softmax(x @ weights + bias, axis=1)
    assert abs(model.predict_proba(x) - probabilities).max() < 1e-14
    return {
        "weights": weights.tolist(),
        "bias": bias.tolist(),
        "coef": model.coef_.tolist(),
        "intercept": model.intercept_.tolist(),
        "x": x.tolist(),
        "probabilities": model.predict_proba(x).tolist(),
    }


def main():
    document = {
        "made by": f"test/golden/interchange.py with PyTorch {torch.__version__}, scikit-learn {sklearn.__version__}",
        "luceFile": from_luce(),
        "torchFiles": [from_torch(dtype) for dtype in TYPES],
        "fromSklearn": [
            from_sklearn("three species", [0, 1, 2], "auto"),
            from_sklearn("two species, against the first", [1, 2], "auto"),
            from_sklearn("two species, multinomial", [1, 2], "multinomial"),
        ],
        "toSklearn": [to_sklearn(k) for k in (2, 3, 5)],
    }
    json.dump(document, sys.stdout, separators=(",", ":"), ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
