import { describe, expect, test } from "vitest";
import { type FitOptions, OptionError, SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";
import { expectFault, expectRejection } from "../../unit/data/fault.js";

const create = (options: unknown) => new SoftmaxRegression(options as SoftmaxRegressionOptions);

describe("options out of their range name what is allowed", () => {
  test.each<[option: string, allowed: string, ...values: unknown[]]>([
    ["l2", "a finite number ≥ 0", -1e-9, Number.NaN, Number.POSITIVE_INFINITY, "0.1", null],
    ["l1", "a finite number ≥ 0", -1e-9, Number.NaN, Number.POSITIVE_INFINITY, "0.1", null],
    ["learningRate", "a finite number > 0", 0, -1, Number.NaN],
    ["epochs", "an integer ≥ 1", 0, 1.5, -3, "10"],
    ["batchSize", "an integer ≥ 1", 0, 2.5, Number.POSITIVE_INFINITY],
    ["maxIterations", "an integer ≥ 1", 0, -1, Number.NaN],
    ["tolerance", "a finite number ≥ 0", -1, Number.NaN],
    ["momentum", "≥ 0 and < 1", 1, -0.1],
    ["seed", "an integer", 0.5, "seed"],
    ["fitIntercept", "true or false", 1, "no"],
    ["warmStart", "true or false", 0],
    ["shuffle", "true or false", null],
    ["solver", '"auto", "lbfgs", "sgd", "adam"', "newton", 1],
    ["features", '"auto", "f32", "f16", "u8"', "f64", "float16", 16, null],
    ["device", '"auto", "webgpu", "cpu"', "gpu", {}],
    ["classes", "an array of labels", "ab", 3],
    ["engine", "createEngine", {}, "cpu"],
    ["gpuDevice", "a GPU device", 1],
    ["powerPreference", '"low-power"', "high"],
  ])("%s: %s", (option, allowed, ...values) => {
    for (const value of values) {
      const error = expectFault(() => create({ [option]: value }), OptionError, "BAD_OPTION", `\`${option}\``, allowed);
      expect(error.message).toMatch(/got .+\.$/);
    }
  });

  test("nesterov without momentum", () => {
    expectFault(() => create({ nesterov: true }), OptionError, "BAD_OPTION", "momentum", "> 0", "got 0");
    expect(create({ nesterov: true, momentum: 0.9 })).toBeInstanceOf(SoftmaxRegression);
  });

  test("no object at all", () => {
    for (const options of [null, 1, "l2", []])
      expectFault(() => create(options), OptionError, "BAD_OPTION", "an object");
  });
});

describe("unknown options name the nearest one", () => {
  test.each([
    ["learning_rate", "learningRate"],
    ["batchsize", "batchSize"],
    ["L2", "l2"],
    ["maxIteration", "maxIterations"],
    ["warmstart", "warmStart"],
  ])("%s: did you mean %s?", (name, nearest) => {
    expectFault(
      () => create({ [name]: 1 }),
      OptionError,
      "UNKNOWN_OPTION",
      `\`${name}\``,
      `Did you mean \`${nearest}\``,
    );
  });

  test("something else altogether: the known ones are listed", () => {
    const error = expectFault(() => create({ zzzzzzzz: 1 }), OptionError, "UNKNOWN_OPTION", "Known: loss, l2, ");
    expect(error.message).not.toContain("Did you mean");
  });
});

describe("options of fit", () => {
  const train = (options: unknown) => create({ device: "cpu" }).fit([[1], [2]], [0, 1], options as FitOptions);

  test.each<[object, string, string]>([
    [{ onProgress: 1 }, "`onProgress`", "a function"],
    [{ signal: {} }, "`signal`", "an AbortSignal"],
    [{ sampleWeight: 1 }, "`sampleWeight`", "an array of numbers"],
    [{ validation: 1 }, "`validation`", "{ x, y }"],
  ])("%o", async (options, name, allowed) => {
    await expectRejection(train(options), OptionError, "BAD_OPTION", "fit: ", name, allowed);
  });

  test("unknown ones", async () => {
    await expectRejection(train({ onprogress: () => 1 }), OptionError, "UNKNOWN_OPTION", "Did you mean `onProgress`");
    await expectRejection(train({ l2: 1 }), OptionError, "UNKNOWN_OPTION", "`l2`");
    await expectRejection(train(null), OptionError, "BAD_OPTION", "an object");
  });
});
