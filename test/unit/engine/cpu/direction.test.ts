import { describe, expect, test } from "vitest";
import type { NextDirectionArguments } from "../../../../src/ops/next-direction.js";
import { nextDirection } from "../../../../src/ops/next-direction.js";
import type { HostMatrix, On } from "../../../../src/ops/op.js";
import { expectClose, expectSameBits, FLOAT32_ROUNDING } from "../../../support/compare.js";
import { f32Matrix, f32Vector } from "../../../support/op-cases.js";
import { randomValues } from "../../../support/random-matrix.js";
import { stateWith } from "../../../support/target-cases.js";
import { valuesFor } from "../../../support/value-cases.js";
import { BUILDS, simdOutputs } from "./simd-fixture.js";

type Arguments = On<NextDirectionArguments, HostMatrix>;

function caseOf(rows: number, columns: number, vectors: number, flags: Record<string, number> = {}): Arguments {
  const shape = { rows, columns };
  const coefficients = f32Vector(randomValues(vectors, 2));
  // What has no share in the direction may hold anything.
  const stack = valuesFor({ rows: vectors * rows, columns }, 1);
  coefficients.data[0] = 0;
  stack.data.fill(Number.NaN, 0, rows * columns);
  return {
    state: stateWith({ taken: 1, fresh: 1, step: 0.75, ...flags }),
    ...{ stack, coefficients, theta: valuesFor(shape, 3), direction: valuesFor(shape, 4) },
    penalisedRows: Math.ceil(rows / 2),
    out: f32Matrix(2, 4, new Float32Array(8).fill(7)),
  };
}

/** What the reference leaves in float32, as it does where there is no WebAssembly. */
function plainOutputs(args: Arguments): Record<"theta" | "direction" | "out", Float32Array> {
  const copyOf = (m: HostMatrix): HostMatrix => ({ ...m, data: m.data.slice() });
  const [theta, direction, out] = [args.theta, args.direction, args.out].map(copyOf);
  nextDirection.reference({ ...args, theta, direction, out });
  return { theta: theta.data, direction: direction.data, out: out.data } as never;
}

describe.each(BUILDS)("%s next direction", (build) => {
  test.each([
    [1, 1, 2],
    [3, 1, 3],
    [5, 7, 41],
    [2, 1023, 5],
    [4096, 1, 3],
    [613, 7, 9],
  ])("%d×%d of %d vectors has the plain path's bits", (rows, columns, vectors) => {
    // Of a preconditioned solver the stack's last vector is not the gradient.
    for (const gradient of [undefined, valuesFor({ rows, columns }, 5)]) {
      const args = { ...caseOf(rows, columns, vectors), gradient };
      const plain = plainOutputs(args);
      const actual = simdOutputs(nextDirection, args, { build });
      expectSameBits(actual.theta as Float32Array, plain.theta, "θ");
      expectSameBits(actual.direction as Float32Array, plain.direction, "D");
      // Terms are below `vectors` in size; their sums differ by the order in which float64 adds them up, then by one rounding.
      const floor = (rows * columns) ** 2 * vectors ** 2 * 2 ** -52;
      expectClose(actual.out, plain.out, { floor, relativeFloor: 2 * FLOAT32_ROUNDING, label: "sums" });
      const sliced = simdOutputs(nextDirection, args, { build, slice: 1, growing: true });
      for (const name of ["theta", "direction", "out"] as const) {
        expectSameBits(sliced[name] as Float32Array, actual[name] as Float32Array, name);
      }
    }
  });

  test.each([{ taken: 1, fresh: 0 }, { taken: 0, fresh: 1 }, { step: 0 }])("only what is wanted: %j", (flags) => {
    const args = caseOf(37, 5, 5, flags);
    if (flags.step === 0) args.direction.data.fill(Number.NaN);
    const actual = simdOutputs(nextDirection, args, { build });
    const plain = plainOutputs(args);
    expectSameBits(actual.theta as Float32Array, plain.theta);
    expectSameBits(actual.direction as Float32Array, plain.direction);
    expect(Array.from(actual.theta).every(Number.isFinite)).toBe(true);
    expect(actual.out[0] === 7).toBe(flags.fresh === 0);
  });

  test("nothing wanted, corners of l1, and what lies elsewhere have no work", () => {
    const args = caseOf(3, 2, 3);
    for (const other of [
      { ...args, state: stateWith({ taken: 0, fresh: 0, step: 1 }) },
      { ...args, l1: 0.1 },
    ]) {
      expect(() => simdOutputs(nextDirection, other, { build })).toThrow("expected SIMD work");
    }
    expect(() => simdOutputs(nextDirection, args, { build, outside: ["stack"] })).toThrow("expected SIMD work");
  });
});
