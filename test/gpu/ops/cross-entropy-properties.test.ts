import fc from "fast-check";
import { describe, expect } from "vitest";
import { crossEntropy } from "../../../src/ops/cross-entropy.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { f32Matrix, f32Vector, i32Vector, outputsOn, referenceOf } from "../../support/op-cases.js";
import { randomLabels, randomValues } from "../../support/random-matrix.js";
import { moderate, permuted, randomOrder, spoilt } from "../../support/row-cases.js";
import { crossEntropyCase, IGNORED, TARGET_OPTIONS, targetsFor } from "../../support/target-cases.js";
import { crossEntropyFloors, ULP } from "../../support/wgsl-accuracy.js";

const outputs = { loss: "written", gradient: "written" } as const;
const shapes = fc.record({ rows: fc.integer({ min: 1, max: 9 }), columns: fc.constantFrom(2, 7, 33, 90) });
const seeds = fc.integer({ min: 1, max: 1e6 });
const options = fc.constantFrom({}, ...TARGET_OPTIONS);
const runs = { numRuns: 10 };

type Case = ReturnType<typeof crossEntropyCase>;

/** Floors of one run on WebGPU; two runs that are compared may differ by twice as much. */
const floorsOf = (args: Case) =>
  crossEntropyFloors(args, referenceOf(crossEntropy, args, outputs).gradient as Float64Array);

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("each row of the gradient sums to 0", async ({ engines }) => {
    await fc.assert(
      fc.asyncProperty(shapes, seeds, options, async (shape, seed, option) => {
        const logits = moderate(shape, seed);
        const args = crossEntropyCase(logits, targetsFor(logits, option));
        const { gradient } = await outputsOn(engines[device], crossEntropy, args, outputs);
        const sums = Array.from({ length: shape.rows }, (_, i) =>
          Array.from(gradient?.slice(i * shape.columns, (i + 1) * shape.columns) ?? []).reduce((sum, g) => sum + g, 0),
        );
        // Errors of all classes: `floor` each where t > 0, and a share of Σ|dZ| ≤ 2·r·T ≤ 8 together.
        const floors = floorsOf(args).gradient;
        const floor = shape.columns * floors.floor + 8 * floors.relativeFloor;
        expectClose(sums, new Float64Array(shape.rows), { floor, label: JSON.stringify(option) });
      }),
      runs,
    );
  });

  test("a constant added to a row's logits changes nothing", async ({ engines }) => {
    await fc.assert(
      fc.asyncProperty(shapes, seeds, fc.integer({ min: -1000, max: 1000 }), async (shape, seed, constant) => {
        // Multiples of 2⁻¹² up to 4 stay exact when up to 1000 is added.
        const exact = Float32Array.from(moderate(shape, seed).data, (z) => Math.round(z * 4096) / 4096);
        const run = (data: Float32Array) =>
          outputsOn(
            engines[device],
            crossEntropy,
            crossEntropyCase(f32Matrix(shape.rows, shape.columns, data)),
            outputs,
          );
        const [plain, shifted] = [await run(exact), await run(exact.map((z) => z + constant))];
        for (const name of ["loss", "gradient"] as const) {
          expectSameBits(shifted[name] as Float32Array, plain[name] as Float32Array, name);
        }
      }),
      runs,
    );
  });

  test("classes may come in any order", async ({ engines }) => {
    await fc.assert(
      fc.asyncProperty(shapes, seeds, async (shape, seed) => {
        const { rows, columns } = shape;
        const logits = moderate(shape, seed);
        const order = randomOrder(columns, seed + 1);
        const args = { ...crossEntropyCase(logits), classWeight: f32Vector(randomValues(columns, seed + 2, 0.5, 2)) };
        const again = {
          ...args,
          logits: f32Matrix(rows, columns, permuted(logits.data as Float32Array, order)),
          labels: i32Vector(Array.from(args.labels?.data as Int32Array, (label) => order.indexOf(label))),
          classWeight: f32Vector(permuted(args.classWeight.data as Float32Array, order)),
        };
        const plain = await outputsOn(engines[device], crossEntropy, args, outputs);
        const other = await outputsOn(engines[device], crossEntropy, again, outputs);
        const { loss, gradient } = floorsOf(args);
        const twice = { floor: 2 * loss.floor, relativeFloor: 2 * loss.relativeFloor };
        expectClose(other.loss as Float32Array, plain.loss as Float32Array, twice);
        expectClose(other.gradient as Float32Array, permuted(plain.gradient as Float32Array, order), {
          floor: 2 * gradient.floor,
          relativeFloor: 2 * gradient.relativeFloor,
        });
      }),
      runs,
    );
  });

  test("equal logits lose ln k, whatever the label", async ({ engines }) => {
    for (const columns of [2, 3, 10, 100, 1000, 5000]) {
      const args = crossEntropyCase(f32Matrix(3, columns));
      const { loss } = await outputsOn(engines[device], crossEntropy, args, outputs);
      expectClose(loss as Float32Array, new Float64Array(3).fill(Math.log(columns)), floorsOf(args).loss);
    }
  });

  test("weight 2 is the row twice", async ({ engines }) => {
    const logits = moderate({ rows: 2, columns: 7 });
    const [first, second] = [logits.data.slice(0, 7), logits.data.slice(7)] as [Float32Array, Float32Array];
    const twice = f32Matrix(3, 7, Float32Array.of(...first, ...second, ...second));
    for (const reduction of ["mean", "sum"] as const) {
      const engine = engines[device];
      const [weighted, doubled] = [
        engine.crossEntropy(engine.tensor({ data: logits.data as Float32Array, shape: [2, 7] }), [3, 5], {
          sampleWeight: [1, 2],
          reduction,
        }),
        engine.crossEntropy(engine.tensor({ data: twice.data as Float32Array, shape: [3, 7] }), [3, 5, 5], {
          reduction,
        }),
      ];
      const [a, b, da, db] = await engine.read(weighted.loss, doubled.loss, weighted.gradient, doubled.gradient);
      // The same losses, added in another order and divided by the same number: 2 roundings and 2.5 ULP on each side.
      expectClose(a as Float32Array, b as Float32Array, { floor: 0, relativeFloor: 7 * ULP, label: reduction });
      const gradients = db as Float32Array;
      const merged = Float32Array.from({ length: 14 }, (_, e) => (e < 7 ? gradients[e] : 2 * gradients[e]) as number);
      // A factor of 2 is exact: only the division differs.
      expectClose(da as Float32Array, merged, { floor: 0, relativeFloor: 6 * ULP, label: reduction });
    }
  });

  test("a row of weight 0, or ignored, is absent whatever it holds", async ({ engines }) => {
    const clean = crossEntropyCase(moderate({ rows: 4, columns: 6 }));
    const garbage = spoilt(spoilt(spoilt(clean.logits, 12, "NaN"), 13, "infinity"), 14, "minus infinity");
    garbage.data.set([3e38, -3e38, 3e38], 15);
    const labels = clean.labels?.data as Int32Array;
    const labelled = (label: number) => i32Vector(labels.map((y, i) => (i === 2 ? label : y)));
    const plain = await outputsOn(engines[device], crossEntropy, clean, outputs);
    for (const absent of [
      { ...clean, logits: garbage, labels: labelled(IGNORED) },
      { ...clean, logits: garbage, rowWeight: f32Vector([1, 1, 0, 1]) },
      { ...clean, logits: garbage, rowWeight: f32Vector([1, 1, -0, 1]), labels: labelled(77) },
      { ...clean, logits: garbage, rowWeight: f32Vector([1, 1, Number.NaN, 1]), labels: labelled(IGNORED) },
    ]) {
      const { loss, gradient } = await outputsOn(engines[device], crossEntropy, absent, outputs);
      for (const [got, expected, width] of [[loss, plain.loss, 1] as const, [gradient, plain.gradient, 6] as const]) {
        const wanted = Float32Array.from(expected ?? [], (value, e) => (Math.floor(e / width) === 2 ? 0 : value));
        expectSameBits(got as Float32Array, wanted, device);
      }
    }
  });

  test("no row counts: loss 0, gradient 0", async ({ engines }) => {
    const engine = engines[device];
    const logits = engine.tensor([
      [1, 2, 3],
      [3, 1, 2],
    ]);
    for (const option of [{ sampleWeight: [0, 0] }, { ignoreIndex: 2 }, { classWeight: [1, 1, 0] }]) {
      const { loss, gradient } = engine.crossEntropy(logits, [2, 2], option);
      const [mean, d] = await engine.read(loss, gradient);
      expect([Number(mean?.[0]), ...Array.from(d ?? [], Math.abs)], JSON.stringify(option)).toEqual(
        new Array(7).fill(0),
      );
    }
  });
});

test("the gradient is what finite differences of the loss give", () => {
  // Central differences err by h²/6 times a third derivative below 8, and by 1e-16·ℓ/h of rounding.
  const h = 1e-4;
  for (const option of [{}, ...TARGET_OPTIONS]) {
    const logits = moderate({ rows: 5, columns: 6 });
    const args = crossEntropyCase(logits, targetsFor(logits, option));
    const truth = referenceOf(crossEntropy, args, outputs) as { gradient: Float64Array };
    const totalAt = (e: number, change: number): number => {
      const data = Float64Array.from(logits.data);
      data[e] = (data[e] as number) + change;
      const { loss } = referenceOf(crossEntropy, { ...args, logits: { ...logits, data } }, outputs);
      return (loss as Float64Array).reduce((sum, value) => sum + value, 0);
    };
    const differences = Array.from(logits.data, (_, e) => (totalAt(e, h) - totalAt(e, -h)) / (2 * h));
    expectClose(differences, truth.gradient, { floor: 1e-7, label: JSON.stringify(option) });
  }
});

test("labels are soft targets of one class", async ({ engines }) => {
  const logits = moderate({ rows: 9, columns: 5 });
  const labels = randomLabels(9, 5, 1);
  const oneHot = f32Matrix(
    9,
    5,
    Float32Array.from({ length: 45 }, (_, e) => Number(labels[Math.floor(e / 5)] === e % 5)),
  );
  const hard = { ...crossEntropyCase(logits), labels: i32Vector(labels) };
  const [a, b] = [
    await outputsOn(engines.webgpu, crossEntropy, hard, outputs),
    await outputsOn(engines.webgpu, crossEntropy, { ...hard, labels: undefined, soft: oneHot }, outputs),
  ];
  for (const name of ["loss", "gradient"] as const)
    expectSameBits(a[name] as Float32Array, b[name] as Float32Array, name);
});
