import { describe, expect } from "vitest";
import { ShapeError } from "../../../src/errors.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { randomValues } from "../../support/random-matrix.js";
import type { Extras, Sizes } from "./products.js";
import { expectParity, ORDERS, PLANS, planned, productOf, resultOn } from "./products.js";

const UNIT_RANGE = { scale: 1 / 255, offset: 0 };
/** Zero bytes and the padding behind them stand for −1. */
const CENTRED = { scale: 1 / 127.5, offset: -1 };

/** A narrow output and a wide one; rows that end within a quad and with one, so that the row of ones has a quad of its own. */
const SIZES: readonly Sizes[] = [
  { m: 21, k: 35, n: 10 },
  { m: 24, k: 34, n: 37 },
];
/** Split over workgroups, with an end within a step. */
const LONG: Sizes = { m: 21, k: 4_101, n: 10 };

const EXTRAS: readonly Extras[] = [
  { bias: true, alpha: -0.75 },
  { bytes: UNIT_RANGE, bias: true },
  { bytes: CENTRED, alpha: 3 },
];
const ONES_EXTRAS: readonly Extras[] = [
  { ones: true, bias: true },
  { ones: true, bytes: CENTRED, alpha: 1 / 256 },
];

describe.each(ORDERS)("$name", (order) => {
  const all = order.transposeA ? [...EXTRAS, ...ONES_EXTRAS] : EXTRAS;
  test.for(all.map((extras) => [JSON.stringify(extras), extras] as const))(
    "%s",
    async ([label, extras], { engines }) => {
      for (const sizes of [...SIZES, LONG]) await expectParity(engines, productOf(sizes, order, extras), label);
    },
  );

  test("the same arguments give the same bits", async ({ engines }) => {
    for (const n of [10, 37]) {
      const args = productOf({ m: 50, k: 4_101, n }, order, { alpha: 0.3, bias: true });
      for (const plan of PLANS) {
        const first = await resultOn(engines.webgpu, planned(plan), args);
        expectSameBits(await resultOn(engines.webgpu, planned(plan), args), first, plan);
      }
    }
  });
});

/** engine.matmul on parts of larger tensors, told from what they hold. */
describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("operands and output may be rows of larger tensors; the other rows stay", async ({ engines }) => {
    const engine = engines[device];
    for (const n of [3, 18]) {
      const [x, w, c] = [randomValues(9 * 5, 1), randomValues(7 * n, 2), randomValues(6 * n, 3)];
      const a = engine.tensor({ data: x, shape: [9, 5] });
      const b = engine.tensor({ data: w, shape: [7, n] });
      const out = engine.tensor({ data: c, shape: [6, n] });
      const row = engine.matmul(a.slice(3, 4), b.slice(1, 5), { bias: b.row(6), out: out.slice(2, 4) });
      const expected = Float64Array.from(c);
      for (let i = 0; i < 4; i++) {
        for (let j = 0; j < n; j++) {
          let sum = w[6 * n + j] as number;
          for (let l = 0; l < 5; l++) sum += (x[(i + 3) * 5 + l] as number) * (w[(l + 1) * n + j] as number);
          expected[(i + 2) * n + j] = sum;
        }
      }
      expect(row.shape).toEqual([4, n]);
      expectClose(await out.read(), expected, { floor: 2 ** -20, label: `${n} columns` });
      for (const t of [a, b, out]) t.dispose();
    }
  });

  test("a vector is a matrix of one row, also as the output", async ({ engines }) => {
    const engine = engines[device];
    const x = engine.tensor(Float32Array.of(1, -2, 3));
    const w = engine.tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const parent = engine.tensor([
      [9, 9],
      [9, 9],
    ]);
    engine.matmul(x, w, { out: parent.row(1) });
    expect([...(await parent.read())]).toEqual([9, 9, 10, 12]);
    const column = engine.matmul(w, x, { transposeA: true, transposeB: true });
    expect(column.shape).toEqual([2, 1]);
    expect([...(await column.read())]).toEqual([10, 12]);
  });

  test("whole numbers in bytes are summed exactly", async ({ engines }) => {
    const engine = engines[device];
    const bytes = Uint8Array.from({ length: 24 }, (_, i) => 255 - i);
    const a = engine.tensor({ data: bytes, shape: [4, 6] });
    const ones = engine.tensor(new Float32Array(6).fill(1));
    const sums = await engine.matmul(a, ones, { transposeB: true }).read();
    expect([...sums]).toEqual([0, 1, 2, 3].map((i) => 6 * (255 - 6 * i) - 15));
  });

  test("ones without transposeA and shapes that do not fit are refused", ({ engines }) => {
    const engine = engines[device];
    const a = engine.zeros([3, 4]);
    const b = engine.zeros([4, 2]);
    expect(() => engine.matmul(a, b, { ones: true })).toThrow(ShapeError);
    expect(() => engine.matmul(a, b, { transposeA: true })).toThrow(/inner dimensions differ.*got 3 of Aᵀ/);
    expect(() => engine.matmul(a, b, { bias: engine.zeros([3]) })).toThrow(ShapeError);
    expect(() => engine.matmul(a, b, { out: engine.zeros([2, 3]) })).toThrow(ShapeError);
  });
});
