import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { OptionError } from "../../../src/errors.js";
import { checkOptions } from "../../../src/model/options.js";
import { expectFault } from "../data/fault.js";

const isFunction = (value: unknown): value is () => void => typeof value === "function";

const table = {
  learningRate: { kind: "number", min: 0, exclusiveMin: true, default: 0.1 },
  momentum: { kind: "number", min: 0, max: 1, exclusiveMax: true, default: 0 },
  batchSize: { kind: "integer", min: 1 },
  nesterov: { kind: "boolean", default: false },
  solver: { kind: "choice", choices: ["lbfgs", "sgd", "adam"], default: "lbfgs" },
  onProgress: { kind: "custom", accepts: isFunction, expected: "a function" },
} as const;

/** The compiler lets any object pass, as it must: the table is what knows the names. */
const check = (options: unknown) => checkOptions(options as object, table, "fit");

describe("filling up", () => {
  const defaults = {
    learningRate: 0.1,
    momentum: 0,
    batchSize: undefined,
    nesterov: false,
    solver: "lbfgs",
    onProgress: undefined,
  };

  test("nothing given: the defaults", () => {
    expect(check({})).toEqual(defaults);
    expect(check(undefined)).toEqual(defaults);
    expect(check({ momentum: undefined, batchSize: undefined })).toEqual(defaults);
  });

  test("what is given stays as it is, and the caller's object too", () => {
    const onProgress = () => {};
    const given = Object.freeze({ batchSize: 256, nesterov: true, solver: "sgd", onProgress, learningRate: 5e-324 });
    expect(check(given)).toEqual({ ...defaults, ...given });
    expect(check(given).onProgress).toBe(onProgress);
  });

  test("every number within the range passes, bounds included unless exclusive", () => {
    const rate = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(rate, (momentum) => {
        expect(check({ momentum }).momentum).toBe(momentum);
      }),
    );
    expect(check({ batchSize: 1 }).batchSize).toBe(1);
  });

  test("the types follow the table", () => {
    const filled = checkOptions({}, table, "fit");
    expectTypeOf(filled.learningRate).toEqualTypeOf<number>();
    expectTypeOf(filled.batchSize).toEqualTypeOf<number | undefined>();
    expectTypeOf(filled.nesterov).toEqualTypeOf<boolean>();
    expectTypeOf(filled.solver).toEqualTypeOf<"lbfgs" | "sgd" | "adam">();
    expectTypeOf(filled.onProgress).toEqualTypeOf<(() => void) | undefined>();
    expect(filled.solver).toBe("lbfgs");
  });
});

describe("values that are refused", () => {
  test.each([
    ["learningRate", 0, "a finite number > 0"],
    ["learningRate", -1, "a finite number > 0"],
    ["learningRate", Number.NaN, "a finite number > 0"],
    ["learningRate", Number.POSITIVE_INFINITY, "a finite number > 0"],
    ["learningRate", "0.1", "a finite number > 0"],
    ["learningRate", null, "a finite number > 0"],
    ["learningRate", 1n, "a finite number > 0"],
    ["momentum", 1, "a finite number ≥ 0 and < 1"],
    ["momentum", -1e-9, "a finite number ≥ 0 and < 1"],
    ["momentum", true, "a finite number ≥ 0 and < 1"],
    ["batchSize", 0, "an integer ≥ 1"],
    ["batchSize", 2.5, "an integer ≥ 1"],
    ["batchSize", 2 ** 60, "an integer ≥ 1"],
    ["batchSize", [256], "an integer ≥ 1"],
    ["nesterov", 1, "true or false"],
    ["nesterov", "false", "true or false"],
    ["solver", "lbgfs", 'one of "lbfgs", "sgd", "adam"'],
    ["solver", "constructor", 'one of "lbfgs", "sgd", "adam"'],
    ["solver", 0, 'one of "lbfgs", "sgd", "adam"'],
    ["onProgress", {}, "a function"],
    ["onProgress", null, "a function"],
  ])("%s: %s", (name, value, expected) => {
    const options = { [name]: value };
    expectFault(
      () => check(options),
      OptionError,
      "BAD_OPTION",
      `fit: option \`${name}\``,
      `expected ${expected}`,
      "got ",
    );
  });

  test("the message is whole", () => {
    const error = expectFault(() => check({ momentum: 1.5 }), OptionError, "BAD_OPTION");
    expect(error.message).toBe("fit: option `momentum` cannot be used: expected a finite number ≥ 0 and < 1, got 1.5.");
  });

  test.each([null, "sgd", 5, [], () => {}, true])("%s in place of the options", (options) => {
    expectFault(() => check(options), OptionError, "BAD_OPTION", "options must be an object", "got ");
  });
});

describe("names that do not exist", () => {
  test.each([
    ["learningrate", "learningRate"],
    ["learning_rate", "learningRate"],
    ["learnigRate", "learningRate"],
    ["batchsize", "batchSize"],
    ["batch_size", "batchSize"],
    ["momentun", "momentum"],
    ["slover", "solver"],
    ["onprogress", "onProgress"],
  ])("%s is taken for %s", (name, meant) => {
    const error = expectFault(() => check({ [name]: 1 }), OptionError, "UNKNOWN_OPTION");
    expect(error.message).toBe(
      `fit: unknown option \`${name}\`. Did you mean \`${meant}\`? ` +
        "Known: learningRate, momentum, batchSize, nesterov, solver, onProgress.",
    );
  });

  test.each(["penalty", "x", "", "constructor", "toString", "a".repeat(100_000)])("%s is like none", (name) => {
    const error = expectFault(() => check({ [name]: 1 }), OptionError, "UNKNOWN_OPTION", "Known: learningRate");
    expect(error.message).not.toContain("Did you mean");
  });

  test("__proto__ from a parsed file is an unknown name, not a prototype", () => {
    expectFault(
      () => check(JSON.parse('{"__proto__": {"momentum": 0.5}}')),
      OptionError,
      "UNKNOWN_OPTION",
      "__proto__",
    );
  });

  test("an unknown name is refused even when it is undefined", () => {
    expectFault(() => check({ momentun: undefined }), OptionError, "UNKNOWN_OPTION", "`momentum`");
  });
});
