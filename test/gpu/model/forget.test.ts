/** `forget`: the optimum without some rows, from where the model is, against a fit that never saw them. */
import { describe, expect } from "vitest";
import {
  type Engine,
  forget,
  LabelError,
  NotFittedError,
  OptionError,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { randomWeights } from "../../support/random-matrix.js";
import { expectRejection } from "../../unit/data/fault.js";
import { clusters, rowsOf } from "./clusters.js";
import { judge } from "./exact-objective.js";

const [N, D, K] = [200, 6, 3];
const data = clusters(N, D, K);
const [L2, TOLERANCE] = [0.02, 1e-5];
const leaving = [3, 17, 18, 60, 199, 17];
const staying = Array.from({ length: N }, (_, i) => i).filter((i) => !leaving.includes(i));
const rest = rowsOf(data, staying);

/** J is l2-strongly convex in V (W, where columns are as they are): two points with gradients below the tolerance, but for rounding. */
const LARGEST = data.x.data.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
const FLOOR = (2 * (TOLERANCE + (D + K + Math.sqrt(N)) * LARGEST * 2 ** -22) * Math.sqrt((D + 1) * K)) / L2;

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  const create = (
    engines: Readonly<Record<string, Engine>>,
    options: SoftmaxRegressionOptions = {},
  ): SoftmaxRegression => new SoftmaxRegression({ engine: engines[device], l2: L2, tolerance: TOLERANCE, ...options });

  test("two rows of a thousand, whose pull is below the tolerance: gone all the same, in fewer passes", async ({
    engines,
  }) => {
    const [l2, rows, out] = [1e-3, 1000, [7, 400]];
    const all = clusters(rows, 20, K);
    const others = rowsOf(
      all,
      Array.from({ length: rows }, (_, i) => i).filter((i) => !out.includes(i)),
    );
    const model = create(engines, { l2, tolerance: 1e-4 });
    await model.fit(all.x, all.y);
    // To its optimum, so that all that pulls is the rows to forget.
    await forget(model, all.x, all.y, []);
    const [before, pull] = [model.coef.data, judge(model, others, { l2 })];
    const report = await forget(model, all.x, all.y, out);
    expect(report.converged).toBe(true);
    const left = judge(model, others, { l2 });
    expect(left.gradientNorm).toBeLessThan(0.03 * pull.gradientNorm);
    const fresh = create(engines, { l2, tolerance: 0.01 * pull.gradientNorm });
    const anew = await fresh.fit(others.x, others.y);
    expect(report.passes).toBeLessThan(0.75 * anew.passes);
    const apart = (one: Float32Array, other: Float32Array): number => Math.hypot(...one.map((w, e) => w - other[e]));
    expect(apart(model.coef.data, fresh.coef.data)).toBeLessThan(0.1 * apart(before, fresh.coef.data));
  });

  test("the optimum is that of a fit without the rows", async ({ engines }) => {
    const model = create(engines);
    await model.fit(data.x, data.y);
    const before = model.coef.data;
    const report = await forget(model, data.x, data.y, leaving);
    const fresh = create(engines);
    const anew = await fresh.fit(rest.x, rest.y);
    expect(report.converged).toBe(true);
    expect(report.passes).toBeLessThan(anew.passes);
    expectClose(model.coef.data, [...fresh.coef.data], { floor: FLOOR });
    // The bound tells the two optima apart.
    expect(Math.max(...before.map((w, e) => Math.abs(w - fresh.coef.data[e])))).toBeGreaterThan(2 * FLOOR);
    // Nobody's word but that of the rest: dJ over it, in float64.
    expect(judge(model, rest, { l2: L2 }).gradientNorm).toBeLessThan(2 * TOLERANCE);
    expect(judge(model, data, { l2: L2 }).gradientNorm).toBeGreaterThan(20 * TOLERANCE);
  });

  test("with weights, of classes too, and scaled columns: as if the rows had not been there", async ({ engines }) => {
    const weights = randomWeights(N, 3);
    for (const options of [{ classWeight: "balanced" }, { standardize: true }] as const) {
      const [model, fresh] = [create(engines, options), create(engines, options)];
      await model.fit(data.x, data.y, { sampleWeight: weights });
      await forget(model, data.x, data.y, Int32Array.from(leaving), { sampleWeight: weights });
      await fresh.fit(rest.x, rest.y, { sampleWeight: staying.map((i) => weights[i] as number) });
      // Columns spread by about 1 here.
      expectClose(model.coef.data, [...fresh.coef.data], { floor: 2 * FLOOR });
    }
  });

  test("a model of any solver forgets by L-BFGS; soft targets too", async ({ engines }) => {
    const soft = {
      data: data.y.flatMap((label) => [0, 1, 2].map((j) => (j === label ? 0.8 : 0.1))),
      shape: [N, K] as const,
    };
    const targets = { data: Float32Array.from(soft.data), shape: soft.shape };
    const model = create(engines, { solver: "adam", epochs: 3 });
    await model.fit(data.x, targets);
    const report = await forget(model, data.x, targets, leaving);
    expect(report.converged).toBe(true);
    const penalty = { l2: L2, targets: staying.flatMap((i) => soft.data.slice(i * K, (i + 1) * K)) };
    expect(judge(model, rest, penalty).gradientNorm).toBeLessThan(2 * TOLERANCE);
  });

  test("what is refused changes nothing", async ({ engines }) => {
    const unfitted = forget(create(engines), data.x, data.y, [0]);
    await expectRejection(unfitted, NotFittedError, "NOT_FITTED", "forget");
    const model = create(engines);
    await model.fit(data.x, data.y);
    const before = model.coef.data;
    for (const rows of [[N], [-1], [0.5], ["1"], "0"] as unknown as number[][]) {
      await expectRejection(forget(model, data.x, data.y, rows), OptionError, "BAD_OPTION", "forget: rows");
    }
    const ofClass = data.y.flatMap((label, i) => (label === 1 ? [i] : []));
    await expectRejection(forget(model, data.x, data.y, ofClass), LabelError, "BAD_LABEL", "no row is left of 1");
    const others = forget(
      model,
      data.x,
      data.y.map((c) => c + 1),
      [0],
    );
    await expectRejection(others, LabelError, "BAD_LABEL", "forget: y has no usable label");
    const option = forget(model, data.x, data.y, [0], { classes: [0, 1, 2] } as object);
    await expectRejection(option, OptionError, "UNKNOWN_OPTION", "forget");
    expectSameBits(model.coef.data, before);
  });
});
