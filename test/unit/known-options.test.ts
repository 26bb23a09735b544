import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editDistance, nearestName, requireKnownOptions } from "../../src/known-options.js";

const words = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });

describe("editDistance", () => {
  test.each([
    ["", "", 0],
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["ab", "ba", 1],
    ["abcd", "acbd", 1],
    ["solver", "slover", 1],
    ["ca", "abc", 3],
  ])("from %j to %j: %i", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  test("is symmetric, 0 only for equal words, and between the bounds that the lengths set", () => {
    fc.assert(
      fc.property(words, words, (a, b) => {
        const distance = editDistance(a, b);
        expect(editDistance(b, a)).toBe(distance);
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });

  test("one edit is a distance of one", () => {
    fc.assert(
      fc.property(words, fc.nat(8), (word, place) => {
        const at = Math.min(place, word.length);
        expect(editDistance(word, `${word.slice(0, at)}x${word.slice(at)}`)).toBe(1);
        if (at < word.length) expect(editDistance(word, `${word.slice(0, at)}x${word.slice(at + 1)}`)).toBe(1);
      }),
    );
  });
});

describe("nearestName", () => {
  test("takes the nearest, the first of equally near ones, and none that is far", () => {
    expect(nearestName("l3", ["l1", "l2"])).toBe("l1");
    expect(nearestName("tolerence", ["tolerance", "seed"])).toBe("tolerance");
    expect(nearestName("EPOCHS", ["epoch", "epochs"])).toBe("epochs");
    expect(nearestName("seed", ["l2", "tolerance"])).toBeUndefined();
    expect(nearestName("seed", [])).toBeUndefined();
  });
});

describe("requireKnownOptions", () => {
  const refuse = (given: unknown) => () => requireKnownOptions(given, ["labelSmoothing", "reduction"], "crossEntropy");

  test("takes known names and nothing at all", () => {
    expect(refuse({ reduction: "sum" })).not.toThrow();
    expect(refuse({})).not.toThrow();
  });

  test("names what was probably meant", () => {
    expect(refuse({ label_smoothing: 0.1 })).toThrow(
      "crossEntropy: unknown option `label_smoothing`. Did you mean `labelSmoothing`? Known: labelSmoothing, reduction.",
    );
  });

  test.each([null, 3, "mean", [1]])("refuses %j for options", (given) => {
    expect(refuse(given)).toThrow("crossEntropy: options must be an object");
  });
});
