import { describe, expect } from "vitest";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { randomValues } from "../../support/random-matrix.js";

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("writes and ops keep their order without a read in between", async ({ engines }) => {
    const engine = engines[device];
    using x = engine.tensor([1, 2, 3, 4, 5]);
    using a = engine.zeros([5]);
    using b = engine.zeros([5]);
    engine.addScaled(a, 1, x);
    engine.write(x, Float32Array.of(10, 20, 30, 40, 50));
    engine.addScaled(b, 1, x);
    engine.write(x, Float32Array.of(0, 0, 0, 0, 1));
    engine.addScaled(a, 100, x);
    const [first, second, last] = await engine.read(a, b, x);
    expect([...first]).toEqual([1, 2, 3, 4, 105]);
    expect([...second]).toEqual([10, 20, 30, 40, 50]);
    expect([...last]).toEqual([0, 0, 0, 0, 1]);
  });

  test("memory given back with work under way goes to the next tensor after that work", async ({ engines }) => {
    const engine = engines[device];
    using sum = engine.zeros([3, 5]);
    for (let i = 0; i < 10; i++) {
      const x = engine.tensor({ data: new Float32Array(15).fill(i), shape: [3, 5] });
      engine.addScaled(sum, 1, x);
      x.dispose();
    }
    expect([...(await sum.read())]).toEqual(new Array(15).fill(45));
  });

  test("the caller's array may change at once", async ({ engines }) => {
    const engine = engines[device];
    const data = Float32Array.of(1, 2, 3, 4);
    using t = engine.zeros([4]);
    engine.write(t, data);
    data.fill(-1);
    const read = t.read();
    engine.write(t, data);
    expect([...(await read)]).toEqual([1, 2, 3, 4]);
    const copy = await t.read();
    copy.fill(7);
    expect([...(await t.read())]).toEqual([-1, -1, -1, -1]);
  });

  test("more dispatches than one submit has parameters for", async ({ engines }) => {
    const engine = engines[device];
    using x = engine.tensor([1]);
    using sum = engine.zeros([1]);
    for (let i = 0; i < 1300; i++) engine.addScaled(sum, 1, x);
    expect([...(await sum.read())]).toEqual([1300]);
  });

  test("rows and slices as operands and as outputs, of odd sizes", async ({ engines }) => {
    const engine = engines[device];
    const values = randomValues(7 * 5, 3);
    using m = engine.tensor({ data: values, shape: [7, 5] });
    using out = engine.zeros([7, 5]);
    // Rows 2 … 4 of m into rows 4 … 6 of out, and row 1 into row 0.
    engine.addScaled(out.slice(4, 3), 2, m.slice(2, 3));
    engine.addScaled(out.row(0), 3, m.row(1));
    engine.write(out.row(1), Float32Array.of(1, 2, 3, 4, 5));
    engine.write(out.row(2).slice(0, 4), Float32Array.of(6, 7, 8, 9));
    engine.write(out.row(3).slice(4, 1), Float32Array.of(10));
    const expected = new Float32Array(35);
    expected.set(
      values.slice(5, 10).map((v) => 3 * v),
      0,
    );
    expected.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0, 0, 10], 5);
    expected.set(
      values.slice(10, 25).map((v) => 2 * v),
      20,
    );
    const [whole, part, row, cut] = await engine.read(
      out,
      out.slice(4, 3).slice(1, 1),
      out.row(3),
      out.row(1).slice(4, 1),
    );
    expect([...whole]).toEqual([...expected]);
    expect([...part]).toEqual([...expected.slice(25, 30)]);
    expect([...row]).toEqual([0, 0, 0, 0, 10]);
    expect([...cut]).toEqual([5]);
  });

  test("a slice of a vector touches its own values only", async ({ engines }) => {
    const engine = engines[device];
    using v = engine.tensor(Float32Array.from({ length: 11 }, (_, i) => i));
    engine.write(v.slice(4, 4), Float32Array.of(-1, -2, -3, -4));
    engine.write(v.slice(8, 3), Float32Array.of(5, 6, 7));
    using head = engine.summarize(v.slice(0, 8));
    using tail = engine.summarize(v.slice(8, 3));
    const [all, first, last] = await engine.read(v, head, tail);
    expect([...all]).toEqual([0, 1, 2, 3, -1, -2, -3, -4, 5, 6, 7]);
    expect([...first]).toEqual([-4, 44, 4, 0]);
    expect([...last]).toEqual([18, 110, 7, 0]);
    // Devices handle four values at a time: such a slice would overwrite its neighbours.
    for (const [from, count] of [
      [0, 3],
      [4, 5],
      [2, 4],
    ])
      expect(() => v.slice(from, count)).toThrow(/multiples of 4/);
  });

  test("bytes and integers come back as they went in, also in part", async ({ engines }) => {
    const engine = engines[device];
    const bytes = Uint8Array.from({ length: 7 * 5 }, (_, i) => 7 * i);
    using m = engine.tensor({ data: bytes, shape: [7, 5], scale: 0.5 });
    using labels = engine.tensor(Int32Array.of(-100, 0, 2 ** 31 - 1, -(2 ** 31), 5));
    const [all, rows, integers, rest] = await engine.read(m, m.slice(3, 2), labels, labels.slice(4, 1));
    expect(all).toEqual(bytes);
    expect(rows).toEqual(bytes.slice(15, 25));
    expect(integers).toEqual(Int32Array.of(-100, 0, 2 ** 31 - 1, -(2 ** 31), 5));
    expect(rest).toEqual(Int32Array.of(5));
  });

  test("numbers of another array type are converted to the tensor's", async ({ engines }) => {
    const engine = engines[device];
    using t = engine.empty([2, 2]);
    engine.write(t, Float64Array.of(0.1, 2, 3, 4));
    const data = await t.read();
    expect(data).toEqual(Float32Array.of(0.1, 2, 3, 4));
  });
});

test("a result larger than one buffer may be comes back whole", async ({ engines, gpuDevice }) => {
  const engine = engines.webgpu;
  const columns = 4096;
  const rows = gpuDevice.limits.maxBufferSize / columns + 3;
  using t = engine.zeros([rows, columns], "u8");
  engine.write(t.slice(rows - 2, 2), new Uint8Array(2 * columns).fill(9));
  engine.write(t.slice(0, 1), new Uint8Array(columns).fill(7));
  const data = await t.read();
  expect(data.length).toBe(rows * columns);
  expect([data[0], data[columns], data[data.length - 2 * columns - 1], data[data.length - 2 * columns]]).toEqual([
    7, 0, 0, 9,
  ]);
  expect(data[data.length - 1]).toBe(9);
});
