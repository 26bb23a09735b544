/** Many small steps in one launch against float64: shapes, formats, rules, targets; and that no cut between launches shows. */
import { describe, expect } from "vitest";
import { Tensor } from "../../../src/engine/tensor.js";
import { linearSgdStep } from "../../../src/ops/linear-sgd-step.js";
import type { HostMatrix } from "../../../src/ops/op.js";
import { MOST_RATES, type SmallBatchArguments } from "../../../src/ops/small-batch-arguments.js";
import { smallBatchSteps } from "../../../src/ops/small-batch-steps.js";
import { expectClose } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { f32Matrix, f32Vector, i32Vector, outputsOn, referenceOf, tensorOf } from "../../support/op-cases.js";
import { randomValues } from "../../support/random-matrix.js";
import type { SmallBatchCase } from "./small-batch-cases.js";
import { linearArguments, OUTPUTS, smallBatchArguments, smallBatchFloors } from "./small-batch-cases.js";

const CASES: readonly SmallBatchCase[] = [
  { n: 5, d: 1, k: 1, taken: 3, batchSize: 1 },
  { n: 20, d: 7, k: 3, taken: 11, batchSize: 4 },
  { n: 20, d: 7, k: 3, taken: 19, batchSize: 4, cosine: true },
  { n: 40, d: 4, k: 4, taken: 40, batchSize: 16, momentum: 0.75, intercept: false, weightDecay: 0.5, averageFrom: 3 },
  { n: 40, d: 33, k: 10, taken: 37, batchSize: 8, momentum: 0.75, nesterov: true, format: "u8" },
  { n: 40, d: 34, k: 10, taken: 37, batchSize: 13, adam: true, format: "u8 − ½", targets: { rowWeight: true } },
  { n: 30, d: 12, k: 17, taken: 30, batchSize: 10, format: "f16", targets: { rowWeight: true } },
  { n: 30, d: 10, k: 16, taken: 30, batchSize: 10, format: "f16", adam: true, weightDecay: 0.25, averageFrom: 4 },
  { n: 70, d: 5, k: 32, taken: 66, batchSize: 33, adam: true },
  { n: 70, d: 6, k: 31, taken: 50, batchSize: 64, momentum: 0.75 },
  { n: 70, d: 9, k: 5, taken: 60, batchSize: 32, targets: { soft: true, labelSmoothing: 0.1, rowWeight: true } },
  { n: 260, d: 3, k: 10, taken: 257, batchSize: 128, averageFrom: 1 },
  // None is averaged yet.
  { n: 20, d: 7, k: 3, taken: 11, batchSize: 4, averageFrom: 99 },
  { n: 9, d: 1030, k: 3, taken: 9, batchSize: 5, momentum: 0.75 },
];

describe("parity with float64", () => {
  test.for(CASES)("%j", async (size, { engines }) => {
    const args = smallBatchArguments(size);
    const truth = referenceOf(smallBatchSteps, args, OUTPUTS);
    const got = await outputsOn(engines.webgpu, smallBatchSteps, args, OUTPUTS);
    const floors = smallBatchFloors(args);
    expectClose(got.theta as Float32Array, truth.theta as Float64Array, { floor: floors.theta, label: "θ" });
    expectClose(got.losses as Float32Array, truth.losses as Float64Array, { floor: floors.losses, label: "losses" });
    if (!args.moments) return;
    expectClose(got.moments as Float32Array, truth.moments as Float64Array, { floor: floors.theta, label: "moments" });
  });
});

describe("one launch or several", () => {
  const ways: readonly SmallBatchCase[] = [
    { n: 40, d: 34, k: 10, taken: 37, batchSize: 5, adam: true, format: "u8", targets: { rowWeight: true } },
    { n: 40, d: 7, k: 3, taken: 37, batchSize: 4, momentum: 0.75, nesterov: true, weightDecay: 0.5, averageFrom: 5 },
    // A step more than there are rates in a launch.
    { n: 40, d: 7, k: 3, taken: 29, batchSize: 1, momentum: 0.75, nesterov: true, cosine: true },
  ];

  test.for(ways)("the same bits, and the same on every run: %j", async (size, { engines }) => {
    const engine = engines.webgpu;
    const args = smallBatchArguments(size);
    const batches = Math.ceil(size.taken / size.batchSize);
    const rateOf = (step: number): number =>
      args.learningRates[0] * (size.cosine ? (1 + Math.cos((Math.PI * step) / batches)) / 2 : 1);
    const bitsWith = async (stepsAtOnce: number): Promise<Uint32Array[]> => {
      const tensors = Object.entries(args).map(([name, value]) => [
        name,
        typeof value === "object" && "data" in value ? tensorOf(engine, value) : value,
      ]);
      const onDevice = Object.fromEntries(tensors) as SmallBatchArguments<Tensor>;
      for (let batch = 0; batch < batches; batch += stepsAtOnce) {
        const done = batch * size.batchSize;
        engine.run(smallBatchSteps, {
          ...onDevice,
          first: args.first + done,
          rows: Math.min(stepsAtOnce * size.batchSize, size.taken - done),
          firstSlot: (args.firstSlot + batch) % args.losses.rows,
          step: args.step + batch,
          learningRates: Array.from({ length: Math.min(stepsAtOnce, batches - batch, MOST_RATES) }, (_, i) =>
            rateOf(batch + i),
          ),
        });
      }
      const read = await engine.read(onDevice.theta, onDevice.moments as Tensor, onDevice.losses);
      for (const t of Object.values(onDevice)) if (t instanceof Tensor) t.dispose();
      return read.map((values) => new Uint32Array(values.buffer, values.byteOffset, values.length));
    };
    const together = await bitsWith(Math.min(batches, MOST_RATES));
    expect(await bitsWith(1)).toEqual(together);
    expect(await bitsWith(3)).toEqual(together);
    expect(await bitsWith(Math.min(batches, MOST_RATES))).toEqual(together);
  });

  test.for([
    { n: 40, d: 33, k: 10, taken: 40, batchSize: 8, momentum: 0.75, nesterov: true },
    { n: 40, d: 33, k: 10, taken: 37, batchSize: 8, format: "u8", targets: { rowWeight: true } },
  ] as const)("the same result as two launches a step: %j", async (size, { engines }) => {
    const args = smallBatchArguments(size);
    const { webgpu } = engines;
    const { theta } = await outputsOn(webgpu, smallBatchSteps, args, OUTPUTS);
    let state = { theta: args.theta, velocity: args.moments ?? f32Matrix(34, 10) };
    for (let done = 0; done < size.taken; done += size.batchSize) {
      const rows = Math.min(size.batchSize, size.taken - done);
      const one = { ...linearArguments(args), ...state, first: args.first + done, rows, loss: f32Vector([0, 0, 0, 0]) };
      const moved = await outputsOn(webgpu, linearSgdStep, one, { theta: "updated", velocity: "updated" });
      state = {
        theta: f32Matrix(34, 10, moved.theta as Float32Array),
        velocity: f32Matrix(34, 10, moved.velocity as Float32Array),
      };
    }
    // Either may be off by its floor.
    expectClose(theta as Float32Array, state.theta.data, { floor: 2 * smallBatchFloors(args).theta, label: "θ" });
  });
});

describe("faults", () => {
  const size: SmallBatchCase = { n: 20, d: 5, k: 3, taken: 20, batchSize: 5, momentum: 0.75 };
  const spoiled = (value: number, at: number, length: number): Float32Array => {
    const values = length === 100 ? randomValues(100, 45) : new Float32Array(length).fill(1);
    values[at] = value;
    return values;
  };
  /** Row 7 is in the second batch. */
  const inOrder = {
    ...smallBatchArguments(size),
    order: i32Vector(Array.from({ length: 20 }, (_, i) => i)),
    first: 0,
    firstSlot: 0,
    x: f32Matrix(20, 5, randomValues(100, 45)),
  };

  test.for([
    ["NaN in X", { x: f32Matrix(20, 5, spoiled(Number.NaN, 36, 100)) }],
    ["an infinite row weight", { rowWeight: f32Vector(spoiled(Number.POSITIVE_INFINITY, 7, 20)) }],
    ["a label that is no class", { labels: i32Vector(Array.from({ length: 20 }, (_, i) => (i === 7 ? 3 : i % 3))) }],
  ] as const)("%s: its batch tells of it, θ is NaN from then on", async ([, change], { engines }) => {
    const got = await outputsOn(engines.webgpu, smallBatchSteps, { ...inOrder, ...change }, OUTPUTS);
    const faults = [0, 1, 2, 3].map((slot) => got.losses[4 * slot + 3]);
    // All rows have logits that are no numbers once θ is lost.
    expect(faults).toEqual([0, 1, 5, 5]);
    expect(got.losses[4]).toSatisfy(Number.isFinite);
    expect([...got.theta].every(Number.isNaN)).toBe(true);
  });

  test("a row of weight 0 is absent, whatever it holds; a batch without any moves by the penalty alone", async ({
    engines,
  }) => {
    const rowWeight = new Float32Array(20).fill(1);
    rowWeight[7] = 0;
    rowWeight.fill(0, 10, 15);
    const weighted = { ...inOrder, rowWeight: f32Vector(rowWeight) };
    const worst = { ...weighted, x: f32Matrix(20, 5, spoiled(Number.NaN, 36, 100)) };
    const got = await outputsOn(engines.webgpu, smallBatchSteps, worst, OUTPUTS);
    const expected = await outputsOn(engines.webgpu, smallBatchSteps, weighted, OUTPUTS);
    expect(got).toEqual(expected);
    const truth = referenceOf(smallBatchSteps, weighted, OUTPUTS);
    const batches = { ...weighted, rowWeight: undefined };
    const { theta } = smallBatchFloors(batches);
    expectClose(got.theta as Float32Array, truth.theta as Float64Array, { floor: theta, label: "θ" });
    expect([...(got.losses as Float32Array).subarray(8, 12)]).toEqual([0, 0, 0, 0]);
  });

  test.for([0, MOST_RATES + 1])("%d learning rates are refused", async (count, { engines }) => {
    const args = { ...inOrder, learningRates: new Array<number>(count).fill(0.1) };
    await expect(outputsOn(engines.webgpu, smallBatchSteps, args, OUTPUTS)).rejects.toThrow(
      /smallBatchSteps: learningRates/,
    );
  });

  test("moments of the wrong shape are refused", ({ engines }) => {
    using theta = engines.webgpu.zeros([6, 3]);
    using moments = engines.webgpu.zeros([6, 3]);
    const { x, order, labels, losses } = inOrder;
    const made = { x, order, labels: labels as HostMatrix, losses };
    const tensors = Object.entries(made).map(([name, value]) => [name, tensorOf(engines.webgpu, value)] as const);
    const args = { ...inOrder, ...Object.fromEntries(tensors), theta, moments, adam: true };
    const run = (): void => engines.webgpu.run(smallBatchSteps, args as unknown as SmallBatchArguments<Tensor>);
    expect(run).toThrow(/smallBatchSteps: .*moments/);
    for (const [, t] of tensors) t.dispose();
  });
});
