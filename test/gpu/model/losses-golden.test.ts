/** The losses beside PyTorch's and scikit-learn's, in test/golden/losses.json. */
import { describe, expect } from "vitest";
import type { LossChoice } from "../../../src/index.js";
import { SoftmaxRegression } from "../../../src/index.js";
import { chosenLoss } from "../../../src/losses/chosen-loss.js";
import logisticText from "../../golden/logistic.json?raw";
import goldenText from "../../golden/losses.json?raw";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { f32Matrix } from "../../support/op-cases.js";
import { FORMS, scoreLossCase } from "../../support/score-loss-cases.js";
import { scoreLossFloors } from "../../support/score-loss-floors.js";

type Choice = Exclude<LossChoice, { readonly name: "cross-entropy" }>;

interface Golden {
  readonly losses: {
    readonly scores: number[][];
    readonly labels: number[];
    readonly soft: number[][];
    readonly cases: readonly { loss: Choice; targets: "labels" | "soft"; losses: number[]; gradient: number[][] }[];
  };
  readonly ridge: readonly {
    l2: number;
    sampleWeight: number[] | null;
    objective: number;
    coefficients: number[][];
    intercept: number[];
  }[];
  readonly crammerSinger: readonly { l2: number; objective: number }[];
}

const golden = JSON.parse(goldenText) as Golden;
const iris = JSON.parse(logisticText) as { readonly features: number[][]; readonly labels: number[] };

/** The form in the ops' terms, for what float32 may miss. */
const formOf = (loss: Choice): (typeof FORMS)[string] => {
  if (loss.name === "margin")
    return { ...FORMS.margin, delta: loss.delta ?? 1, power: loss.power ?? 1, largest: loss.form === "max" } as never;
  return FORMS[loss.name === "squared" && loss.on === "probabilities" ? "brier" : loss.name];
};

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("values and gradients are PyTorch's", async ({ engines }) => {
    const engine = engines[device];
    const { scores, labels, soft, cases } = golden.losses;
    const [n, k] = [scores.length, (scores[0] as number[]).length];
    expect(cases).toHaveLength(14);
    const logits = engine.tensor(scores);
    const [classes, targets] = [engine.tensor(Int32Array.from(labels)), engine.tensor(soft)];
    for (const each of cases) {
      const isSoft = each.targets === "soft";
      const [losses, gradient] = [engine.empty([n]), engine.empty([n, k])];
      const given = { labels: isSoft ? undefined : classes, soft: isSoft ? targets : undefined };
      chosenLoss(each.loss).evaluate(engine, {
        ...{ logits, losses, gradient, scale: 1, denominator: undefined },
        targets: { ...given, rowWeight: undefined, labelSmoothing: 0 },
      });
      const read = await engine.read(losses, gradient);
      const rows = f32Matrix(n, k, Float32Array.from(scores.flat()));
      const floors = scoreLossFloors({
        ...scoreLossCase(rows, formOf(each.loss), { soft: isSoft }),
        ...hostTargets(given, n, k),
      });
      const label = JSON.stringify(each.loss);
      expectClose(read[0] as Float32Array, each.losses, { floor: floors.loss, label });
      expectClose(read[1] as Float32Array, each.gradient.flat(), { floor: floors.gradient, label });
      for (const t of [losses, gradient]) t.dispose();
    }
    for (const t of [logits, classes, targets]) t.dispose();
  });

  test("squared is scikit-learn's Ridge on one-hot targets", async ({ engines }) => {
    for (const { l2, sampleWeight, objective, coefficients, intercept } of golden.ridge) {
      using model = new SoftmaxRegression({ engine: engines[device], loss: "squared", l2, tolerance: 1e-6 });
      const report = await model.fit(iris.features, iris.labels, sampleWeight ? { sampleWeight } : {});
      // Sums of 150 rows in float32.
      expectClose([report.loss], [objective], { floor: 0, relativeFloor: 2e-6 });
      // ‖ΔW‖ ≤ ‖dJ‖ / l2: of twelve values, a gradient near 1e-6 and the float32 roundings of one. At l2 = 0.001 that promises
      // little, and what it comes to is limited by curvature: twice the features' smallest variance, 0.024, gives 0.05.
      const off = (Math.sqrt(12) * 4e-6) / Math.max(l2, 0.05);
      expectClose(model.coef.data, coefficients.flat(), { floor: off });
      // b = mean(y) − μ·W, Σ|μ| = 13.7
      expectClose(model.intercept, intercept, { floor: 14 * off });
    }
  });

  test("the largest margin ends at the optimum of LinearSVC's Crammer–Singer", async ({ engines }) => {
    for (const { l2, objective } of golden.crammerSinger) {
      const options = {
        engine: engines[device],
        loss: { name: "margin", form: "max" },
        l2,
        fitIntercept: false,
      } as const;
      using model = new SoftmaxRegression(options);
      const { loss } = await model.fit(iris.features, iris.labels);
      // Below it by no more than liblinear's own gap and float32's roundings; above it, a corner is where L-BFGS may be left.
      expect(loss).toBeGreaterThan(objective * (1 - 1e-5));
      expect(loss).toBeLessThan(objective * (1 + 5e-3));
    }
  });
});

/** The golden targets in place of a case's own. */
function hostTargets(given: { labels: unknown; soft: unknown }, n: number, k: number): object {
  const { labels, soft } = golden.losses;
  return {
    labels: given.labels && { data: Int32Array.from(labels), rows: 1, columns: n, scale: 1, offset: 0 },
    soft: given.soft && f32Matrix(n, k, Float32Array.from(soft.flat())),
  };
}
