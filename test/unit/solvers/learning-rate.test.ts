import { describe, expect, test } from "vitest";
import { CallbackError, OptionError, SoftmaxRegression } from "../../../src/index.js";
import { learningRates } from "../../../src/solvers/learning-rate.js";
import { expectFault } from "../data/fault.js";

const of = (rate: Parameters<typeof learningRates>[0], steps: number): number[] =>
  Array.from({ length: steps }, (_, t) => learningRates(rate, steps)(t));

describe("schedules", () => {
  test("a number stays what it is", () => {
    expect(of(0.5, 3)).toEqual([0.5, 0.5, 0.5]);
  });

  test("step", () => {
    expect(of({ schedule: "step", initial: 1, factor: 0.5, every: 2 }, 5)).toEqual([1, 1, 0.5, 0.5, 0.25]);
  });

  test("cosine falls from initial towards final, which it would reach at the end", () => {
    const rates = of({ schedule: "cosine", initial: 1, final: 0.5 }, 4);
    expect(rates[0]).toBe(1);
    expect(rates[1]).toBeCloseTo(0.75 + 0.25 * Math.SQRT1_2, 15);
    expect(rates[2]).toBeCloseTo(0.75, 15);
    expect(rates[3]).toBeCloseTo(0.75 - 0.25 * Math.SQRT1_2, 15);
    expect(of({ schedule: "cosine", initial: 2 }, 2)[1]).toBeCloseTo(1, 15);
  });

  test("inverse time", () => {
    expect(of({ schedule: "inverse-time", initial: 1, decay: 1 }, 4)).toEqual([1, 1 / 2, 1 / 3, 1 / 4]);
  });

  test("a function is asked for every step, once, before the first", () => {
    const asked: [number, number][] = [];
    const rate = learningRates((t, steps) => {
      asked.push([t, steps]);
      return 1 / (1 + t);
    }, 3);
    expect(asked).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
    ]);
    expect([rate(2), rate(0)]).toEqual([1 / 3, 1]);
    expect(asked).toHaveLength(3);
  });

  test("a function that fails, or gives what is no length", () => {
    for (const bad of [Number.NaN, -1, Number.POSITIVE_INFINITY, "1", undefined]) {
      const rate = (t: number): number => (t === 2 ? (bad as number) : 1);
      expectFault(() => learningRates(rate, 4), OptionError, "BAD_OPTION", "step 2", String(bad));
    }
    const cause = new Error("mine");
    const fault = expectFault(
      () =>
        learningRates(() => {
          throw cause;
        }, 1),
      CallbackError,
      "CALLBACK_FAILED",
      "step 0",
    );
    expect(fault.cause).toBe(cause);
  });

  test("a function, and more steps than a table has room for", () => {
    const never = (): never => expect.unreachable();
    expectFault(() => learningRates(never, 1e10), OptionError, "BAD_OPTION", "10000000000");
  });
});

test.each([
  0,
  -1,
  Number.NaN,
  "cosine",
  null,
  {},
  { schedule: "linear", initial: 1 },
  { schedule: "toString", initial: 1 },
  { schedule: "cosine" },
  { schedule: "cosine", initial: 0 },
  { schedule: "cosine", initial: 1, final: -1 },
  { schedule: "cosine", initial: 1, finale: 0 },
  { schedule: "step", initial: 1, factor: 2, every: 1 },
  { schedule: "step", initial: 1, factor: 0.5, every: 0 },
  { schedule: "inverse-time", initial: 1 },
])("no learning rate: %j", (learningRate) => {
  const options = { solver: "sgd", learningRate } as never;
  expectFault(() => new SoftmaxRegression(options), OptionError, "BAD_OPTION", "`learningRate`");
});
