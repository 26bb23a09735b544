import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkSampleWeight,
  decodeLabels,
  type EncodedLabels,
  encodeAgainst,
  encodeLabels,
  type Label,
  type LabelsLike,
  likeliestClasses,
} from "../../../src/model/labels.js";

const encode = (y: LabelsLike, rows: number, classes?: readonly Label[]): EncodedLabels =>
  encodeLabels(y, rows, classes === undefined ? { where: "fit" } : { where: "fit", classes });

function indicesOf(encoded: EncodedLabels): number[] {
  if (encoded.kind !== "labels") throw new Error("these are targets");
  return [...encoded.indices];
}

const numbers = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
const texts = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "toString", "hasOwnProperty", "", "a", "A"),
  fc.string({ unit: "binary" }),
);
/** At least two different labels of one type, in any order and with repeats. */
const labelings: fc.Arbitrary<Label[]> = fc
  .oneof(
    fc.array<Label>(numbers, { minLength: 2 }),
    fc.array<Label>(texts, { minLength: 2 }),
    fc.array<Label>(fc.boolean(), { minLength: 2 }),
  )
  .filter((labels) => new Set(labels).size > 1);

describe("encoding labels", () => {
  test("decoding gives back every label in its row", () => {
    fc.assert(
      fc.property(labelings, (labels) => {
        const encoded = encode(labels, labels.length);
        const decoded = decodeLabels(encoded.classes, indicesOf(encoded));
        expect(decoded.every((label, row) => label === labels[row])).toBe(true);
        expect(decoded).toHaveLength(labels.length);
      }),
    );
  });

  test("classes are sorted, each once, and every one occurs", () => {
    fc.assert(
      fc.property(labelings, (labels) => {
        const encoded = encode(labels, labels.length);
        for (let i = 1; i < encoded.classes.length; i++) expect(encoded.classes[i - 1] < encoded.classes[i]).toBe(true);
        expect(new Set(indicesOf(encoded)).size).toBe(encoded.classes.length);
        expect(new Set(encoded.classes)).toEqual(new Set(labels.map((label) => (label === 0 ? 0 : label))));
      }),
    );
  });

  test("the order of the rows does not change the classes", () => {
    fc.assert(
      fc.property(labelings, (labels) => {
        const encoded = encode(labels, labels.length);
        const reversed = encode(labels.toReversed(), labels.length);
        expect(reversed.classes).toEqual(encoded.classes);
        expect(indicesOf(reversed)).toEqual(indicesOf(encoded).reverse());
      }),
    );
  });

  test("declaring the classes, or knowing them, changes nothing", () => {
    fc.assert(
      fc.property(labelings, (labels) => {
        const encoded = encode(labels, labels.length);
        const declared = [...new Set(labels)].reverse();
        expect(encode(labels, labels.length, declared)).toEqual(encoded);
        expect(encodeAgainst(encoded.classes, labels, labels.length, { where: "score" })).toEqual(encoded);
      }),
    );
  });

  test("numbers are sorted by size, strings by code units, false before true", () => {
    expect(encode([10, 9, -1, 2.5], 4)).toEqual({
      kind: "labels",
      classes: [-1, 2.5, 9, 10],
      indices: Int32Array.of(3, 2, 0, 1),
    });
    expect(encode(["b", "ä", "B", "a", "10", "9"], 6).classes).toEqual(["10", "9", "B", "a", "b", "ä"]);
    expect(encode([true, false, true], 3)).toEqual({
      kind: "labels",
      classes: [false, true],
      indices: Int32Array.of(1, 0, 1),
    });
  });

  test("names that JavaScript's objects have already are classes like any other", () => {
    const labels = ["constructor", "__proto__", "toString", "__proto__", "valueOf"];
    expect(encode(labels, 5)).toEqual({
      kind: "labels",
      classes: ["__proto__", "constructor", "toString", "valueOf"],
      indices: Int32Array.of(1, 0, 2, 0, 3),
    });
    expect(encode(labels, 5, [...new Set(labels), "hasOwnProperty"]).classes).toHaveLength(5);
  });

  test("−0 and 0 are one class, 0", () => {
    for (const classes of [undefined, [-0, 1]]) {
      const encoded = encode([-0, 0, 1], 3, classes);
      expect(indicesOf(encoded)).toEqual([0, 0, 1]);
      expect(Object.is(encoded.classes[0], 0)).toBe(true);
    }
  });

  test("typed arrays and one-column tensors hold labels", () => {
    const expected = encode([7, 3, 7], 3);
    for (const data of [Uint8Array.of(7, 3, 7), Int32Array.of(7, 3, 7), Float64Array.of(7, 3, 7), [7, 3, 7]]) {
      expect(encode(data, 3)).toEqual(expected);
      expect(encode({ data, shape: [3] }, 3)).toEqual(expected);
      expect(encode({ data, dims: [3, 1] }, 3)).toEqual(expected);
    }
    expect(encode({ data: ["b", "a"], shape: [2] }, 2).classes).toEqual(["a", "b"]);
  });

  test("labels keep digits that float32 would lose", () => {
    expect(encode({ data: [16_777_217, 16_777_216], shape: [2, 1] }, 2).classes).toEqual([16_777_216, 16_777_217]);
  });

  test("a declared class may have no rows", () => {
    expect(encode(["b", "b"], 2, ["c", "b", "a"])).toEqual({
      kind: "labels",
      classes: ["a", "b", "c"],
      indices: Int32Array.of(1, 1),
    });
  });

  test("the caller's arrays stay as they are", () => {
    const labels = [2, 1];
    const classes = [3, 2, 1];
    const encoded = encode(labels, 2, classes);
    encoded.classes.push(9);
    expect(labels).toEqual([2, 1]);
    expect(classes).toEqual([3, 2, 1]);
    expect(encodeAgainst(classes.toSorted(), labels, 2, { where: "score" }).classes).not.toBe(classes);
  });

  test("a million rows of a thousand classes are no quadratic work", () => {
    const labels = Int32Array.from({ length: 1_000_000 }, (_, row) => (row * 7919) % 1000);
    const started = performance.now();
    const encoded = encode(labels, labels.length);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(encoded.classes).toHaveLength(1000);
    expect(indicesOf(encoded).every((index, row) => index === labels[row])).toBe(true);
  });
});

describe("target probabilities", () => {
  const rows = [
    [0.25, 0.75, 0],
    [1, 0, 0],
    [0, 0.5, 0.5],
  ];

  test("are read from every form of a matrix", () => {
    const expected = { kind: "soft", classes: [0, 1, 2], targets: Float32Array.from(rows.flat()) };
    const forms: LabelsLike[] = [
      rows,
      rows.map((row) => Float32Array.from(row)),
      { data: Float64Array.from(rows.flat()), shape: [3, 3] },
      { data: Uint8Array.from(rows.flat(), (value) => value * 4), dims: [3, 3], scale: 1 / 4 },
    ];
    for (const form of forms) expect(encode(form, 3)).toEqual(expected);
  });

  test("one-hot bytes are targets", () => {
    const y = { data: Uint8Array.of(0, 1, 1, 0), shape: [2, 2] };
    expect(encode(y, 2)).toEqual({ kind: "soft", classes: [0, 1], targets: Float32Array.of(0, 1, 1, 0) });
  });

  test("columns are the declared classes where those are sorted", () => {
    expect(encode(rows, 3, ["a", "b", "c"]).classes).toEqual(["a", "b", "c"]);
    expect(encodeAgainst(["a", "b", "c"], rows, 3, { where: "score" })).toEqual(encode(rows, 3, ["a", "b", "c"]));
  });

  test("a column of zeros is a class without rows", () => {
    expect(encode([[1, 0]], 1)).toMatchObject({ kind: "soft", classes: [0, 1] });
  });

  test("rows may miss 1 by rounding, and are not changed", () => {
    const third = Math.fround(1 / 3);
    const encoded = encode([[third, third, third]], 1);
    expect(encoded).toMatchObject({ targets: Float32Array.of(third, third, third) });
    expect(encode([[0.50009, 0.5]], 1)).toMatchObject({ kind: "soft" });
  });

  test("the likeliest class is the first of the largest", () => {
    expect(likeliestClasses(encode(rows, 3))).toEqual(Int32Array.of(1, 0, 1));
    expect(likeliestClasses(encode(["b", "a"], 2))).toEqual(Int32Array.of(1, 0));
  });

  test("one-hot targets and the labels they stand for have the same likeliest classes", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 1, maxLength: 30 }), (labels) => {
        const oneHot = labels.map((label) => [0, 1, 2, 3, 4].map((index) => (index === label ? 1 : 0)));
        const encoded = encode(oneHot, labels.length);
        expect([...likeliestClasses(encoded)]).toEqual(labels);
      }),
    );
  });
});

test("row weights come in through the same door", () => {
  expect(checkSampleWeight([1, 2], 2, "fit")).toEqual(Float32Array.of(1, 2));
});
