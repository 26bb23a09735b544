/** Options of minibatch steps: what they are filled up with, and what is refused. */
import { describe, expect, test } from "vitest";
import { OptionError, SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";
import { checkModelOptions } from "../../../src/model/check-options.js";
import { expectFault } from "../data/fault.js";

describe("adamw", () => {
  test("is adam with a decay of 0.01 and no l2", () => {
    expect(checkModelOptions({ solver: "adamw" })).toMatchObject({ solver: "adam", weightDecay: 0.01, l2: 0 });
    expect(checkModelOptions({ solver: "adam" })).toMatchObject({ solver: "adam", weightDecay: 0, l2: 1e-4 });
    expect(checkModelOptions({})).toMatchObject({ solver: "auto", weightDecay: 0, l2: 1e-4 });
  });

  test("unless they are given", () => {
    const given = { solver: "adamw", weightDecay: 0.2, l2: 0.3 } as const;
    expect(checkModelOptions(given)).toMatchObject({ ...given, solver: "adam" });
    expect(checkModelOptions({ ...given, weightDecay: 0, l2: 0 })).toMatchObject({ weightDecay: 0, l2: 0 });
  });
});

test("averages are of half of the epochs unless said otherwise", () => {
  const averageOf = (averageWeights?: SoftmaxRegressionOptions["averageWeights"]) =>
    checkModelOptions({ solver: "sgd", ...(averageWeights !== undefined && { averageWeights }) }).averageWeights;
  expect(averageOf()).toBeUndefined();
  expect(averageOf(false)).toBeUndefined();
  expect(averageOf(true)).toEqual({ from: 0.5 });
  expect(averageOf({})).toEqual({ from: 0.5 });
  expect(averageOf({ from: 0 })).toEqual({ from: 0 });
});

/** What L-BFGS has no use for. */
const OF_STEPS = [
  ["learningRate", 0.1],
  ["batchSize", 1],
  ["epochs", 3],
  ["shuffle", true],
  ["momentum", 0.5],
  ["nesterov", true],
] as const;

describe("refused", () => {
  const refuse = (options: object, part: string, code: "BAD_OPTION" | "UNKNOWN_OPTION" = "BAD_OPTION"): void => {
    expectFault(() => checkModelOptions(options as SoftmaxRegressionOptions), OptionError, code, part);
  };

  test("with a solver that takes no minibatches, unless they ask for nothing", () => {
    for (const solver of ["lbfgs", "auto"] as const) {
      for (const [name, value] of [
        ...(solver === "lbfgs" ? OF_STEPS : []),
        ["weightDecay", 0.1],
        ["clipNorm", 1],
        ["averageWeights", true],
        ["averageWeights", { from: 0 }],
      ] as const) {
        refuse({ solver, [name]: value }, `option \`${name}\` is for minibatches`);
      }
      checkModelOptions({ solver, weightDecay: 0, averageWeights: false, momentum: 0, nesterov: false });
    }
  });

  test("momentum with Adam, which has its own", () => {
    for (const solver of ["adam", "adamw"] as const) {
      refuse({ solver, momentum: 0.5 }, `option \`momentum\` is for SGD: expected \`solver\` "sgd", got "${solver}"`);
      refuse({ solver, momentum: 0.5, nesterov: true }, "is for SGD");
      checkModelOptions({ solver, momentum: 0, nesterov: false, learningRate: 0.1, epochs: 1, shuffle: true });
    }
  });

  test("by a fit that goes by L-BFGS unless told otherwise; partialFit takes steps of SGD", async () => {
    const [x, y] = [
      [[0], [1]],
      [0, 1],
    ];
    for (const [name, value] of OF_STEPS) {
      const options = { [name]: value, ...(name === "nesterov" && { momentum: 0.5 }) };
      using model = new SoftmaxRegression({ ...options, device: "cpu", workers: 0 });
      const words = {
        name: "OptionError",
        message: expect.stringContaining('is for minibatches: expected `solver` "sgd"'),
      };
      await expect(model.fit(x, y)).rejects.toMatchObject(words);
      await expect(model.fit(() => [{ x, y }])).rejects.toMatchObject(words);
      expect((await model.partialFit(x, y, { classes: [0, 1] })).iterations).toBe(name === "batchSize" ? 2 : 1);
    }
  });

  test("a Gram matrix for what has no curvature to tell, or takes no full batches", () => {
    const preconditioner = "gram";
    for (const solver of ["sgd", "adam", "adamw"]) refuse({ preconditioner, solver }, "expected `solver`");
    refuse({ preconditioner, l1: 0.1 }, "expected `l1` 0, got 0.1");
    for (const loss of ["margin", "absolute", { name: "squared", on: "probabilities" }]) {
      refuse({ preconditioner, loss }, "expected `loss`");
    }
    refuse({ preconditioner: "hessian" }, "`preconditioner`");
    for (const loss of ["cross-entropy", "squared"] as const) checkModelOptions({ preconditioner, loss });
  });

  test("values out of range", () => {
    const sgd = { solver: "sgd" };
    for (const weightDecay of [-1e-9, Number.NaN, Number.POSITIVE_INFINITY, "0.1", null]) {
      refuse({ ...sgd, weightDecay }, "`weightDecay` cannot be used: expected a finite number ≥ 0");
    }
    for (const clipNorm of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "1", true]) {
      refuse({ ...sgd, clipNorm }, "`clipNorm` cannot be used: expected a finite number > 0");
    }
    for (const averageWeights of [1, "ema", null, [], [0.5]]) {
      refuse({ ...sgd, averageWeights }, "`averageWeights` cannot be used: expected true, false or { from }");
    }
    for (const from of [-0.1, 1, Number.NaN, "0.5"]) {
      refuse({ ...sgd, averageWeights: { from } }, "`from` cannot be used: expected a finite number ≥ 0 and < 1");
    }
    refuse({ ...sgd, averageWeights: { form: 0.5 } }, "Did you mean `from`?", "UNKNOWN_OPTION");
    refuse({ ...sgd, clipnorm: 1 }, "Did you mean `clipNorm`?", "UNKNOWN_OPTION");
    refuse({ solver: "adamax" }, '"adamw"');
  });
});

test("a fit that decay alone drives apart says so", async () => {
  const settings = { solver: "sgd", learningRate: 0.1, epochs: 60, batchSize: 1, device: "cpu", workers: 0 } as const;
  using model = new SoftmaxRegression({ ...settings, weightDecay: 1e3 });
  const report = await model.fit([[0], [1]], [0, 1]);
  expect(report.stopReason).toBe("diverged");
  expect(report.advice).toContain("lower l2 or weightDecay");
});
