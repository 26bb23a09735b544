/** What cannot be judged is refused by name. */
import { expect, test } from "vitest";
import {
  accuracy,
  brierScore,
  calibrationError,
  classificationReport,
  confusionMatrix,
  DataError,
  type ErrorCode,
  LabelError,
  type LuceError,
  logLoss,
  OptionError,
  precisionRecallF1,
  reliabilityCurve,
  rocAuc,
  ShapeError,
} from "../../../src/index.js";
import { expectFault } from "../data/fault.js";

type ErrorClass = new (code: ErrorCode, message: string) => LuceError;
type Case = readonly [name: string, call: () => unknown, kind: ErrorClass, code: ErrorCode, ...parts: string[]];

const P = [
  [0.5, 0.5],
  [1, 0],
];
const odd = (value: unknown): never => value as never;

const CASES: readonly Case[] = [
  ["other lengths", () => accuracy([0, 1], [0]), ShapeError, "SHAPE_MISMATCH", "accuracy", "expected 2, got 1"],
  ["no rows", () => confusionMatrix([], []), DataError, "EMPTY_INPUT", "confusionMatrix"],
  ["no list", () => accuracy(odd("ab"), ["a"]), DataError, "UNSUPPORTED_TYPE", 'the string "ab"'],
  ["NaN as a label", () => accuracy([0, Number.NaN], [0, 1]), LabelError, "BAD_LABEL", "row 1", "a number"],
  ["two types", () => accuracy([0, 1], odd(["0", 1])), LabelError, "BAD_LABEL", "row 0", 'the string "0"'],
  [
    "a rejected row",
    () => accuracy([0, 1], odd([0, null])),
    LabelError,
    "BAD_LABEL",
    "row 1",
    "Leave rejected rows out",
  ],
  [
    "an undeclared label",
    () => accuracy([0, 2], [0, 0], { classes: [0, 1] }),
    LabelError,
    "BAD_LABEL",
    "0, 1",
    "got 2",
  ],
  ["classes twice", () => accuracy([0], [0], { classes: [0, 0] }), OptionError, "BAD_OPTION", "each label once"],
  ["weights short", () => accuracy([0, 1], [0, 1], { sampleWeight: [1] }), ShapeError, "SHAPE_MISMATCH", "expected 2"],
  ["a weight below 0", () => accuracy([0, 1], [0, 1], { sampleWeight: [1, -1] }), DataError, "BAD_WEIGHTS", "row 1"],
  ["no weight", () => rocAuc([0, 1], [0, 1], { sampleWeight: [0, 0] }), DataError, "BAD_WEIGHTS", "above 0"],
  [
    "an unknown option",
    () => accuracy([0], [0], odd({ sampleWeights: [1] })),
    OptionError,
    "UNKNOWN_OPTION",
    "sampleWeight",
  ],
  [
    "zeroDivision",
    () => precisionRecallF1([0, 1], [0, 1], { zeroDivision: odd(2) }),
    OptionError,
    "BAD_OPTION",
    "0 or 1",
  ],
  ["digits", () => classificationReport([0, 1], [0, 1], { digits: 2.5 }), OptionError, "BAD_OPTION", "got 2.5"],
  [
    "normalize",
    () => confusionMatrix([0, 1], [0, 1], { normalize: odd("true") }),
    OptionError,
    "BAD_OPTION",
    "expected",
  ],
  ["epsilon", () => logLoss([0, 1], P, { epsilon: 0.5 }), OptionError, "BAD_OPTION", "epsilon"],
  ["bins", () => calibrationError([0, 1], P, { bins: 0 }), OptionError, "BAD_OPTION", "bins"],
  [
    "a label that is no class",
    () => reliabilityCurve([0, 1], P, { label: 2 }),
    OptionError,
    "BAD_OPTION",
    "0, 1",
    "got 2",
  ],
  ["columns short", () => rocAuc([0, 1, 2], [0, 1, 2]), ShapeError, "SHAPE_MISMATCH", "3 columns", "one score a row"],
  ["a class that does not occur", () => logLoss([0, 0], P), ShapeError, "SHAPE_MISMATCH", "Name all classes"],
  ["rows short", () => logLoss([0, 1, 1], P), ShapeError, "SHAPE_MISMATCH", "expected 3", "got 2"],
  ["ragged rows", () => brierScore([0, 1], [[1, 0], [1]]), ShapeError, "RAGGED_ROWS", "row 1"],
  [
    "a shape not filled",
    () => brierScore([0, 1], { data: [1, 0], shape: [2, 2] }),
    ShapeError,
    "SHAPE_MISMATCH",
    "2 values",
  ],
  ["NaN", () => rocAuc([0, 1], [0, Number.NaN]), DataError, "NON_FINITE_INPUT", "row 1"],
  ["text", () => rocAuc([0, 1], odd([0, "1"])), DataError, "UNSUPPORTED_TYPE", 'the string "1"'],
  ["below 0", () => brierScore([0, 1], [[1.1, -0.1], P[1]]), DataError, "BAD_PROBABILITY", "row 0"],
  ["sums", () => logLoss([0, 1], [[0.5, 0.4], P[1]]), DataError, "BAD_PROBABILITY", "row 0", "0.9"],
  ["no logarithms", () => logLoss([0, 1], P, { logarithms: true }), DataError, "BAD_PROBABILITY", "0.5"],
  ["one column of logarithms", () => logLoss([0, 1], [-1, -1], { logarithms: true }), OptionError, "BAD_OPTION"],
];

for (const [name, call, kind, code, ...parts] of CASES) {
  test(name, () => {
    expectFault(call, kind, code, ...parts);
  });
}

test("inputs are left as they are", () => {
  const labels = Object.freeze(["a", "b", "a"]);
  const p = { data: Float64Array.of(0.5, 0.5, 1, 0, 0.25, 0.75), shape: Object.freeze([3, 2]) };
  const before = p.data.slice();
  for (const metric of [logLoss, brierScore, rocAuc, calibrationError]) metric(labels, p);
  expect(p.data).toEqual(before);
});
