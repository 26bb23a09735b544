/** Products whose A holds halves. */
import { describe, expect } from "vitest";
import { halfValues } from "../../../src/half-float.js";
import { matmul } from "../../../src/ops/matmul.js";
import { expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { outputsOn } from "../../support/op-cases.js";
import { randomHalves, randomValues } from "../../support/random-matrix.js";
import { matmulShapes } from "../../support/shapes.js";
import type { Extras, Product, Sizes } from "./products.js";
import { expectParity, ORDERS, PLANS, planned, productOf } from "./products.js";

const PLAIN = { scale: 1, offset: 0 };
/** Halves and the padding behind them stand for their value less 0.5. */
const SHIFTED = { scale: 1.5, offset: -0.5 };

/** Rows of every length modulo 4, narrow and wide outputs, and sums long enough to be split. */
const SIZES: readonly Sizes[] = [
  { m: 1, k: 1, n: 1 },
  { m: 21, k: 33, n: 10 },
  { m: 24, k: 34, n: 37 },
  { m: 7, k: 35, n: 3 },
  { m: 65, k: 36, n: 66 },
  { m: 5, k: 2_051, n: 10 },
  { m: 40, k: 1_031, n: 70 },
  { m: 70, k: 5, n: 1_000 },
];

const EXTRAS: readonly Extras[] = [{ halves: PLAIN, bias: true, alpha: -0.75 }, { halves: SHIFTED }];
const ONES: Extras = { halves: SHIFTED, ones: true, alpha: 1 / 256 };

describe.each(ORDERS)("$name", (order) => {
  const all = order.transposeA ? [...EXTRAS, ONES] : EXTRAS;
  test.for(all.map((extras) => [JSON.stringify(extras), extras] as const))(
    "%s",
    async ([label, extras], { engines }) => {
      for (const sizes of SIZES) await expectParity(engines, productOf(sizes, order, extras), label);
    },
  );

  test("at every size class of a tile", async ({ engines }) => {
    for (const { name, ...sizes } of matmulShapes(32)) {
      await expectParity(engines, productOf(sizes, order, { halves: PLAIN }), name);
    }
  });
});

/** All finite halves, in rows of 41. */
const COLUMNS = 41;
const FINITE = Array.from({ length: 65_536 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00);
const ROWS = Math.ceil(FINITE.length / COLUMNS);
const ALL_HALVES = Uint16Array.from({ length: ROWS * COLUMNS }, (_, i) => FINITE[i % FINITE.length]);

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("every finite half is read exactly, the smallest to the last bit or as zero", async ({ engines }) => {
    const engine = engines[device];
    using a = engine.empty([ROWS, COLUMNS], "f16");
    engine.write(a, ALL_HALVES);
    using unit = engine.tensor(
      Array.from({ length: COLUMNS }, (_, i) => Array.from({ length: COLUMNS }, (_, j) => Number(i === j))),
    );
    using c = engine.matmul(a, unit);
    const values = await c.read();
    const wrong = ALL_HALVES.findIndex((bits, i) => {
      const expected = halfValues()[bits];
      // A device may take a half below 2⁻¹⁴ for zero.
      return values[i] !== expected && !(Math.abs(expected) < 2 ** -14 && values[i] === 0);
    });
    expect(wrong, `bits ${ALL_HALVES[wrong]} became ${values[wrong]}`).toBe(-1);
  });

  test("a slice, a row and a vector of halves", async ({ engines }) => {
    const engine = engines[device];
    const bits = randomHalves(9 * 5, 1);
    const w = randomValues(5 * 3, 2);
    using x = engine.empty([9, 5], "f16");
    engine.write(x, bits);
    using f32 = engine.tensor({ data: Float32Array.from(bits, (b) => halfValues()[b]), shape: [9, 5] });
    using weights = engine.tensor({ data: w, shape: [5, 3] });
    using vector = engine.empty([5], "f16");
    engine.write(vector, bits.subarray(10, 15));
    for (const [halves, floats] of [
      [x.slice(3, 4), f32.slice(3, 4)],
      [x.row(2), f32.row(2)],
      [vector, f32.row(2)],
    ]) {
      const made = [engine.matmul(halves, weights), engine.matmul(floats, weights)];
      const [actual, expected] = await engine.read(...made);
      expectSameBits(actual as Float32Array, expected as Float32Array);
      for (const t of made) t.dispose();
    }
  });
});

test("halves give the same bits as the floats they stand for, by either kernel", async ({ engines }) => {
  const result = async (plan: (typeof PLANS)[number], args: Product): Promise<Float32Array> =>
    (await outputsOn(engines.webgpu, planned(plan), args, { out: "written" })).out as Float32Array;
  for (const order of ORDERS) {
    for (const n of [10, 37]) {
      const args = productOf({ m: 50, k: 1_033, n }, order, { halves: PLAIN });
      const a = { ...args.a, data: Float32Array.from(args.a.data, (bits) => halfValues()[bits]) };
      for (const plan of PLANS) {
        expectSameBits(await result(plan, args), await result(plan, { ...args, a }), `${plan}, ${order.name}, ${n}`);
      }
      const [halves, floats] = [args, { ...args, a }].map((each) =>
        outputsOn(engines.cpu, matmul, each, { out: "written" }),
      );
      expectSameBits((await halves).out as Float32Array, (await floats).out as Float32Array, `cpu, ${order.name}`);
    }
  }
});
