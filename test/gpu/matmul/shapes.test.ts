import { test } from "../../support/device.js";
import { matmulShapes, TILES } from "../../support/shapes.js";
import type { Sizes } from "./products.js";
import { expectParity, ORDERS, productOf } from "./products.js";

interface Shape extends Sizes {
  readonly name: string;
}

/** Heights and widths round the direct kernel's block of 8 × 4, 8, 12 or 16; the tiled kernel's 32 and 64 are in TILES. */
const NARROW: readonly Shape[] = [
  { name: "a block of 8 × 16", m: 8, k: 4, n: 16 },
  { name: "block−1", m: 7, k: 3, n: 15 },
  { name: "block+1", m: 9, k: 5, n: 17 },
  { name: "2 classes", m: 130, k: 33, n: 2 },
  { name: "7 classes", m: 130, k: 33, n: 7 },
  { name: "10 classes", m: 130, k: 785, n: 10 },
  { name: "13 classes", m: 65, k: 18, n: 13 },
  { name: "33 columns", m: 65, k: 18, n: 33 },
];

/** What training meets at its ends: many classes, many features, sums long enough to be split. */
const EXTREME: readonly Shape[] = [
  { name: "1,000 classes", m: 37, k: 21, n: 1_000 },
  { name: "100,000 features", m: 3, k: 100_000, n: 10 },
  { name: "the weights of 100,000 features", m: 100_000, k: 3, n: 10 },
  { name: "128,256 columns", m: 2, k: 5, n: 128_256 },
  { name: "a split that ends within a step", m: 5, k: 2_051, n: 3 },
  { name: "a split wide sum", m: 40, k: 1_031, n: 70 },
];

const SHAPES: readonly Shape[] = [
  ...new Map([...TILES.flatMap(matmulShapes), ...NARROW, ...EXTREME].map((s) => [`${s.m}×${s.k}×${s.n}`, s])).values(),
];

/** Quads side by side in an item, 1 … 4, are compiled in all orders alike: two and a full four are met with A·B alone. */
const isOfEveryOrder = ({ n }: Shape): boolean => n <= 4 || (n > 8 && n <= 12) || n > 16;

for (const order of ORDERS) {
  const plain = !order.transposeA && !order.transposeB;
  test.for(SHAPES.filter((shape) => plain || isOfEveryOrder(shape)))(
    `${order.name}, $name: $m×$k · $k×$n`,
    async (shape, { engines }) => {
      await expectParity(engines, productOf(shape, order), `${order.name}, ${shape.name}`);
    },
  );
}
