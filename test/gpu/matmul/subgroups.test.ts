/** The kernel that shares A by broadcasts between threads, wherever the adapter has subgroups, in every order and format. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine, type Engine } from "../../../src/index.js";
import { matmul } from "../../../src/ops/matmul.js";
import { requireAdapter } from "../../support/adapter.js";
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

/** Round a team's 8 × 16 and 8 × 32, a workgroup's 128 rows, and four of the depth; a sum that is split. */
const SHAPES: readonly Sizes[] = [
  { m: 1, k: 1, n: 1 },
  { m: 7, k: 3, n: 15 },
  { m: 8, k: 4, n: 16 },
  { m: 9, k: 5, n: 17 },
  { m: 127, k: 33, n: 31 },
  { m: 128, k: 34, n: 32 },
  { m: 129, k: 35, n: 33 },
  { m: 257, k: 6, n: 70 },
  { m: 5, k: 1_031, n: 10 },
];
const EXTRAS: readonly Extras[] = [
  { bias: true, alpha: -0.75 },
  { bytes: { scale: 1 / 127.5, offset: -1 }, bias: true },
  { halves: { scale: 1.5, offset: -0.5 }, alpha: 3 },
];

test("the engine asks for subgroups where its adapter has them, and this one does", async () => {
  const { features, info } = await requireAdapter();
  expect(features.has("subgroups")).toBe(true);
  const { subgroupMinSize: min, subgroupMaxSize: max } = info;
  expect(engine.traits.adapter?.subgroups).toEqual({ min, max });
});

describe.each(ORDERS)("$name", (order: Order) => {
  test("is right at every edge of a team and a workgroup", async () => {
    for (const sizes of SHAPES) {
      const args = productOf(sizes, order);
      const truth = referenceOf(matmul, args, { out: "written" }).out as Float64Array;
      const label = `${order.name}, ${sizes.m}×${sizes.k}×${sizes.n}`;
      expectProduct(args, truth, await resultOn(engine, plannedBy("subgroups"), args), label);
    }
  });

  test("bytes, halves, ones, bias and factor; the same bits every time", async () => {
    const all = order.transposeA ? EXTRAS.flatMap((each) => [each, { ...each, ones: true }]) : EXTRAS;
    for (const extras of all) {
      const args = productOf({ m: 35, k: 1_093, n: 18 }, order, extras);
      const truth = referenceOf(matmul, args, { out: "written" }).out as Float64Array;
      const label = `${order.name}, ${JSON.stringify(extras)}`;
      const first = await resultOn(engine, plannedBy("subgroups"), args);
      expectProduct(args, truth, first, label);
      expectSameBits(await resultOn(engine, plannedBy("subgroups"), args), first, label);
    }
  });
});

test("it is the kernel that runs, and without subgroups another one takes its place", async () => {
  const kernelsOf = async (adapter: Engine["traits"]["adapter"]): Promise<string[]> => {
    const kernels: string[] = [];
    const op = plannedAs((planner) => ({
      software: false,
      adapter,
      preferred: () => "subgroups",
      dispatch(d) {
        kernels.push(d.kernel.name);
        planner.dispatch(d);
      },
    }));
    await resultOn(engine, op, productOf({ m: 9, k: 5, n: 17 }, ORDERS[0] as Order));
    return kernels;
  };
  expect(await kernelsOf(engine.traits.adapter)).toEqual(["matmul_subgroups"]);
  expect(await kernelsOf({ vendor: "", architecture: "" })).toEqual(["matmul"]);
});
