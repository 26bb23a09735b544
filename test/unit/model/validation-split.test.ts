import fc from "fast-check";
import { expect, test } from "vitest";
import { atOnce } from "../../../src/data/pieces.js";
import { OptionError } from "../../../src/errors.js";
import { encodeLabels } from "../../../src/model/labels.js";
import { labelRows, matrixRows, stratifiedSplit, weightRows } from "../../../src/model/validation-split.js";
import { expectFault } from "../data/fault.js";

const encode = (y: readonly number[]) => encodeLabels([...y], y.length, { classes: [0, 1, 2, 3], where: "fit" });

test("sets a share of each class aside, all rows once, a row of each class left to train on", () => {
  const cases = fc.tuple(
    fc.array(fc.nat(3), { minLength: 20, maxLength: 200 }),
    fc.double({ min: 0.1, max: 0.9, noNaN: true }),
    fc.nat(),
  );
  fc.assert(
    fc.property(cases, ([y, share, seed]) => {
      const { training, validation } = stratifiedSplit(encode(y), undefined, share, seed);
      expect([...training, ...validation].sort((a, b) => a - b)).toEqual([...y.keys()]);
      expect([...validation]).toEqual([...validation].sort((a, b) => a - b));
      for (let c = 0; c < 4; c++) {
        const all = y.filter((label) => label === c).length;
        const held = [...validation].filter((row) => y[row] === c).length;
        if (all > 0) expect(held).toBeLessThan(all);
        // Rounding carries over from class to class: within 1, but where the last row of a class has to stay.
        if (held < all - 1) expect(Math.abs(held - share * all)).toBeLessThanOrEqual(4);
      }
      expect(stratifiedSplit(encode(y), undefined, share, seed)).toEqual({ training, validation });
    }),
  );
});

test("a quarter of 40 and 80 rows is 10 and 20, and another seed draws others", () => {
  const y = Array.from({ length: 120 }, (_, i) => Number(i % 3 === 0));
  const draw = (seed: number): Int32Array => stratifiedSplit(encode(y), undefined, 0.25, seed).validation;
  expect([...draw(1)].filter((row) => y[row] === 1)).toHaveLength(10);
  expect(draw(1)).toHaveLength(30);
  expect(draw(2)).not.toEqual(draw(1));
});

test("rows without weight are not set aside", () => {
  const y = Array.from({ length: 40 }, (_, i) => i % 2);
  const weights = Float32Array.from(y, (_, i) => Number(i % 4 < 2));
  const { validation } = stratifiedSplit(encode(y), weights, 0.5, 3);
  expect(validation).toHaveLength(10);
  expect([...(weightRows(weights, validation) ?? [])]).toEqual(new Array(10).fill(1));
});

test("too small a share is refused", () => {
  expectFault(
    () => stratifiedSplit(encode([0, 1, 0, 1]), undefined, 0.1, 0),
    OptionError,
    "BAD_OPTION",
    "4 rows",
    "got 0.1",
  );
});

test("rows of matrices, labels, targets and ignored labels go with them", () => {
  const rows = Int32Array.of(2, 0);
  const m = { data: Uint8Array.of(1, 2, 3, 4, 5, 6), rows: 3, columns: 2, scale: 0.5, offset: 1 };
  expect(atOnce(matrixRows(m, rows))).toEqual({ ...m, rows: 2, data: Uint8Array.of(5, 6, 1, 2) });
  const labels = encodeLabels([1, null, 2], 3, { where: "fit", ignore: null });
  expect(labelRows(labels, Int32Array.of(1, 2))).toMatchObject({
    indices: Int32Array.of(0, 1),
    ignored: Uint8Array.of(1, 0),
  });
  const soft = encodeLabels(
    [
      [0.25, 0.75],
      [1, 0],
      [0.5, 0.5],
    ],
    3,
    { where: "fit" },
  );
  expect(labelRows(soft, rows)).toMatchObject({ targets: Float32Array.of(0.5, 0.5, 0.25, 0.75) });
});
