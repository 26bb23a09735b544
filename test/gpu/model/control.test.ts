/** What decides how long a fit goes on and how long its steps are: early stopping, validation by share, learning-rate schedules. */
import { describe, expect } from "vitest";
import {
  CallbackError,
  type FitOptions,
  OptionError,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { expectRejection } from "../../unit/data/fault.js";
import { clusters } from "./clusters.js";
import { expectMemoryBack } from "./live-memory.js";

/** Few rows, many features: what is learnt last is noise, and validation gets worse. */
const train = clusters(30, 12, 3, 1);
const held = clusters(60, 12, 3, 1001);
const validation = { x: held.x, y: held.y };
const SOLVERS: readonly SoftmaxRegressionOptions[] = [
  { solver: "lbfgs", l2: 0, maxIterations: 60 },
  { solver: "sgd", l2: 0, epochs: 60, batchSize: 8, learningRate: 0.5 },
  { solver: "adam", l2: 0, epochs: 60, batchSize: 8, learningRate: 0.1 },
];

describe.each(ENGINE_DEVICES)("early stopping on %s", (device) => {
  for (const solver of SOLVERS) {
    test(`${solver.solver}: ends when validation gets worse, with the weights that were best, twice the same`, async ({
      engines,
    }) => {
      const engine = engines[device];
      const trained = async (options: FitOptions) => {
        const model = new SoftmaxRegression({ engine, ...solver });
        return { model, report: await expectMemoryBack(engine, () => model.fit(train.x, train.y, options)) };
      };
      const earlyStopping = { patience: 4 };
      const { model, report } = await trained({ validation, earlyStopping });
      expect(report.stopReason).toBe("early-stop");
      expect(report.converged).toBe(false);
      const stepsPerCheck = solver.solver === "lbfgs" ? 1 : Math.ceil(30 / 8);
      const checks = report.history.filter(({ iteration }) => iteration % stepsPerCheck === 0);
      for (const { validationLoss } of checks) expect(validationLoss).toBeGreaterThan(0);
      const losses = checks.map(({ validationLoss }) => validationLoss as number);
      const best = losses.indexOf(Math.min(...losses));
      expect(report.bestIteration).toBe(checks[best].iteration);
      expect(checks.length - 1 - best).toBe(4);
      expect(report.iterations).toBe(checks[checks.length - 1].iteration);
      expect(report.loss).toBe(checks[best].loss);
      const { logLoss } = await model.evaluate(held.x, held.y);
      expect(Math.abs(logLoss - losses[best])).toBeLessThanOrEqual(60 * 2 ** -22);

      const again = await trained({ validation, earlyStopping });
      expect(again.report.bestIteration).toBe(report.bestIteration);
      expectSameBits(again.model.coef.data, model.coef.data);
      // Without it, all iterations are made, and validation is worse for it.
      const whole = await trained({ validation });
      expect(whole.report).not.toHaveProperty("bestIteration");
      expect((await whole.model.evaluate(held.x, held.y)).logLoss).toBeGreaterThan(logLoss);
    });
  }

  test("a fit that ends by itself has its best weights too, and false is none", async ({ engines }) => {
    const model = new SoftmaxRegression({ engine: engines[device], l2: 0, maxIterations: 6 });
    const report = await model.fit(train.x, train.y, { validation, earlyStopping: { patience: 100 } });
    expect(report.stopReason).toBe("max-iterations");
    expect(report.iterations).toBe(6);
    const losses = report.history.map((point) => point.validationLoss as number);
    expect(report.bestIteration).toBe(losses.indexOf(Math.min(...losses)));
    const plain = await model.fit(train.x, train.y, { validation, earlyStopping: false });
    expect(plain.bestIteration).toBeUndefined();
  });

  test("options that cannot be used", async ({ engines }) => {
    const model = new SoftmaxRegression({ engine: engines[device] });
    const refuse = (options: object, code: "BAD_OPTION" | "UNKNOWN_OPTION", part: string) =>
      expectRejection(model.fit(train.x, train.y, options), OptionError, code, part);
    await refuse({ earlyStopping: true }, "BAD_OPTION", "needs `validation`");
    await refuse({ validation, earlyStopping: { patience: 0 } }, "BAD_OPTION", "`patience`");
    await refuse({ validation, earlyStopping: { minDelta: -1 } }, "BAD_OPTION", "`minDelta`");
    await refuse({ validation, earlyStopping: { monitor: "loss" } }, "BAD_OPTION", "`monitor`");
    await refuse({ validation, earlyStopping: { patients: 3 } }, "UNKNOWN_OPTION", "Did you mean `patience`?");
    await refuse({ validation: 1 }, "BAD_OPTION", "> 0 and < 1");
    await refuse({ validation: 0.01 }, "BAD_OPTION", "sets no row aside");
    using x = engines[device].tensor(train.x);
    await expectRejection(model.fit(x, train.y, { validation: 0.2 }), OptionError, "BAD_OPTION", "X is a tensor");
    expect(() => model.coef).toThrow("has not been fitted");
  });
});

describe.each(ENGINE_DEVICES)("validation by a share of the rows on %s", (device) => {
  test("is the same as training on the others and validating on these", async ({ engines }) => {
    const engine = engines[device];
    const weights = train.y.map((_, i) => 1 + (i % 3));
    const options = { engine, maxIterations: 6, seed: 5, classWeight: "balanced" } as const;
    const shared = new SoftmaxRegression(options);
    const report = await shared.fit(train.x, train.y, { validation: 0.3, sampleWeight: weights });
    const { stratifiedSplit } = await import("../../../src/model/validation-split.js");
    const { encodeLabels } = await import("../../../src/model/labels.js");
    const encoded = encodeLabels(train.y, 30, { where: "fit" });
    const split = stratifiedSplit(encoded, Float32Array.from(weights), 0.3, 5);
    const part = (rows: Int32Array) => ({
      x: Array.from(rows, (i) => train.x.data.slice(12 * i, 12 * i + 12)),
      y: Array.from(rows, (i) => train.y[i]),
      sampleWeight: Array.from(rows, (i) => weights[i]),
    });
    const [own, other] = [part(split.training), part(split.validation)];
    const apart = new SoftmaxRegression(options);
    const expected = await apart.fit(own.x, own.y, { sampleWeight: own.sampleWeight, validation: other });
    expectSameBits(shared.coef.data, apart.coef.data);
    const last = report.history[report.history.length - 1];
    const lastExpected = expected.history[expected.history.length - 1];
    expect(last.validationLoss).toBe(lastExpected.validationLoss);
    expect(last.validationAccuracy).toBe(lastExpected.validationAccuracy);
  });
});

describe.each(ENGINE_DEVICES)("learning rates on %s", (device) => {
  test.for(["sgd", "adam"] as const)(
    "%s: a schedule is the function that it stands for",
    async (solver, { engines }) => {
      const trained = async (learningRate: SoftmaxRegressionOptions["learningRate"]) => {
        const model = new SoftmaxRegression({
          ...{ engine: engines[device], solver, epochs: 3, batchSize: 8 },
          ...(learningRate === undefined ? {} : { learningRate }),
        });
        await model.fit(train.x, train.y);
        return model.coef.data;
      };
      const steps = 12;
      expectSameBits(await trained(() => 0.2), await trained(0.2));
      const halved = await trained({ schedule: "step", initial: 0.5, factor: 0.5, every: 4 });
      expectSameBits(await trained((t) => 0.5 * 0.5 ** Math.floor(t / 4)), halved);
      const cosine = (t: number): number => (0.5 * (1 + Math.cos((Math.PI * t) / steps))) / 2;
      expectSameBits(await trained(cosine), await trained({ schedule: "cosine", initial: 0.5 }));
      expectSameBits(
        await trained((t) => 0.5 / (1 + 0.1 * t)),
        await trained({ schedule: "inverse-time", initial: 0.5, decay: 0.1 }),
      );
      // Steps of no length leave the weights where they were.
      expect((await trained(() => 0)).every((w) => w === 0)).toBe(true);
      expect(halved.some((w) => w !== 0)).toBe(true);
    },
  );

  test("a function that fails changes nothing", async ({ engines }) => {
    const engine = engines[device];
    let fails = false;
    const learningRate = (t: number): number => {
      if (fails && t === 3) throw new Error("mine");
      return 0.1;
    };
    const model = new SoftmaxRegression({ engine, solver: "sgd", epochs: 2, batchSize: 8, learningRate });
    await model.fit(train.x, train.y);
    const before = model.coef.data;
    fails = true;
    await expectMemoryBack(engine, () =>
      expectRejection(model.fit(train.x, train.y), CallbackError, "CALLBACK_FAILED", "learningRate threw at step 3"),
    );
    expectSameBits(model.coef.data, before);
  });
});
