/** Every variant, whatever adapter it is meant for, in every order that it can compute, at every edge of its tile. */
import { describe } from "vitest";
import { matmul } from "../../../src/ops/matmul.js";
import type { MatmulVariant } from "../../../src/ops/matmul-variants.js";
import { canCompute, TILES } from "../../../src/ops/matmul-variants.js";
import { expectSameBits } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { referenceOf } from "../../support/op-cases.js";
import type { Extras, Order, Sizes } from "./products.js";
import { expectProduct, ORDERS, plannedBy, productOf, resultOn } from "./products.js";

const [PLAIN, TURNED, , BOTH] = ORDERS as [Order, Order, Order, Order];
const BYTES = { bytes: { scale: 1 / 127.5, offset: -1 }, bias: true, alpha: -0.75 };
const HALVES = { halves: { scale: 1.5, offset: -0.5 }, bias: true, alpha: 3 };

/** Round a tile of `rows` × `columns` and a slice of 16; more than one band of eight tiles; a sum that is split. */
const tileShapes = (rows: number, columns: number): Sizes[] => [
  { m: 1, k: 1, n: 1 },
  { m: rows - 1, k: 15, n: columns - 1 },
  { m: rows, k: 16, n: columns },
  { m: rows + 1, k: 17, n: columns + 1 },
  { m: 2 * rows + 3, k: 37, n: 3 * columns + 2 },
  { m: 9 * rows + 1, k: 5, n: 2 * columns + 1 },
  { m: 3, k: 5, n: 4 * columns + 7 },
  { m: 3, k: 1_031, n: 18 },
];

/** Round a workgroup's rows, 512 / lanes of 2 … 16, and round its steps along the depth; every width modulo 4. */
const ROW_SHAPES: readonly Sizes[] = [
  { m: 1, k: 1, n: 1 },
  { m: 65, k: 65, n: 10 },
  { m: 130, k: 785, n: 7 },
  { m: 66, k: 300, n: 16 },
  { m: 5, k: 9_001, n: 3 },
];

/** Round a team's quads of rows and a staging of B; sums long enough to be split, with an end within four. */
const COLUMN_SHAPES: readonly Sizes[] = ROW_SHAPES.map(({ m, k, n }) => ({ m: k, k: m, n }));

const shapesOf = (variant: MatmulVariant): readonly Sizes[] => {
  if (variant === "rows") return ROW_SHAPES;
  if (variant === "columns") return COLUMN_SHAPES;
  const { threadsX, threadsY, rowQuads, columnQuads } = TILES[variant as keyof typeof TILES];
  return tileShapes(4 * threadsY * rowQuads, 4 * threadsX * columnQuads);
};

const VARIANTS = ["rows", "columns", ...(Object.keys(TILES) as MatmulVariant[])] as const;

/** Met in every order and format; the other tiles differ from them by their constants alone. */
const THOROUGHLY: readonly MatmulVariant[] = ["rows", "columns", "32×32 by 4×4", "64×128 by 8×8"];

describe.each(VARIANTS)("%s", (variant) => {
  const thorough = THOROUGHLY.includes(variant);
  const canOrder = ({ transposeA, transposeB }: Order): boolean =>
    canCompute(variant, { rows: 1, columns: 1, depth: 1, transposeA, transposeB, type: "f32" });
  const orders = (thorough ? ORDERS : [PLAIN, BOTH]).filter(canOrder);

  test.for(orders.map((order) => [order.name, order] as const))("%s", async ([name, order], { engines }) => {
    for (const sizes of shapesOf(variant)) {
      const args = productOf(sizes, order);
      const truth = referenceOf(matmul, args, { out: "written" }).out as Float64Array;
      const label = `${variant}, ${name}, ${sizes.m}×${sizes.k}×${sizes.n}`;
      expectProduct(args, truth, await resultOn(engines.webgpu, plannedBy(variant), args), label);
    }
  });

  if (!thorough) return;
  test("bytes, halves, ones, bias and factor, at every alignment of a row", async ({ engines }) => {
    const cases: [Order, Extras][] = [
      [PLAIN, BYTES],
      [PLAIN, HALVES],
      [TURNED, { ...BYTES, ones: true }],
      [TURNED, { ...HALVES, ones: true }],
      [BOTH, { ones: true }],
    ];
    for (const [order, extras] of cases.filter(([order]) => canOrder(order))) {
      for (const [m, k] of [
        [37, 64],
        [36, 71],
        [40, 78],
        [35, 1_093],
      ] as const) {
        const args = productOf({ m, k, n: 10 }, order, extras);
        const truth = referenceOf(matmul, args, { out: "written" }).out as Float64Array;
        const label = `${variant}, ${order.name}, ${m}×${k}, ${JSON.stringify(extras)}`;
        const first = await resultOn(engines.webgpu, plannedBy(variant), args);
        expectProduct(args, truth, first, label);
        expectSameBits(await resultOn(engines.webgpu, plannedBy(variant), args), first, label);
      }
    }
  });
});
