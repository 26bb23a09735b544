#!/usr/bin/env python3
"""scikit-learn's metrics of predictions and probabilities, in float64, as golden data for Luce.

    python3 test/golden/metrics.py > test/golden/metrics.json

Probabilities are stored as whole numbers, `numerators`, to be divided by the sum of their row, so that both sides have the
same bits; the case of 1,000 classes is made by a formula that the test repeats (see `thousand`). What scikit-learn 1.2 does not
have is written out: the Brier score of many classes, and the expected calibration error.
"""

import json
import sys
import warnings

import numpy
import sklearn
from sklearn import metrics
from sklearn.calibration import calibration_curve

BINS = 15


def one_vs_rest(labels, scores, weights, classes):
    """Areas for each class, null where it is not defined. Of two classes the second column decides for both."""
    if len(classes) == 2:
        return [metrics.roc_auc_score(labels == classes[1], scores[:, 1], sample_weight=weights)] * 2
    areas = []
    for column, label in enumerate(classes):
        own = labels == label
        counted = own if weights is None else own[weights > 0]
        if counted.all() or not counted.any():
            areas.append(None)
        else:
            areas.append(metrics.roc_auc_score(own, scores[:, column], sample_weight=weights))
    return areas


def expected_calibration_error(right, confidence, weights):
    """As Guo et al. define it, with bins open on the left, as calibration_curve has them."""
    bins = numpy.searchsorted(numpy.linspace(0, 1, BINS + 1)[1:-1], confidence)
    gaps = numpy.bincount(bins, weights=weights * (right - confidence), minlength=BINS)
    return float(abs(gaps).sum() / weights.sum())


def answers(labels, predictions, probabilities, scores, weights, classes):
    """All metrics of one case."""
    given = {"sample_weight": weights}
    ones = numpy.ones(len(labels)) if weights is None else weights
    onehot = labels[:, None] == classes[None, :]
    confidence = probabilities.max(axis=1)
    right = classes[probabilities.argmax(axis=1)] == labels
    second = labels == classes[-1]
    curve_true, curve_mean = calibration_curve(second, probabilities[:, -1], n_bins=BINS)
    epsilon = 2.0**-52
    many = len(classes) > 100
    found = {
        "accuracy": metrics.accuracy_score(labels, predictions, **given),
        "balancedAccuracy": metrics.balanced_accuracy_score(labels, predictions, **given),
        "adjusted": metrics.balanced_accuracy_score(labels, predictions, adjusted=True, **given),
        "perClass": [
            [column.tolist() for column in metrics.precision_recall_fscore_support(
                labels, predictions, labels=classes, zero_division=zero, **given)]
            for zero in (0, 1)
        ],
        "averages": {
            average: [
                metrics.precision_recall_fscore_support(
                    labels, predictions, labels=classes, zero_division=zero, average=average, **given)[:3]
                for zero in (0, 1)
            ]
            for average in ("macro", "micro", "weighted")
        },
        "logLoss": metrics.log_loss(labels, probabilities, eps=epsilon, labels=classes, **given),
        "brierBothHalves": float(ones @ ((probabilities - onehot) ** 2).sum(axis=1) / ones.sum()),
        "calibrationError": expected_calibration_error(right, confidence, ones),
        "curve": [curve_true.tolist(), curve_mean.tolist()],
        "areas": one_vs_rest(labels, scores, weights, classes),
    }
    if not many:
        found["confusion"] = metrics.confusion_matrix(labels, predictions, labels=classes, **given).tolist()
        found["normalized"] = {
            ours: metrics.confusion_matrix(labels, predictions, labels=classes, normalize=theirs, **given).tolist()
            for ours, theirs in (("expected", "true"), ("predicted", "pred"), ("all", "all"))
        }
    if not many and weights is None and set(labels) | set(predictions) == set(classes):
        found["report"] = metrics.classification_report(labels, predictions, digits=3, zero_division=0)
    if len(classes) == 2:
        found["brier"] = metrics.brier_score_loss(second, probabilities[:, 1], **given)
    elif set(labels) == set(classes):
        for average in ("macro", "weighted"):
            area = metrics.roc_auc_score(
                labels, probabilities, multi_class="ovr", average=average, labels=classes, **given)
            # Its plain mean is NaN where a class has only rows of weight 0; ours leaves such classes out.
            found[f"area {average}"] = None if numpy.isnan(area) else area
    return found


def case(name, classes, rows, seed, top, weights=None, absent=None, certain=False):
    """Few rows over small whole numbers, so that ties are many; `top` is the largest numerator."""
    random = numpy.random.RandomState(seed)
    classes = numpy.array(classes)
    k = len(classes)
    present = [j for j in range(k) if j != absent]
    truth = random.choice(present, rows)
    numerators = random.randint(0, top + 1, (rows, k)) + 1
    numerators[numpy.arange(rows), truth] += random.randint(0, top + 1, rows)
    if certain:
        # Rows that are sure of a class, of the right one or of another: probabilities of exactly 0 and 1.
        for row in range(0, rows, 3):
            numerators[row] = 0
            numerators[row, (truth[row] + row) % k] = 1
    probabilities = numerators / numerators.sum(axis=1, keepdims=True)
    predicted = probabilities.argmax(axis=1)
    weights = None if weights is None else weights(rows)
    labels = classes[truth]
    return {
        "name": name,
        "classes": classes.tolist(),
        "labels": labels.tolist(),
        "predictions": classes[predicted].tolist(),
        "numerators": numerators.tolist(),
        "sampleWeight": None if weights is None else weights.tolist(),
        **answers(labels, classes[predicted], probabilities, numerators, weights, classes),
    }


def thousand(weights=None):
    """1,200 rows of 1,000 classes: numerator (7919 i + 10473 j + 31 (i j mod 97)) mod 1009 + 1, and 500 more at the label 7 i mod 1000."""
    i, j = numpy.meshgrid(numpy.arange(1200), numpy.arange(1000), indexing="ij")
    numerators = (7919 * i + 10473 * j + 31 * (i * j % 97)) % 1009 + 1
    labels = 7 * numpy.arange(1200) % 1000
    numerators[numpy.arange(1200), labels] += 500
    probabilities = numerators / numerators.sum(axis=1, keepdims=True)
    weights = None if weights is None else weights(1200)
    classes = numpy.arange(1000)
    predictions = probabilities.argmax(axis=1)
    found = answers(labels, predictions, probabilities, numerators, weights, classes)
    # Sums tell as much as a thousand lines.
    found["perClass"] = [[float(numpy.sum(column)) for column in columns] for columns in found["perClass"]]
    found["areas"] = found["areas"][:20]
    name = "a thousand classes" + ("" if weights is None else ", weighted")
    return {"name": name, "sampleWeight": None if weights is None else weights.tolist(), **found}


def quarters(rows):
    """Quarters are exact; every fourth row or so counts for nothing."""
    return numpy.array([(7 * row) % 9 // 2 / 4 for row in range(rows)])


def main():
    warnings.simplefilter("ignore")
    animals = ["ant", "bee", "cat", "dog"]
    cases = [
        case("two classes, many ties", [0, 1], 40, 1, 2),
        case("two classes, weighted", [0, 1], 40, 2, 3, weights=quarters),
        case("two classes, certain rows", [0, 1], 30, 3, 5, certain=True),
        case("four names", animals, 60, 4, 3),
        case("four names, weighted", animals, 60, 5, 9, weights=quarters),
        case("a class absent from the rows", animals, 50, 6, 4, absent=2),
        case("a class absent, weighted, certain rows", animals, 50, 7, 4, weights=quarters, absent=0, certain=True),
        case("seven classes, few rows", [-3, -1, 0, 2, 10, 11, 100], 21, 8, 1),
    ]
    document = {
        "made by": f"test/golden/metrics.py with scikit-learn {sklearn.__version__}, float64",
        "bins": BINS,
        "cases": cases,
        "thousand": [thousand(), thousand(quarters)],
    }
    compact = lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    entries = []
    for key, value in document.items():
        lines = key in ("cases", "thousand")
        text = "[\n" + ",\n".join(compact(item) for item in value) + "\n]" if lines else compact(value)
        entries.append(f"{compact(key)}:{text}")
    sys.stdout.write("{\n" + ",\n".join(entries) + "\n}\n")


if __name__ == "__main__":
    main()
