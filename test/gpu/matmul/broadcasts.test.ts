/** The kernel that software adapters take for narrow products: B shared by broadcasts, wherever the adapter has subgroups. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine, type Engine } from "../../../src/index.js";
import { matmul } from "../../../src/ops/matmul.js";
import { expectSameBits } from "../../support/compare.js";
import { referenceOf } from "../../support/op-cases.js";
import type { Extras, Order, Sizes } from "./products.js";
import { expectProduct, ORDERS, plannedAs, plannedBy, productOf, resultOn } from "./products.js";

/** Of the engine's own making, since it is the engine that asks for the feature. */
let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ device: "webgpu" });
});
afterAll(() => engine.dispose());

/** Round four of the depth, a quad, and a workgroup's 32 and 64 rows; every width modulo 4; tall, long, prime; sums that are split. */
const SHAPES: readonly Sizes[] = [
  { m: 1, k: 1, n: 1 },
  { m: 31, k: 3, n: 2 },
  { m: 32, k: 4, n: 1 },
  { m: 33, k: 5, n: 10 },
  { m: 64, k: 7, n: 9 },
  { m: 65, k: 2_053, n: 10 },
  { m: 37, k: 1_031, n: 16 },
  { m: 1_031, k: 13, n: 15 },
];
const EXTRAS: readonly Extras[] = [
  { bytes: { scale: 1 / 127.5, offset: -1 }, bias: true, alpha: -0.75 },
  { halves: { scale: 1.5, offset: -0.5 }, alpha: 3 },
];
const broadcasts = plannedBy("broadcasts");

describe.each([ORDERS[0], ORDERS[1]] as Order[])("$name", (order) => {
  test("is right at every edge of a quad and a workgroup", async () => {
    for (const sizes of SHAPES) {
      const args = productOf(sizes, order);
      const truth = referenceOf(matmul, args, { out: "written" }).out as Float64Array;
      const label = `${order.name}, ${sizes.m}×${sizes.k}×${sizes.n}`;
      expectProduct(args, truth, await resultOn(engine, broadcasts, args), label);
    }
  });

  test("bytes, halves, ones, bias and factor; the same bits every time", async () => {
    for (const each of EXTRAS) {
      const extras = { ...each, ones: order.transposeA };
      const args = productOf({ m: 35, k: 1_093, n: 10 }, order, extras);
      const truth = referenceOf(matmul, args, { out: "written" }).out as Float64Array;
      const label = `${order.name}, ${JSON.stringify(extras)}`;
      const first = await resultOn(engine, broadcasts, args);
      expectProduct(args, truth, first, label);
      expectSameBits(await resultOn(engine, broadcasts, args), first, label);
    }
  });
});

test("it runs for long narrow products on a software adapter with subgroups, and for no other", async () => {
  const kernelsOf = async (sizes: Sizes, software: boolean, adapter = engine.traits.adapter): Promise<string[]> => {
    const kernels = new Set<string>();
    const op = plannedAs((planner) => ({
      software,
      adapter,
      dispatch(d) {
        kernels.add(d.kernel.name);
        planner.dispatch(d);
      },
    }));
    await resultOn(engine, op, productOf(sizes, ORDERS[1] as Order));
    return [...kernels];
  };
  const gradient = { m: 65, k: 2_053, n: 10 };
  expect(await kernelsOf(gradient, true)).toEqual(["matmul_broadcasts", "sum_partials"]);
  expect(await kernelsOf(gradient, true, { vendor: "", architecture: "" })).toEqual(["matmul_direct", "sum_partials"]);
  expect(await kernelsOf({ ...gradient, k: 5 }, true)).toEqual(["matmul_direct"]);
  expect(await kernelsOf(gradient, false)).not.toContain("matmul_broadcasts");
});
