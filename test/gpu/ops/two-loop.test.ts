/** The recursion itself is tested in test/unit/solvers/curvature-memory.test.ts against the textbook's; here, that devices follow it. */
import { describe, expect } from "vitest";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { STATE } from "../../../src/ops/solver-state.js";
import { stackProducts } from "../../../src/ops/stack-products.js";
import type { TwoLoopArguments } from "../../../src/ops/two-loop.js";
import { MOST_PAIRS, twoLoop } from "../../../src/ops/two-loop.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { expectRounded, f32Matrix, f32Vector, outputsOn, runOp } from "../../support/op-cases.js";
import { randomValues } from "../../support/random-matrix.js";
import { stateWith } from "../../support/target-cases.js";
import { ULP } from "../../support/wgsl-accuracy.js";

type Arguments = On<TwoLoopArguments, HostMatrix>;
const outputs = { gram: "updated", state: "updated", coefficients: "updated" } as const;
const LENGTH = 256;

/** Products of random pairs with y = A·s, A diagonal from 1 to 2, of which those in `missing` do not count. */
function caseOf(pairs: number, slot: number, parts = 1, missing: readonly number[] = []): Arguments {
  const stack = f32Matrix((2 * pairs + 1) * LENGTH, 1);
  for (let i = 0; i < pairs; i++) {
    const s = randomValues(LENGTH, i + 1);
    stack.data.set(s, i * LENGTH);
    stack.data.set(
      s.map((v, e) => v * (1 + (e % 5) / 4)),
      (pairs + i) * LENGTH,
    );
  }
  stack.data.set(randomValues(LENGTH, 77), 2 * pairs * LENGTH);
  const gram = f32Matrix(2 * pairs, pairs);
  const productsWith = (newest: number): HostMatrix => {
    const out = f32Matrix(1, 4 * (2 * pairs + 1));
    stackProducts.reference({ stack, pairs, state: stateWith({ slot: newest }), out });
    return out;
  };
  for (let j = 0; j < pairs; j++) {
    const { data } = productsWith(j);
    for (let i = 0; i < pairs; i++) {
      gram.data[i * pairs + j] = data[4 * i + 1] as number;
      gram.data[(pairs + i) * pairs + j] = data[4 * (pairs + i) + 1] as number;
    }
  }
  for (const i of [...missing, slot]) gram.data[i * pairs + i] = 0;
  const whole = productsWith(slot).data;
  const products = f32Matrix(parts, whole.length);
  for (let p = 0; p < parts; p++)
    products.data.set(
      (whole as Float32Array).map((v) => v / parts),
      p * whole.length,
    );
  return {
    products,
    trials: 4,
    gram,
    state: stateWith({ fresh: 1, step: 0.5, slot }),
    coefficients: f32Vector(new Float32Array(2 * pairs + 1)),
  };
}

/**
 * Each of 2m steps takes its share off or adds it to m inner products of up to 2·LENGTH/3, and divides: 4 roundings of that,
 * magnified along the way by at most max A / min A = 2, over curvatures of LENGTH/3 at least.
 */
const floorOf = (pairs: number): number => 2 * pairs * 4 * 2 * 2 * ULP;

describe.for([1, 2, 3, 5, 20, MOST_PAIRS])("%i pairs", (pairs) => {
  test("wherever the newest stands, in one part or several", async ({ engines }) => {
    for (const slot of new Set([0, pairs >> 1, pairs - 1])) {
      for (const parts of [1, 4]) {
        const args = caseOf(pairs, slot, parts);
        const { truth, webgpu, cpu } = await runOp(engines, twoLoop, args, outputs);
        expect(truth.state[STATE.pairs]).toBe(pairs);
        expectClose(webgpu.coefficients, truth.coefficients, { floor: floorOf(pairs), label: `webgpu, slot ${slot}` });
        expectRounded(cpu.coefficients, truth.coefficients, `cpu, slot ${slot}`);
        for (const { gram, state } of [webgpu, cpu]) {
          expectRounded(gram, truth.gram, `products, slot ${slot}`);
          expectSameBits(state as Float32Array, Float32Array.from(truth.state));
        }
      }
    }
  });

  test("pairs that do not count have no share", async ({ engines }) => {
    const missing = Array.from({ length: pairs }, (_, i) => i).filter((i) => i % 2 === 1);
    const args = caseOf(pairs, 0, 1, missing);
    for (const i of missing) args.gram.data.fill(Number.NaN, (pairs + i) * pairs, (pairs + i) * pairs + i);
    const clean = caseOf(pairs, 0, 1, missing);
    const { webgpu } = await runOp(engines, twoLoop, clean, outputs);
    for (const i of missing)
      expect([webgpu.coefficients[i], webgpu.coefficients[pairs + i]].map(Math.abs)).toEqual([0, 0]);
    expect(webgpu.state[STATE.pairs]).toBe(pairs - missing.length);
  });

  test("forgotten after a search that failed: the gradient alone", async ({ engines }) => {
    const args = caseOf(pairs, 0);
    const failed = { ...args, state: stateWith({ fresh: 1, failed: 1 }) };
    const { truth, webgpu, cpu } = await runOp(engines, twoLoop, failed, outputs);
    for (const { coefficients, gram, state } of [webgpu, cpu]) {
      expect(Array.from(coefficients)).toEqual(Array.from(truth.coefficients));
      expect(Array.from(coefficients).filter((v) => v !== 0)).toHaveLength(1);
      for (let i = 0; i < pairs; i++) expect(gram[i * pairs + i]).toBe(0);
      expect([state[STATE.pairs], state[STATE.trials], state[STATE.steps], state[STATE.failed]]).toEqual([0, 1, 0, 0]);
    }
  });

  test("nothing is done unless a fresh direction is wanted", async ({ engines }) => {
    const args = { ...caseOf(pairs, 0), state: stateWith({ fresh: 0, pairs: 2 }) };
    args.coefficients.data.fill(7);
    const results = await outputsOn(engines.webgpu, twoLoop, args, outputs);
    for (const name of ["gram", "state", "coefficients"] as const) {
      expectSameBits(results[name] as Float32Array, args[name].data as Float32Array, name);
    }
  });
});

test.for([2 ** -40, 0.25, 0.999, 1, 2, 4, 2 ** 41, 1e30])(
  "‖g‖² = %d: the same share of the gradient on both",
  async (squares, { engines }) => {
    const args = { ...caseOf(2, 0), state: stateWith({ fresh: 1, failed: 1 }) };
    args.products.data[4 * 4 + 2] = squares;
    const { webgpu, cpu } = await runOp(engines, twoLoop, args, outputs);
    expect(webgpu.coefficients[4]).toBe(cpu.coefficients[4]);
    expect(Math.log2(-(cpu.coefficients[4] as number))).toBe(
      -Math.max(0, 2 * Math.floor(Math.log2(Math.sqrt(squares)))) + 0,
    );
  },
);
