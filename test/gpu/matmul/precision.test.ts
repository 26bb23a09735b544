/** `precision: "f16"`: the same product to the bound that is stated, on whatever device, and by default the same bits. */
import { describe, expect } from "vitest";
import { createEngine, OptionError } from "../../../src/index.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { randomValues } from "../../support/random-matrix.js";

/** Two operands, each rounded to one of its two neighbours of 11 bits: 2 · 2⁻¹⁰ of a product, and a hundredth for the rest. */
const SHARE = 2 ** -9 * 1.01;

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for([
    [37, 53, 10],
    [70, 300, 90],
  ] as const)("%i × %i × %i", async ([m, k, n], { engines }) => {
    const engine = engines[device];
    const [x, w] = [randomValues(m * k, 1), randomValues(k * n, 2)];
    using a = engine.tensor({ data: x, shape: [m, k] });
    using b = engine.tensor({ data: w, shape: [k, n] });
    using c = engine.matmul(a, b, { precision: "f16" });
    const expected = new Float64Array(m * n);
    let magnitude = 0;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let [sum, sizes] = [0, 0];
        for (let l = 0; l < k; l++) {
          const product = (x[i * k + l] as number) * (w[l * n + j] as number);
          sum += product;
          sizes += Math.abs(product);
        }
        expected[i * n + j] = sum;
        magnitude = Math.max(magnitude, sizes);
      }
    }
    expectClose(await c.read(), expected, { floor: magnitude * SHARE });
  });

  test('"f32" is what happens without it, and nothing else is taken', async ({ engines }) => {
    const engine = engines[device];
    using a = engine.tensor({ data: randomValues(9 * 5, 1), shape: [9, 5] });
    using b = engine.tensor({ data: randomValues(5 * 7, 2), shape: [5, 7] });
    using plain = engine.matmul(a, b);
    using asked = engine.matmul(a, b, { precision: "f32" });
    expectSameBits((await asked.read()) as Float32Array, (await plain.read()) as Float32Array);
    const before = engine.stats().buffers;
    for (const precision of ["f64", null, 16, true])
      expect(() => engine.matmul(a, b, { precision } as never)).toThrow(OptionError);
    expect(engine.stats().buffers).toBe(before);
  });
});

test("an engine made for halves computes like any other where the adapter has nothing for them", async () => {
  using engine = await createEngine({ device: "webgpu", halfPrecision: true });
  using a = engine.tensor([
    [1, 2],
    [3, 4],
  ]);
  using c = engine.matmul(a, a, { precision: "f16" });
  expect([...(await c.read())]).toEqual([7, 10, 15, 22]);
  await expect(createEngine({ halfPrecision: "yes" } as never)).rejects.toThrow(OptionError);
});
