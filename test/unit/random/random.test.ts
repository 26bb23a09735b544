import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OptionError } from "../../../src/errors.js";
import { nextWord, Random, seedState } from "../../../src/random.js";
import { expectFault } from "../data/fault.js";

const seeds = fc.double({ noNaN: true, noDefaultInfinity: true });

describe("xoshiro128**", () => {
  test("gives the reference sequence from the state 1, 2, 3, 4", () => {
    const state = Uint32Array.of(1, 2, 3, 4);
    const words = Array.from({ length: 10 }, () => nextWord(state));
    expect(words).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  // Computed in C from the authors' public-domain sources, the seed's float64 bits being SplitMix64's state.
  test.each([
    [0, [3737715805, 2584255861, 2876756834, 3286328325]],
    [-0, [3737715805, 2584255861, 2876756834, 3286328325]],
    [1, [4138435206, 2006973446, 1699693906, 1043124518]],
    [-1, [2284970344, 4083509647, 2036471175, 1839261007]],
    [0.5, [2623719410, 794803948, 4175416839, 3087330711]],
    [42, [470278713, 833683552, 73592726, 2876843895]],
  ])("gives the same words for the seed %d as the C sources", (seed, expected) => {
    const state = seedState(seed);
    expect(Array.from({ length: 4 }, () => nextWord(state))).toEqual(expected);
  });
});

describe("next", () => {
  test("stays in [0, 1) and repeats with its seed", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        const again = new Random(seed);
        for (let i = 0; i < 50; i++) {
          const value = random.next();
          expect(value >= 0 && value < 1).toBe(true);
          expect(again.next()).toBe(value);
        }
      }),
    );
  });

  test("differs between neighbouring seeds from the first number on", () => {
    const firsts = new Set(Array.from({ length: 1000 }, (_, seed) => new Random(seed).next()));
    expect(firsts.size).toBe(1000);
  });

  test("has the mean and the variance of the uniform distribution", () => {
    const random = new Random(7);
    const count = 100_000;
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < count; i++) {
      const value = random.next();
      sum += value;
      squares += (value - 0.5) ** 2;
    }
    // Five standard deviations of the estimates.
    expect(Math.abs(sum / count - 1 / 2)).toBeLessThan(5 * Math.sqrt(1 / 12 / count));
    expect(Math.abs(squares / count - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / count));
  });
});

describe("integer", () => {
  test("stays below its bound", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 2 ** 32 }), (seed, below) => {
        const value = new Random(seed).integer(below);
        expect(Number.isInteger(value) && value >= 0 && value < below).toBe(true);
      }),
    );
  });

  test("favours no value where 2³² is no multiple of the bound", () => {
    // Without drawing again, the lower third of 3·2³⁰ would come up twice as often as each other third.
    const below = 3 * 2 ** 30;
    const random = new Random(11);
    const thirds = [0, 0, 0];
    const count = 30_000;
    for (let i = 0; i < count; i++) thirds[Math.floor((random.integer(below) / below) * 3)]++;
    for (const third of thirds) expect(Math.abs(third - count / 3)).toBeLessThan(5 * Math.sqrt((count * 2) / 9));
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32 + 1])("refuses the bound %d", (below) => {
    expectFault(() => new Random(1).integer(below), OptionError, "BAD_OPTION", "1 … 4294967296", String(below));
  });
});

describe("shuffle", () => {
  test("is a permutation that the seed determines", () => {
    fc.assert(
      fc.property(seeds, fc.uint32Array(), (seed, values) => {
        const shuffled = values.slice();
        new Random(seed).shuffle(shuffled);
        const again = values.slice();
        new Random(seed).shuffle(again);
        expect(shuffled).toEqual(again);
        expect(shuffled.toSorted()).toEqual(values.toSorted());
      }),
    );
  });

  test("gives all six orders of three values equally often", () => {
    const random = new Random(3);
    const counts = new Map<string, number>();
    const rounds = 12_000;
    for (let i = 0; i < rounds; i++) {
      const values = Uint32Array.of(0, 1, 2);
      random.shuffle(values);
      counts.set(values.join(), (counts.get(values.join()) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) {
      expect(Math.abs(count - rounds / 6)).toBeLessThan(5 * Math.sqrt((rounds * 5) / 36));
    }
  });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("refuses the seed %d", (seed) => {
  expectFault(() => new Random(seed), OptionError, "BAD_OPTION", "finite", String(seed));
});
