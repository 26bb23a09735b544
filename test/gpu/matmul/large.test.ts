/** Grids, dispatches and bindings that are too small for the product: cut up, it stays the same product. */
import { describe, expect } from "vitest";
import { DeviceError } from "../../../src/errors.js";
import { matmul } from "../../../src/ops/matmul.js";
import type { MatmulVariant } from "../../../src/ops/matmul-variants.js";
import type { DeviceMatrix, Dispatch } from "../../../src/ops/op.js";
import { u32 } from "../../../src/ops/op.js";
import { expectClose } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { referenceOf } from "../../support/op-cases.js";
import type { Order, Plan, Product, Sizes } from "./products.js";
import { expectProduct, inBlocks, ORDERS, PLANS, plannedAs, productOf, resultOn } from "./products.js";

const truthOf = (args: Product): Float64Array => referenceOf(matmul, args, { out: "written" }).out as Float64Array;
const [PLAIN, TURNED] = ORDERS as [Order, Order];

/** Where the parameters of both kernels name the workgroups of a split, the first one and one past the last. */
const GROUPS = 5;

/** The same launch in workgroups as small as they can be, of which there are `workgroups`. */
function inSmallestWorkgroups(d: Dispatch, workgroups: number): Dispatch {
  if (!d.kernel.name.startsWith("matmul")) return d;
  const lanes = d.constants.LANES as number;
  const smallest: Record<string, number> = {
    matmul: { THREADS_X: 1, THREADS_Y: 1, PATCH_X: 1, SLICE: 4, LOADS_A: 4, LOADS_B: 4 },
    matmul_direct: { THREADS: lanes, SHARED: lanes === 1 ? 1 : 4 * lanes },
    // One step of B at a time, for one thread: four quads.
    matmul_rows: { THREADS: 1, LANES: 1, STEPS: 1, LOADS_B: 4 },
    matmul_columns: { WIDTH: 1, LANES: 1, STEPS: 1, LOADS_B: 4 },
  }[d.kernel.name] as Record<string, number>;
  const parameters = d.parameters.map((word, i) =>
    i === GROUPS || i === GROUPS + 2 ? u32(workgroups) : i === GROUPS + 1 ? u32(0) : word,
  );
  return { ...d, constants: { ...d.constants, ...smallest }, parameters, workgroups };
}

interface Grid extends Sizes {
  readonly kernel: string;
  readonly plan: Plan;
  readonly variant?: MatmulVariant;
  readonly order?: Order;
  readonly workgroups: number;
}

const GRIDS: readonly Grid[] = [65_535, 65_536, 65_537].flatMap((workgroups): Grid[] => {
  const sizes = { m: 4 * workgroups, k: 2, n: 1, workgroups };
  return [
    { ...sizes, kernel: "direct", plan: "software", m: 8 * workgroups },
    { ...sizes, kernel: "direct, in lanes", plan: "hardware", variant: "direct" },
    { ...sizes, kernel: "rows", plan: "hardware", variant: "rows" },
    { ...sizes, kernel: "columns", plan: "hardware", variant: "columns", order: TURNED },
  ];
});
/** Blocks of 4 × 4: 5, 8 and 7 side by side. */
const TILED_GRIDS: readonly Grid[] = [
  { kernel: "tiled", plan: "hardware", m: 4 * 13_107, k: 1, n: 20, workgroups: 65_535 },
  { kernel: "tiled", plan: "hardware", m: 4 * 8_192, k: 1, n: 32, workgroups: 65_536 },
  { kernel: "tiled", plan: "hardware", m: 4 * 9_363, k: 1, n: 28, workgroups: 65_541 },
];

test.for([...GRIDS, ...TILED_GRIDS])("$workgroups workgroups, $kernel", async (grid, { engines }) => {
  const launched: number[] = [];
  const op = plannedAs((planner) => ({
    software: grid.plan === "software",
    workPerDispatch: Number.POSITIVE_INFINITY,
    preferred: () => grid.variant,
    dispatch: (d) => {
      launched.push(grid.workgroups);
      planner.dispatch(inSmallestWorkgroups(d, grid.workgroups));
    },
  }));
  const args = productOf(grid, grid.order ?? PLAIN);
  expectProduct(args, truthOf(args), await resultOn(engines.webgpu, op, args), grid.kernel);
  expect(launched).toEqual([grid.workgroups]);
});

describe.each(ORDERS)("$name", (order) => {
  test("more work than a dispatch may hold is cut into several, none longer than allowed", async ({ engines }) => {
    const workPerDispatch = 60_000;
    for (const plan of PLANS) {
      for (const n of [10, 37]) {
        const args = productOf({ m: 130, k: 515, n }, order, { bias: true, alpha: 0.5 });
        const works: number[] = [];
        const op = plannedAs((planner) => ({
          software: plan === "software",
          workPerDispatch,
          dispatch: (d) => {
            if (d.workgroups > 1 && d.kernel.name.startsWith("matmul")) works.push(d.work);
            planner.dispatch(d);
          },
        }));
        const label = `${plan}, ${n} columns`;
        expectProduct(args, truthOf(args), await resultOn(engines.webgpu, op, args), label);
        expect(Math.max(...works, 0), label).toBeLessThanOrEqual(workPerDispatch);
      }
    }
  });

  // 64 is how storage is cut; a slice of it may begin anywhere, so that the depth is cut at any row.
  test("every matrix may lie in several blocks of rows", async ({ engines }) => {
    for (const plan of PLANS) {
      for (const n of [10, 137]) {
        const args = productOf({ m: 150, k: 203, n }, order, { bias: true, alpha: 2, ones: order.transposeA });
        const alongDepth = order.transposeA ? 30 : 64;
        const blocks = (m: DeviceMatrix, rows: number): DeviceMatrix => inBlocks(m, rows);
        const op = plannedAs(
          () => ({ software: plan === "software" }),
          (d) => ({
            ...d,
            a: blocks(d.a, alongDepth),
            b: blocks(d.b, order.transposeB ? 64 : 50),
            out: blocks(d.out, 64),
          }),
        );
        const label = `${plan}, ${n} columns`;
        expectProduct(args, truthOf(args), await resultOn(engines.webgpu, op, args), label);
      }
    }
  });
});

test.for(["rows", "columns"] as const)(
  "%s: matrices in blocks, whose rows begin within four of the depth, in short dispatches",
  async (variant, { engines }) => {
    for (const order of ORDERS.filter(({ transposeA }) => transposeA === (variant === "columns"))) {
      const args = productOf({ m: 150, k: 203, n: 10 }, order, { bias: true, alpha: 2, ones: order.transposeA });
      const op = plannedAs(
        () => ({ software: false, workPerDispatch: 100_000, preferred: () => variant }),
        (d) => ({
          ...d,
          a: inBlocks(d.a, order.transposeA ? 30 : 64),
          b: inBlocks(d.b, order.transposeB ? 64 : 50),
          out: inBlocks(d.out, 64),
        }),
      );
      expectProduct(args, truthOf(args), await resultOn(engines.webgpu, op, args), `${variant}, ${order.name}`);
    }
  },
);

test("a long sum in several blocks is split within each", async ({ engines }) => {
  for (const plan of PLANS) {
    const args = productOf({ m: 20, k: 9_001, n: 10 }, ORDERS[1] as Order, { ones: true, bias: true });
    const op = plannedAs(
      () => ({ software: plan === "software" }),
      (d) => ({ ...d, a: inBlocks(d.a, 4_096), b: inBlocks(d.b, 5_000) }),
    );
    expectProduct(args, truthOf(args), await resultOn(engines.webgpu, op, args), plan);
  }
});

test("blocks that no transpose can begin at are refused", async ({ engines }) => {
  const args = productOf({ m: 10, k: 8, n: 60 }, ORDERS[2] as Order);
  const op = plannedAs(
    () => ({}),
    (d) => ({ ...d, b: inBlocks(d.b, 30) }),
  );
  await expect(resultOn(engines.webgpu, op, args)).rejects.toThrow(/Slice it at a multiple of 4/);
});

test("64 rows that exceed a binding are refused before anything is allocated", ({ engines }) => {
  const engine = engines.webgpu;
  const a = engine.zeros([65, 1]);
  const b = engine.zeros([1, 524_292]);
  const { bytes } = engine.stats();
  expect(() => engine.matmul(a, b)).toThrow(expect.objectContaining({ code: "LIMIT_EXCEEDED" }));
  expect(() => engine.matmul(a, b)).toThrow(DeviceError);
  expect(engine.stats().bytes).toBe(bytes);
});

test("X of 45,000×784 in f32 is larger than one binding: scores and gradient are right", async ({ engines }) => {
  const engine = engines.webgpu;
  const [n, d, k] = [45_000, 784, 10];
  const x = Float32Array.from({ length: n * d }, (_, i) => ((Math.imul(i, 0x9e3779b1) >>> 20) - 2_048) / 2_048);
  const w = Float32Array.from({ length: d * k }, (_, i) => Math.fround(Math.sin(i)));
  const g = Float32Array.from({ length: n * k }, (_, i) => Math.fround(Math.cos(i)));
  const [xs, ws, gs] = [x, w, g].map((data) =>
    engine.tensor({ data, shape: [data.length / (data === x ? d : k), data === x ? d : k] }),
  );
  if (!xs || !ws || !gs) throw new Error("three tensors were asked for");
  const scores = engine.matmul(xs, ws);
  const gradient = engine.matmul(xs, gs, { transposeA: true, ones: true });
  const [z, dw] = (await engine.read(scores, gradient)) as [Float32Array, Float32Array];
  for (const t of [xs, ws, gs, scores, gradient]) t.dispose();
  // The block ends at row 42,752, a multiple of 64; the rows round it and a few others.
  const rows = [0, 1, 17_777, 42_751, 42_752, 44_999];
  const scoresAt = rows.flatMap((i) =>
    Array.from({ length: k }, (_, j) => {
      let sum = 0;
      for (let l = 0; l < d; l++) sum += (x[i * d + l] as number) * (w[l * k + j] as number);
      return sum;
    }),
  );
  const features = [0, 1, 390, 783, 784];
  const gradientAt = features.flatMap((l) =>
    Array.from({ length: k }, (_, j) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += (l === d ? 1 : (x[i * d + l] as number)) * (g[i * k + j] as number);
      return sum;
    }),
  );
  const pick = (from: Float32Array, which: readonly number[]): number[] =>
    which.flatMap((i) => [...from.subarray(i * k, (i + 1) * k)]);
  // Sums of random signs: an error of √depth roundings of the running sum, which itself stays below √depth.
  expectClose(pick(z, rows), scoresAt, { floor: d * 2 ** -24, label: "scores" });
  expectClose(pick(dw, features), gradientAt, { floor: n * 2 ** -24, label: "gradient" });
});
