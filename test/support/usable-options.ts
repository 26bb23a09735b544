/** Settings that tests of several solvers share. */
import type { SoftmaxRegressionOptions } from "../../src/index.js";

const OF_STEPS: readonly string[] = ["learningRate", "batchSize", "epochs", "shuffle", "momentum", "nesterov"];

/** The options, without those for minibatches where the solver takes none: a model refuses what it has no use for. */
export function usable(options: SoftmaxRegressionOptions): SoftmaxRegressionOptions {
  const { solver = "auto" } = options;
  if (solver !== "auto" && solver !== "lbfgs") return options;
  return Object.fromEntries(Object.entries(options).filter(([name]) => !OF_STEPS.includes(name)));
}
