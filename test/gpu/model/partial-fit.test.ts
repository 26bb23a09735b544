/** `partialFit`: rows as they come, against the same steps taken by `fit`, and against what scikit-learn's users expect of it. */
import { describe, expect } from "vitest";
import {
  BusyError,
  CallbackError,
  type Engine,
  LabelError,
  OptionError,
  ShapeError,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { expectRejection } from "../../unit/data/fault.js";
import { clusters, rowsOf } from "./clusters.js";

const [N, D, K, BATCH] = [60, 4, 3, 10];
const data = clusters(N, D, K);
/** Three times twenty rows: no batch is cut in two. */
const parts = [0, 1, 2].map((part) =>
  rowsOf(
    data,
    Array.from({ length: 20 }, (_, i) => 20 * part + i),
  ),
);
const classes = [0, 1, 2];

const WAYS: readonly SoftmaxRegressionOptions[] = [
  { solver: "sgd" },
  { solver: "sgd", momentum: 0.9, nesterov: true },
  { solver: "adam" },
  { solver: "adamw", clipNorm: 0.3, weightDecay: 0.1 },
  // All calls are one epoch, and of one epoch the mean is of all steps.
  { solver: "sgd", averageWeights: true },
  { solver: "adamw", averageWeights: { from: 0.9 }, l1: 0.01 },
  { solver: "adam", learningRate: { schedule: "inverse-time", initial: 0.1, decay: 0.5 } },
  { solver: "sgd", learningRate: (step) => 0.5 / (1 + step) },
  { solver: "auto", learningRate: { schedule: "step", initial: 0.5, factor: 0.5, every: 3 } },
];

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  const create = (
    engines: Readonly<Record<string, Engine>>,
    options: SoftmaxRegressionOptions = {},
  ): SoftmaxRegression =>
    new SoftmaxRegression({
      engine: engines[device],
      ...(options?.solver !== "lbfgs" && { batchSize: BATCH, shuffle: false }),
      ...options,
    });

  test.for(WAYS.map((options) => [JSON.stringify(options), options] as const))(
    "three parts are one epoch of all, to the bit: %s",
    async ([, options], { engines }) => {
      const whole = create(engines, {
        ...options,
        solver: options.solver?.startsWith("adam") ? options.solver : "sgd",
        epochs: 1,
      });
      await whole.fit(data.x, data.y);
      const inParts = create(engines, options);
      const reports = [];
      for (const part of parts) reports.push(await inParts.partialFit(part.x, part.y, { classes }));
      expectSameBits(inParts.coef.data, whole.coef.data);
      expectSameBits(inParts.intercept, whole.intercept);
      expect(reports.map(({ iterations, stopReason }) => [iterations, stopReason])).toEqual(
        parts.map(() => [2, "max-iterations"]),
      );
    },
  );

  test("70 classes and weights: steps by separate ops go on too", async ({ engines }) => {
    const many = Array.from({ length: 70 }, (_, j) => j);
    const y = data.y.map((_, i) => (7 * i) % 70);
    const sampleWeight = y.map((_, i) => 1 + (i % 3));
    const whole = create(engines, { solver: "adam", epochs: 1, classes: many });
    await whole.fit(data.x, y, { sampleWeight });
    const inParts = create(engines, { solver: "adam", classes: many });
    for (const [p, part] of parts.entries()) {
      const rows = [20 * p, 20 * p + 20] as const;
      await inParts.partialFit(part.x, y.slice(...rows), { sampleWeight: sampleWeight.slice(...rows) });
    }
    // Weights are brought into [1, 2) by a power of two, which changes no bit.
    expectSameBits(inParts.coef.data, whole.coef.data);
  });

  test("rows that are seen again and again are learnt, in an order of their own each time", async ({ engines }) => {
    const model = create(engines, { shuffle: true, learningRate: 0.3 });
    for (let pass = 0; pass < 15; pass++) await model.partialFit(data.x, data.y, { classes });
    const fitted = create(engines, { solver: "lbfgs" });
    await fitted.fit(data.x, data.y);
    expect(await model.score(data.x, data.y)).toBeGreaterThan((await fitted.score(data.x, data.y)) - 0.1);
    const [again, inOrder] = [true, false].map((shuffle) => create(engines, { shuffle, learningRate: 0.3 }));
    for (const other of [again, inOrder])
      for (let pass = 0; pass < 15; pass++) await other.partialFit(data.x, data.y, { classes });
    expectSameBits(again.coef.data, model.coef.data);
    expect(inOrder.coef.data).not.toEqual(model.coef.data);
  });

  test("a fitted model learns on, and begins its steps anew", async ({ engines }) => {
    const model = create(engines, { solver: "adam", epochs: 2 });
    await model.fit(data.x, data.y);
    const loaded = SoftmaxRegression.fromJSON(JSON.parse(JSON.stringify(model)), {
      ...{ engine: engines[device], solver: "adam", batchSize: BATCH, shuffle: false },
    });
    for (const each of [model, loaded]) await each.partialFit(parts[0].x, parts[0].y);
    expectSameBits(loaded.coef.data, model.coef.data);
    // Calibration changes no weight: momentum goes on.
    const [plain, calibrated] = [create(engines, { momentum: 0.9 }), create(engines, { momentum: 0.9 })];
    for (const each of [plain, calibrated]) await each.partialFit(data.x, data.y, { classes });
    await calibrated.calibrate(data.x, data.y);
    for (const each of [plain, calibrated]) await each.partialFit(data.x, data.y);
    expectSameBits(calibrated.coef.data, plain.coef.data);
    expect(calibrated.temperature).toBe(1);
  });

  test("what is refused changes nothing", async ({ engines }) => {
    const model = create(engines, { momentum: 0.5 });
    const missing = model.partialFit(data.x, data.y);
    await expectRejection(missing, OptionError, "BAD_OPTION", "option `classes` is missing");
    await model.partialFit(data.x, data.y, { classes });
    const before = model.coef.data;
    const unknown = model.partialFit(
      data.x,
      data.y.map((c) => c + 1),
    );
    await expectRejection(unknown, LabelError, "BAD_LABEL", "partialFit: y has no usable label at row");
    const others = model.partialFit(data.x, data.y, { classes: [0, 1, 2, 3] });
    await expectRejection(others, LabelError, "BAD_LABEL", "expected 0, 1, 2, got 0, 1, 2, 3");
    const narrow = model.partialFit([[1], [2]], [0, 1]);
    await expectRejection(narrow, ShapeError, "SHAPE_MISMATCH", "partialFit: X has another number of features");
    const option = model.partialFit(data.x, data.y, { epochs: 3 } as object);
    await expectRejection(option, OptionError, "UNKNOWN_OPTION", "partialFit");
    const first = model.partialFit(parts[0].x, parts[0].y);
    await expectRejection(model.partialFit(data.x, data.y), BusyError, "BUSY", "partialFit");
    await first;
    expect(model.coef.data).not.toEqual(before);
  });

  test.for([
    [{ solver: "lbfgs" }, "solver"],
    [{ standardize: true }, "standardize"],
    [{ classWeight: "balanced" }, "classWeight"],
    [{ learningRate: { schedule: "cosine", initial: 1 } }, "learningRate"],
  ] as const)("%s needs all rows at once", async ([options, name], { engines }) => {
    const model = create(engines, options as SoftmaxRegressionOptions);
    const pass = model.partialFit(data.x, data.y, { classes });
    await expectRejection(pass, OptionError, "BAD_OPTION", `partialFit: option \`${name}\``);
    expect(() => model.coef).toThrow("has not been fitted");
  });

  test("progress is told, and a pass that is broken off leaves weights that can go on", async ({ engines }) => {
    const model = create(engines, { momentum: 0.9 });
    const told: number[] = [];
    await model.partialFit(data.x, data.y, { classes, onProgress: ({ iteration }) => told.push(iteration) });
    expect(told.at(-1)).toBe(N / BATCH);
    const failing = model.partialFit(data.x, data.y, {
      onProgress: () => {
        throw new Error("no");
      },
    });
    await expectRejection(failing, CallbackError, "CALLBACK_FAILED", "onProgress threw");
    await model.partialFit(data.x, data.y);
    expect(model.coef.data.every(Number.isFinite)).toBe(true);
  });
});
