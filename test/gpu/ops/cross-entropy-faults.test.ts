import { describe, expect } from "vitest";
import type { CrossEntropyOptions, Targets } from "../../../src/engine/cross-entropy.js";
import { DataError, LabelError, type LuceError, OptionError, ShapeError } from "../../../src/errors.js";
import type { Engine } from "../../../src/index.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";

type Fault = readonly [
  name: string,
  error: new (...args: never[]) => LuceError,
  code: string,
  words: RegExp,
  targets: Targets,
  options: CrossEntropyOptions,
];
/** Two rows of three classes. */
const logitsOn = (engine: Engine) =>
  engine.tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);

const FAULTS: readonly Fault[] = [
  ["a label = k", LabelError, "BAD_LABEL", /row 1 .* got 3/, [0, 3], {}],
  ["a negative label", LabelError, "BAD_LABEL", /row 0 .* got -1/, [-1, 0], {}],
  ["a fraction", LabelError, "BAD_LABEL", /row 1 .* got 0.5/, [0, 0.5], {}],
  ["NaN for a label", LabelError, "BAD_LABEL", /row 1 .* got NaN/, Float32Array.of(0, Number.NaN), {}],
  ["−100 when another label is ignored", LabelError, "BAD_LABEL", /row 0 .* got -100/, [-100, 0], { ignoreIndex: -1 }],
  ["too few labels", ShapeError, "SHAPE_MISMATCH", /expected 2.* got 1/, [0], {}],
  ["too many labels", ShapeError, "SHAPE_MISMATCH", /expected 2.* got 3/, Int32Array.of(0, 1, 2), {}],
  [
    "soft targets of other shape",
    ShapeError,
    "SHAPE_MISMATCH",
    /2 × 3.*2 × 2/,
    [
      [0, 1],
      [1, 0],
    ],
    {},
  ],
  [
    "soft targets that are not finite",
    DataError,
    "NON_FINITE_INPUT",
    /row 1/,
    [
      [0, 1, 0],
      [0, Number.NaN, 1],
    ],
    {},
  ],
  ["a negative class weight", DataError, "BAD_WEIGHTS", /classWeight 2 .* got -1/, [0, 1], { classWeight: [1, 1, -1] }],
  [
    "NaN for a sample weight",
    DataError,
    "BAD_WEIGHTS",
    /sampleWeight 1 .* got NaN/,
    [0, 1],
    { sampleWeight: [1, Number.NaN] },
  ],
  [
    "an infinite sample weight",
    DataError,
    "BAD_WEIGHTS",
    /sampleWeight 0/,
    [0, 1],
    { sampleWeight: [Number.POSITIVE_INFINITY, 1] },
  ],
  [
    "a class weight beyond float32",
    DataError,
    "BAD_WEIGHTS",
    /classWeight 1.*got 1e\+300/,
    [0, 1],
    { classWeight: [1, 1e300, 1] },
  ],
  [
    "an ignored label that would wrap round to class 0",
    OptionError,
    "BAD_OPTION",
    /ignoreIndex.*32 bits/,
    [2 ** 32, 1],
    { ignoreIndex: 2 ** 32 },
  ],
  [
    "smoothing in a string",
    OptionError,
    "BAD_OPTION",
    /labelSmoothing.*the string "0.5"/,
    [0, 1],
    { labelSmoothing: "0.5" as unknown as number },
  ],
  [
    "too few class weights",
    ShapeError,
    "SHAPE_MISMATCH",
    /classWeight .*expected 3, got 2/,
    [0, 1],
    { classWeight: [1, 1] },
  ],
  [
    "too many sample weights",
    ShapeError,
    "SHAPE_MISMATCH",
    /sampleWeight .*expected 2, got 3/,
    [0, 1],
    { sampleWeight: [1, 1, 1] },
  ],
  ["smoothing above 1", OptionError, "BAD_OPTION", /labelSmoothing .* got 1.5/, [0, 1], { labelSmoothing: 1.5 }],
  ["negative smoothing", OptionError, "BAD_OPTION", /labelSmoothing .* got -0.1/, [0, 1], { labelSmoothing: -0.1 }],
  ["NaN for smoothing", OptionError, "BAD_OPTION", /labelSmoothing .* got NaN/, [0, 1], { labelSmoothing: Number.NaN }],
  ["an ignored fraction", OptionError, "BAD_OPTION", /ignoreIndex .* got 0.5/, [0, 1], { ignoreIndex: 0.5 }],
  [
    "an unknown reduction",
    OptionError,
    "BAD_OPTION",
    /"none", "mean" or "sum", got avg/,
    [0, 1],
    { reduction: "avg" as "mean" },
  ],
];

describe.each(ENGINE_DEVICES)("engine.crossEntropy on %s refuses", (device) => {
  test.for(FAULTS)("%s", ([, error, code, words, targets, options], { engines }) => {
    const engine = engines[device];
    using logits = logitsOn(engine);
    const { buffers } = engine.stats();
    const call = () => engine.crossEntropy(logits, targets, options);
    expect(call).toThrow(error);
    expect(call).toThrow(words);
    expect(call).toThrow(expect.objectContaining({ code }));
    expect(engine.stats().buffers, "nothing stays behind").toBe(buffers);
  });

  test("tensors of the wrong length", ({ engines }) => {
    const engine = engines[device];
    using logits = logitsOn(engine);
    using labels = engine.zeros([7], "i32");
    using weights = engine.zeros([7]);
    const { buffers } = engine.stats();
    expect(() => engine.crossEntropy(logits, labels)).toThrow(/labels.*got 1 × 7/);
    expect(() => engine.crossEntropy(logits, [0, 1], { classWeight: weights })).toThrow(/classWeight.*got 1 × 7/);
    expect(() => engine.crossEntropy(logits, [0, 1], { sampleWeight: weights })).toThrow(/sampleWeight.*got 1 × 7/);
    expect(engine.stats().buffers, "nothing stays behind").toBe(buffers);
  });
});
