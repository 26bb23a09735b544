import { expect } from "vitest";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import type { StackProductsArguments } from "../../../src/ops/stack-products.js";
import { stackProducts } from "../../../src/ops/stack-products.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { asOnHardware, columnSums, expectRounded, f32Matrix, outputsOn, runOp } from "../../support/op-cases.js";
import { nameOf, type RowCase, shapeOf } from "../../support/row-cases.js";
import { stateWith } from "../../support/target-cases.js";
import { VALUE_CASES, valuesFor } from "../../support/value-cases.js";
import { ULP } from "../../support/wgsl-accuracy.js";

type Arguments = On<StackProductsArguments, HostMatrix>;
const outputs = { out: "updated" } as const;

const caseOf = ({ rows, columns }: RowCase, pairs: number, slot: number, chunks: number): Arguments => ({
  stack: valuesFor({ rows: (2 * pairs + 1) * rows, columns }, 3),
  pairs,
  state: stateWith({ slot }),
  out: f32Matrix(chunks, 4 * (2 * pairs + 1)),
});

/** The newest pair and the gradient beside the stack, as with a preconditioner. */
const apart = (shape: RowCase): Pick<Arguments, "newest"> => ({
  newest: valuesFor({ rows: 3 * shape.rows, columns: shape.columns }, 4),
});

/** A product, 3 sums in its quad, then as many as a thread has quads and a workgroup levels, then the chunks: ½ ULP of Σ |s·v| each. */
function floorOf({ stack, out }: Arguments): number {
  const length = stack.data.length / (out.columns / 4);
  return (5 + length / 4 / out.rows / 8 + 7 + out.rows) * 0.5 * ULP * length;
}

for (const [device, op] of [
  ["software", stackProducts],
  ["hardware", asOnHardware(stackProducts)],
] as const) {
  test.for(VALUE_CASES.map(nameOf))(`%s, workgroups as on ${device}`, async (name, { engines }) => {
    for (const [pairs, slot, chunks] of [
      [1, 0, 1],
      [3, 2, 5],
    ] as const) {
      const shape = shapeOf(name);
      const own = caseOf(shape, pairs, slot, chunks);
      for (const args of [own, { ...own, ...apart(shape) }]) {
        const { truth, webgpu, cpu } = await runOp(engines, op, args, outputs);
        const [sums, onGpu] = [truth.out, webgpu.out].map((out) => columnSums(out, args.out));
        expectClose(onGpu, sums, { floor: floorOf(args), label: `webgpu ${name}` });
        expectRounded(columnSums(cpu.out, args.out), sums, `cpu ${name}`);
      }
    }
  });
}

test.for([7, 20, 40])(
  "%i pairs of 785×10: each vector by the newest pair and the gradient",
  async (pairs, { engines }) => {
    const args = caseOf({ rows: 785, columns: 10 }, pairs, pairs - 1, 3);
    const { webgpu } = await runOp(engines, stackProducts, args, outputs);
    const sums = columnSums(webgpu.out, args.out);
    const vectors = Array.from({ length: 2 * pairs + 1 }, (_, r) => args.stack.data.subarray(r * 7850, (r + 1) * 7850));
    const [s, y, g] = [vectors[pairs - 1], vectors[2 * pairs - 1], vectors[2 * pairs]];
    const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, v, e) => sum + v * b[e], 0);
    const expected = vectors.flatMap((v) => [dot(s, v), dot(y, v), dot(g, v), 0]);
    expectClose(sums, expected, { floor: floorOf(args) });
  },
);

test("a pair and a gradient that lie apart are what the products are with", async ({ engines }) => {
  // Vectors (1, 2), (3, 4), (5, 6) by s = (1, 0), y = (0, 1), g = (1, 1).
  const args: Arguments = {
    stack: f32Matrix(6, 1, Float32Array.of(1, 2, 3, 4, 5, 6)),
    newest: f32Matrix(6, 1, Float32Array.of(1, 0, 0, 1, 1, 1)),
    pairs: 1,
    state: stateWith({ slot: 0 }),
    out: f32Matrix(1, 12),
  };
  const { webgpu, cpu } = await runOp(engines, stackProducts, args, outputs);
  for (const { out } of [webgpu, cpu]) expect(Array.from(out)).toEqual([1, 2, 3, 0, 3, 4, 7, 0, 5, 6, 11, 0]);
});

test("nothing is done when the solver has stopped or still searches", async ({ engines }) => {
  for (const state of [stateWith({ running: 0 }), stateWith({ trials: 2 })]) {
    const args = { ...caseOf({ rows: 9, columns: 5 }, 2, 1, 3), state };
    args.out.data.fill(7);
    const { webgpu, cpu } = await runOp(engines, stackProducts, args, outputs);
    for (const { out } of [webgpu, cpu]) expect(Array.from(out).every((v) => v === 7)).toBe(true);
  }
});

test("the same arguments give the same bits", async ({ engines }) => {
  const args = caseOf({ rows: 785, columns: 10 }, 5, 3, 3);
  const [first, second] = [
    await outputsOn(engines.webgpu, stackProducts, args, outputs),
    await outputsOn(engines.webgpu, stackProducts, args, outputs),
  ];
  expectSameBits(second.out as Float32Array, first.out as Float32Array);
});
