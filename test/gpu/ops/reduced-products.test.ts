import { expect } from "vitest";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import type { ReducedProductsArguments } from "../../../src/ops/reduced-products.js";
import { reducedProducts } from "../../../src/ops/reduced-products.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { asOnHardware, expectRounded, f32Matrix, outputsOn, runOp } from "../../support/op-cases.js";
import { nameOf, type RowCase, shapeOf } from "../../support/row-cases.js";
import { stateWith } from "../../support/target-cases.js";
import { VALUE_CASES, valuesFor } from "../../support/value-cases.js";
import { ULP } from "../../support/wgsl-accuracy.js";

type Arguments = On<ReducedProductsArguments, HostMatrix>;
const outputs = { gram: "updated", out: "updated" } as const;

/** Two of three values may not move. */
function caseOf({ rows, columns }: RowCase, pairs: number, slot: number): Arguments {
  const stack = valuesFor({ rows: (2 * pairs + 1) * rows, columns }, 3);
  for (let e = 0; e < rows * columns; e++) if (e % 3 !== 1) stack.data[2 * pairs * rows * columns + e] = 0;
  const gram = f32Matrix(2 * pairs, pairs, new Float32Array(2 * pairs * pairs).fill(1));
  return { stack, pairs, state: stateWith({ slot }), gram, out: f32Matrix(1, 4 * (2 * pairs + 1)) };
}

/** A product, 3 sums in its quad, as many as a thread has quads and a workgroup levels: ½ ULP of Σ |a·b| each. */
function floorOf({ stack, pairs }: Arguments): number {
  const length = stack.data.length / (2 * pairs + 1);
  return (5 + length / 4 / 8 + 7) * 0.5 * ULP * length;
}

for (const [device, op] of [
  ["software", reducedProducts],
  ["hardware", asOnHardware(reducedProducts)],
] as const) {
  test.for(VALUE_CASES.map(nameOf))(`%s, workgroups as on ${device}`, async (name, { engines }) => {
    for (const [pairs, slot] of [
      [1, 0],
      [3, 2],
    ] as const) {
      const args = caseOf(shapeOf(name), pairs, slot);
      const { truth, webgpu, cpu } = await runOp(engines, op, args, outputs);
      // The sign of a curvature that is no more than rounding may be either; the newest pair's is not judged here.
      const certain = (r: number, j: number): boolean => r !== j || j === slot || truth.gram[r * pairs + j] > 0;
      for (const key of ["gram", "out"] as const) {
        const kept = (values: ArrayLike<number>): number[] =>
          Array.from(values).filter((_, e) => key === "out" || certain(Math.floor(e / pairs), e % pairs));
        expectClose(kept(webgpu[key]), kept(truth[key]), { floor: floorOf(args), label: `webgpu ${key} ${name}` });
        expectRounded(cpu[key], truth[key], `cpu ${key} ${name}`);
      }
    }
  });
}

test("20 pairs of 785×10: the products of all pairs where g is not 0", async ({ engines }) => {
  const pairs = 20;
  const slot = 7;
  const args = caseOf({ rows: 785, columns: 10 }, pairs, slot);
  const { webgpu } = await runOp(engines, reducedProducts, args, outputs);
  const vectors = Array.from({ length: 2 * pairs + 1 }, (_, r) =>
    Array.from(args.stack.data.subarray(r * 7850, (r + 1) * 7850)),
  );
  const g = vectors[2 * pairs];
  const dot = (a: number, b: number): number =>
    vectors[a].reduce((sum, v, e) => sum + (g[e] === 0 ? 0 : v * vectors[b][e]), 0);
  for (let r = 0; r <= 2 * pairs; r++) {
    const products = [dot(r, slot), dot(r, pairs + slot), dot(r, 2 * pairs), 0];
    expectClose(webgpu.out.slice(4 * r, 4 * r + 4), products, { floor: floorOf(args), label: `vector ${r}` });
    if (r === 2 * pairs) continue;
    for (let j = 0; j < pairs; j++) {
      const product = dot(r, pairs + j);
      const counts = r !== j || j === slot || product > 0;
      expectClose([webgpu.gram[r * pairs + j]], [counts ? product : 0], {
        floor: floorOf(args),
        label: `gram ${r}, ${j}`,
      });
    }
  }
});

test("a pair that did not count, or has no curvature here, counts no longer; the newest is left to be judged", async ({
  engines,
}) => {
  // One value that moves, in pairs (s, y) of curvature 2, 2, −2 and −2; the last is the newest.
  const stack = f32Matrix(9, 1, Float32Array.of(1, 1, 1, 1, 2, 2, -2, -2, 1));
  const gram = f32Matrix(8, 4, new Float32Array(32).fill(1));
  gram.data[0] = 0;
  const args = { stack, pairs: 4, state: stateWith({ slot: 3 }), gram, out: f32Matrix(1, 36) };
  const { webgpu, cpu } = await runOp(engines, reducedProducts, args, outputs);
  for (const { gram: found } of [webgpu, cpu]) expect([0, 5, 10, 15].map((e) => found[e])).toEqual([0, 2, 0, -2]);
});

test("nothing is done when the solver has stopped or still searches", async ({ engines }) => {
  for (const state of [stateWith({ running: 0 }), stateWith({ trials: 2 })]) {
    const args = { ...caseOf({ rows: 9, columns: 5 }, 2, 1), state };
    args.out.data.fill(7);
    args.gram.data.fill(7);
    const { webgpu, cpu } = await runOp(engines, reducedProducts, args, outputs);
    for (const { gram, out } of [webgpu, cpu]) expect([...gram, ...out].every((v) => v === 7)).toBe(true);
  }
});

test("the same arguments give the same bits", async ({ engines }) => {
  const args = caseOf({ rows: 257, columns: 7 }, 3, 1);
  const first = await outputsOn(engines.webgpu, reducedProducts, args, outputs);
  const second = await outputsOn(engines.webgpu, reducedProducts, args, outputs);
  for (const name of ["gram", "out"] as const) {
    expectSameBits(second[name] as Float32Array, first[name] as Float32Array);
  }
});
