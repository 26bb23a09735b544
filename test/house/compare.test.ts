import { describe, expect, test } from "vitest";
import { expectClose, expectEqualIntegers, expectSameBits } from "../support/compare.js";

describe("expectClose", () => {
  test("accepts what lies within the floor and refuses the next number", () => {
    expectClose([1.5], [1], { floor: 0.5 });
    expect(() => expectClose([1.5000001], [1], { floor: 0.5 })).toThrow(
      /at 0: expected 1, got 1.5000001, tolerance 0.5/,
    );
  });

  test("refuses NaN, infinities and another length", () => {
    expect(() => expectClose([Number.NaN], [0], { floor: 1e300 })).toThrow(/got NaN/);
    expect(() => expectClose([Number.POSITIVE_INFINITY], [0], { floor: 1e300 })).toThrow(/got Infinity/);
    expect(() => expectClose([1], [1, 2], { floor: 1 })).toThrow(/expected 2 values, got 1/);
    expect(() => expectClose([1], [Number.NaN], { floor: 1 })).toThrow(/finite oracle/);
  });

  test("allows the baseline's largest error, and a share of the expected value", () => {
    expectClose([1, 2.25], [1, 2], { floor: 0, baseline32: [0.75, 2] });
    expectClose([110], [100], { floor: 0, relativeFloor: 0.1 });
    expect(() => expectClose([1, 2.5], [1, 2], { floor: 0, baseline32: [0.75, 2] })).toThrow(/error\/tolerance 2/);
    expect(() => expectClose([1], [1], { floor: 0, baseline32: [Number.NaN] })).toThrow(/baseline/);
  });

  test("names the worst of several, and how many they are", () => {
    expect(() => expectClose([1, 9, 5], [1, 1, 1], { floor: 1, label: "softmax" })).toThrow(
      /softmax: 2 of 3 values .* worst at 1/,
    );
  });
});

test("expectSameBits tells −0 from 0 and takes NaN for NaN", () => {
  expectSameBits(Float32Array.of(Number.NaN, 1), Float32Array.of(Number.NaN, 1));
  expect(() => expectSameBits(Float32Array.of(-0), Float32Array.of(0))).toThrow(/bits differ at 0/);
  expect(() => expectSameBits(Float32Array.of(), Float32Array.of(0))).toThrow(/expected 1 values, got 0/);
});

test("expectEqualIntegers names the first difference", () => {
  expectEqualIntegers(Uint32Array.of(1, 2), [1, 2]);
  expect(() => expectEqualIntegers([1, 3], [1, 2])).toThrow(/differs at 1: expected 2, got 3/);
});
