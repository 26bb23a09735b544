import { expect, test } from "vitest";
import { centreOfMass, digitImage, type Stroke } from "../../demo/digit-image.js";

/** Rows and columns of a 28×28 image that hold ink, as [first, last]. */
function inkedRange(image: Uint8Array, axis: "rows" | "columns"): [number, number] {
  const positions = Array.from(image.keys())
    .filter((index) => image[index]! > 0)
    .map((index) => (axis === "rows" ? Math.floor(index / 28) : index % 28));
  return [Math.min(...positions), Math.max(...positions)];
}

const seven: Stroke = [
  { x: 10, y: 10 },
  { x: 18, y: 10 },
  { x: 13, y: 24 },
];

test("nothing drawn is nothing inked", () => {
  expect(digitImage([], 28)).toEqual(new Uint8Array(784));
});

test("the centre of mass comes to pixel (14, 14), as in MNIST", () => {
  const { x, y } = centreOfMass(digitImage([seven], 28));
  expect(Math.abs(x - 14)).toBeLessThan(0.2);
  expect(Math.abs(y - 14)).toBeLessThan(0.2);
});

test("the longer side fills the 20 pixels that MNIST gives a digit", () => {
  const [top, bottom] = inkedRange(digitImage([seven], 28), "rows");
  expect(bottom - top + 1).toBeGreaterThanOrEqual(19);
  expect(bottom - top + 1).toBeLessThanOrEqual(21);
});

test("place and size on the pad do not matter", () => {
  const elsewhere = [seven.map(({ x, y }) => ({ x: 3 + 0.5 * x, y: 1 + 0.5 * y }))];
  const halfUnits = [seven.map(({ x, y }) => ({ x: 10 * x, y: 10 * y }))];
  expect(digitImage(elsewhere, 28)).toEqual(digitImage([seven], 28));
  expect(digitImage(halfUnits, 280)).toEqual(digitImage([seven], 28));
});

test("a dot stays a dot", () => {
  const image = digitImage([[{ x: 5, y: 5 }]], 28);
  const [top, bottom] = inkedRange(image, "rows");
  const [left, right] = inkedRange(image, "columns");
  expect(bottom - top + 1).toBeLessThanOrEqual(4);
  expect(right - left + 1).toBeLessThanOrEqual(4);
  expect(image[14 * 28 + 14]).toBe(255);
});

test("lines have full ink in the middle and a soft edge", () => {
  const image = digitImage(
    [
      [
        { x: 14, y: 4 },
        { x: 14, y: 24 },
      ],
    ],
    28,
  );
  const row = Array.from(image.subarray(14 * 28 + 11, 14 * 28 + 18));
  expect(row[3]).toBe(255);
  expect(row[0]).toBe(0);
  expect(row).toEqual(row.toReversed());
  expect(row.some((ink) => ink > 0 && ink < 255)).toBe(true);
});
