import { describe } from "vitest";
import {
  DataError,
  DisposedError,
  type ErrorCode,
  type Features,
  type FitOptions,
  LabelError,
  type LabelsLike,
  OptionError,
  ShapeError,
  SoftmaxRegression,
} from "../../../src/index.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { type ErrorClass, expectRefusal, SOUND } from "./refusal.js";

const { x, y } = SOUND;
const [NAN, INF] = [Number.NaN, Number.POSITIVE_INFINITY];

/** X with one value replaced, as float64. */
const xWith = (row: number, column: number, value: number): Features => {
  const copy = Float64Array.from(x.data);
  copy[row * 3 + column] = value;
  return { data: copy, shape: x.shape };
};
const yWith = (row: number, label: unknown): LabelsLike => y.map((c, i) => (i === row ? label : c)) as number[];
const weightsWith = (row: number, weight: number): number[] => y.map((_, i) => (i === row ? weight : 1));
const detached = (): Features => {
  const gone = x.data.slice();
  structuredClone(gone, { transfer: [gone.buffer] });
  return { data: gone, shape: x.shape };
};

type Given = { x?: unknown; y?: unknown; options?: FitOptions };
type Case = readonly [name: string, given: Given, kind: ErrorClass, code: ErrorCode, ...parts: string[]];

const FIT_CASES: readonly Case[] = [
  ["NaN in X", { x: xWith(7, 2, NAN) }, DataError, "NON_FINITE_INPUT", "fit: X contains NaN at row 7, column 2"],
  ["∞ in X", { x: xWith(0, 1, INF) }, DataError, "NON_FINITE_INPUT", "Infinity at row 0, column 1"],
  ["−∞ in X", { x: xWith(11, 0, -INF) }, DataError, "NON_FINITE_INPUT", "-Infinity at row 11, column 0"],
  [
    "a float64 beyond float32",
    { x: xWith(3, 1, 1e39) },
    DataError,
    "NON_FINITE_INPUT",
    "too large for float32",
    "row 3, column 1",
    "1e+39",
  ],
  ["a label below 0", { y: yWith(4, -1) }, LabelError, "BAD_LABEL", "row 4", "0, 1, 2", "got -1"],
  ["the label k", { y: yWith(5, 3) }, LabelError, "BAD_LABEL", "row 5", "got 3"],
  ["a fractional label", { y: yWith(6, 0.5) }, LabelError, "BAD_LABEL", "row 6", "got 0.5"],
  ["a label that is NaN", { y: yWith(2, NAN) }, LabelError, "BAD_LABEL", "row 2", "got NaN"],
  ["fewer labels than rows", { y: y.slice(1) }, ShapeError, "SHAPE_MISMATCH", "expected 12 labels", "got 11"],
  [
    "ragged rows",
    { x: y.map((_, i) => (i === 8 ? [1, 2] : [1, 2, 3])) },
    ShapeError,
    "RAGGED_ROWS",
    "row 8",
    "expected 3",
    "got 2",
  ],
  ["no rows", { x: [], y: [] }, DataError, "EMPTY_INPUT", "0 × 0"],
  [
    "no rows, with a shape",
    { x: { data: new Float32Array(0), shape: [0, 3] }, y: [] },
    DataError,
    "EMPTY_INPUT",
    "0 × 3",
  ],
  ["no features", { x: y.map(() => []) }, DataError, "EMPTY_INPUT", "12 × 0"],
  ["a detached buffer", { x: detached() }, DataError, "DETACHED_BUFFER", "fit: the buffer of X is detached"],
  [
    "64-bit integers",
    { x: { data: new BigInt64Array(36), shape: [12, 3] } },
    DataError,
    "UNSUPPORTED_TYPE",
    "BigInt64Array",
  ],
  [
    "a sparse matrix of other rows than labels",
    { x: { data: [1], indices: [0], indptr: [0, 1], shape: [1, 3] } },
    ShapeError,
    "SHAPE_MISMATCH",
    "expected 1 label",
  ],
  ["a negative weight", { options: { sampleWeight: weightsWith(9, -1) } }, DataError, "BAD_WEIGHTS", "row 9", "got -1"],
  [
    "a weight that is NaN",
    { options: { sampleWeight: weightsWith(1, NAN) } },
    DataError,
    "BAD_WEIGHTS",
    "row 1",
    "got NaN",
  ],
  ["weights all zero", { options: { sampleWeight: y.map(() => 0) } }, DataError, "BAD_WEIGHTS", "adds up to 0"],
  [
    "too few weights",
    { options: { sampleWeight: [1, 2] } },
    ShapeError,
    "SHAPE_MISMATCH",
    "expected 12 weights",
    "got 2",
  ],
  [
    "soft targets of other classes",
    { y: y.map(() => [0.5, 0.5]) },
    ShapeError,
    "SHAPE_MISMATCH",
    "expected 3 columns",
    "got 2",
  ],
  [
    "validation of other features",
    { options: { validation: { x: [[1]], y: [0] } } },
    ShapeError,
    "SHAPE_MISMATCH",
    "validation.x",
    "expected 3",
    "got 1",
  ],
  [
    "validation with an unknown label",
    { options: { validation: { x: [[1, 2, 3]], y: [9] } } },
    LabelError,
    "BAD_LABEL",
    "fit: validation",
    "got 9",
  ],
  [
    "validation without y",
    { options: { validation: { x } as never } },
    OptionError,
    "BAD_OPTION",
    "`validation`",
    "{ x, y }",
  ],
];

describe.each(ENGINE_DEVICES)("refused on %s, and nothing has changed:", (device) => {
  test.for(FIT_CASES)("fit: %s", async ([, given, kind, code, ...parts], { engines }) => {
    const train = (m: SoftmaxRegression) =>
      m.fit((given.x ?? x) as Features, (given.y ?? y) as LabelsLike, given.options);
    await expectRefusal(engines[device], train, kind, code, ...parts);
  });

  test("fit: one class only, among the labels or declared", async ({ engines }) => {
    const engine = engines[device];
    const bare = new SoftmaxRegression({ engine });
    await expectRefusal(
      engine,
      () =>
        bare.fit(
          x,
          y.map(() => 4),
        ),
      LabelError,
      "ONE_CLASS",
      "got only 4",
    );
    const declared = new SoftmaxRegression({ engine, classes: ["a"] });
    await expectRefusal(
      engine,
      () =>
        declared.fit(
          x,
          y.map(() => "a"),
        ),
      LabelError,
      "ONE_CLASS",
      "at least two",
    );
  });

  test("a tensor of another engine, or one that is gone, also for validation", async ({ engines }) => {
    const engine = engines[device];
    const other = engines[device === "cpu" ? "webgpu" : "cpu"];
    using foreign = other.tensor(x);
    const gone = engine.tensor(x);
    gone.dispose();
    for (const [rows, kind, code] of [
      [foreign, ShapeError, "SHAPE_MISMATCH"],
      [gone, DisposedError, "DISPOSED"],
    ] as const) {
      await expectRefusal(engine, (m) => m.fit(rows, y), kind, code, "fit: ");
      await expectRefusal(engine, (m) => m.fit(x, y, { validation: { x: rows, y } }), kind, code, "fit: ");
    }
  });
});
