import fc from "fast-check";
import { expect, test } from "vitest";
import { accuracy, balancedAccuracy, confusionMatrix, precisionRecallF1 } from "../../../src/index.js";

const rows = fc
  .array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(4)), { minLength: 1 })
  .filter((list) => list.some(([, , weight]) => weight > 0));
const CLASSES = [0, 1, 2, 3];

test("a weight is the same as so many copies of the row, and 0 the same as its absence", () => {
  fc.assert(
    fc.property(rows, (list) => {
      const copies = list.flatMap((row) => Array.from({ length: row[2] }, () => row));
      const judge = (of: typeof list, sampleWeight?: number[]): unknown => {
        const options = { classes: CLASSES, ...(sampleWeight && { sampleWeight }) };
        const labels = [of.map(([truth]) => truth), of.map(([, guess]) => guess)] as const;
        return [
          accuracy(...labels, options),
          balancedAccuracy(...labels, options),
          confusionMatrix(...labels, options),
          precisionRecallF1(...labels, options),
        ];
      };
      expect(
        judge(
          list,
          list.map(([, , weight]) => weight),
        ),
      ).toEqual(judge(copies));
    }),
  );
});

test("accuracy is exact for more rows than float32 can count", () => {
  const count = 2 ** 24 + 2;
  const expected = new Uint8Array(count);
  const predicted = new Uint8Array(count);
  predicted[0] = 1;
  expect(accuracy(expected, predicted)).toBe((count - 1) / count);
});

test("labels of any one type, a class of any name", () => {
  expect(accuracy([true, false, true], [true, true, true])).toBe(2 / 3);
  expect(accuracy(Int8Array.of(-1, 1), Float64Array.of(-1, 1))).toBe(1);
  const { classes, data } = confusionMatrix(["__proto__", "constructor"], ["constructor", "constructor"]);
  expect(classes).toEqual(["__proto__", "constructor"]);
  expect([...data]).toEqual([0, 1, 0, 1]);
  // Declared classes give the order.
  expect([...confusionMatrix(["a", "b"], ["b", "b"], { classes: ["b", "a"] }).data]).toEqual([1, 0, 1, 0]);
});

test("a class without rows takes no part in balanced accuracy, and zeroDivision in its precision", () => {
  const given = [["a", "a"], ["a", "b"], { classes: ["a", "b", "c"] }] as const;
  expect(balancedAccuracy(...given)).toBe(1 / 2);
  const perClass = (zeroDivision: 0 | 1) =>
    precisionRecallF1(given[0], given[1], { ...given[2], zeroDivision }).perClass;
  expect(perClass(0)[2]).toEqual({ label: "c", precision: 0, recall: 0, f1: 0, support: 0 });
  expect(perClass(1)[2]).toEqual({ label: "c", precision: 1, recall: 1, f1: 1, support: 0 });
});
