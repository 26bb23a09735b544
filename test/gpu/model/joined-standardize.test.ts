/**
 * `standardize` in `fitPath` and `crossValidate`, against fits of their own: a fold's means and deviations are those of the rows that it
 * is trained on. J is strongly convex in V with modulus l2, so ‖V − V*‖ ≤ ‖dJ‖/l2 wherever a solver stopped.
 */
import { describe, expect, vi } from "vitest";
import { crossValidate, type Engine, fitPath, SoftmaxRegression } from "../../../src/index.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { csrOf, denseOf, sparseOf } from "../../support/sparse-cases.js";
import { clusters, type Dataset, rowsOf } from "./clusters.js";
import { judgeWeights } from "./exact-objective.js";
import { expectMemoryBack } from "./live-memory.js";
import { columnsOf, conditionOf, gradientError, inStandardUnits, standardised } from "./standard-columns.js";

const [n, d, k] = [120, 5, 3];
const base = clusters(n, d, k);
const SCALES = [1, 0.2, 30, 8, 0];
const OFFSETS = [0, 0.5, -90, 20, 0.1];
const CONSTANT = [4];
/** Rows `3i` are a fold that lies apart from the others in column 0, so that its scaling is told from that of all rows. */
const folds = base.y.map((_, row) => row % 3);
const data: Dataset = {
  ...base,
  x: {
    data: base.x.data.map(
      (v, e) => v * SCALES[e % d] + OFFSETS[e % d] + (e % d === 0 && folds[Math.floor(e / d)] === 0 ? 6 : 0),
    ),
    shape: [n, d],
  },
};
const sampleWeight = data.y.map((_, row) => 0.5 + ((7 * row) % 9) / 4);
const CONTROL = { tolerance: 1e-6, maxIterations: 1000 };
const L2S = [0.3, 0.03];

const rounding = (values: ArrayLike<number>, weights?: ArrayLike<number>): number => {
  const columns = columnsOf(values, d, weights);
  return gradientError(d, k, conditionOf(values, columns), n);
};

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("fitPath: every model is at the optimum of the standardised columns", async ({ engines }) => {
    const engine = engines[device];
    const cases = [
      { standardize: true, fitIntercept: true },
      { standardize: true, fitIntercept: false },
      { standardize: "center", fitIntercept: false },
    ] as const;
    for (const options of cases) {
      const values = options.standardize === true ? data.x.data : base.x.data;
      const x = { data: values, shape: [n, d] as const };
      const columns = columnsOf(values, d, sampleWeight, options.standardize === "center");
      const constant = options.standardize === true ? CONSTANT : [];
      const rows = { ...data, x: standardised(values, columns, constant) };
      const path = () => fitPath(x, data.y, { engine, l2s: L2S, sampleWeight, ...CONTROL, ...options });
      const points = await expectMemoryBack(engine, path);
      for (const { l2, model, report } of points) {
        expect(report.stopReason).toMatch(/^(converged|precision)$/);
        const theta = inStandardUnits(model, columns);
        const [v, c] = [theta.slice(0, d * k), theta.slice(d * k)];
        const hidden = gradientError(d, k, conditionOf(values, columns), n);
        const { fitIntercept } = options;
        // Without an intercept c is 0: what is left of it is float32's.
        if (!fitIntercept) for (const value of c) expect(Math.abs(value)).toBeLessThan(d * 300 * 2 ** -22);
        const at = fitIntercept ? c : c.map(() => 0);
        const exact = judgeWeights(v, at, rows, { l2, weights: sampleWeight, fitIntercept });
        expect(exact.gradientNorm).toBeLessThanOrEqual(CONTROL.tolerance + hidden);
        expect(Math.abs(report.loss - exact.loss)).toBeLessThanOrEqual(hidden);
        if (constant.length > 0) expect(Array.from(model.coef.data.subarray((d - 1) * k))).toEqual([0, 0, 0]);
        // The model goes on as it was made: fitted anew, it is where it was.
        const alone = new SoftmaxRegression({ engine, l2, ...CONTROL, ...options });
        await alone.fit(x, data.y, { sampleWeight });
        const floor = (2 * Math.sqrt((d + 1) * k) * (CONTROL.tolerance + hidden)) / l2;
        expectClose(v, inStandardUnits(alone, columns).slice(0, d * k), { floor });
      }
    }
  });

  test("crossValidate: a fold's scores are those of a fit of the other rows alone", async ({ engines }) => {
    const engine = engines[device];
    const options = { engine, standardize: true, ...CONTROL } as const;
    const given = { ...options, l2s: L2S, folds, sampleWeight, refit: false } as const;
    const result = await expectMemoryBack(engine, () => crossValidate(data.x, data.y, given));
    let leaks = 0;
    for (const { l2, logLoss, accuracy } of result.scores) {
      for (const fold of [0, 1, 2]) {
        const { training, held } = sharesOf(fold);
        const alone = new SoftmaxRegression({ ...options, l2 });
        await alone.fit(training.x, training.y, { sampleWeight: training.weights });
        const expected = await alone.evaluate(held.x, held.y, { sampleWeight: held.weights });
        const columns = columnsOf(training.x.data, d, training.weights);
        const heldRows = standardised(held.x.data, columns, CONSTANT).data;
        const longest = Math.max(...held.y.map((_, i) => Math.hypot(...heldRows.subarray(i * d, (i + 1) * d), 1)));
        const gradient = Math.sqrt(k * (d + 1)) * (CONTROL.tolerance + rounding(training.x.data, training.weights));
        // Both stop so near to the optimum, the intercept no further than V; a row's loss moves by the change of two logits at most.
        const bound = 2 * 2 * ((2 * gradient) / l2) * longest + n * 2 ** -24;
        expect(Math.abs(logLoss.folds[fold] - expected.logLoss)).toBeLessThanOrEqual(bound);
        expect(accuracy.folds[fold]).toBeCloseTo(expected.accuracy, 6);
        if (Math.abs((await leaked(engine, l2, fold)) - expected.logLoss) > 2 * bound) leaks++;
      }
    }
    // Had the rows held out a say in the scaling, it would have been seen.
    expect(leaks).toBeGreaterThan(0);
  });

  test("the refitted model is what fit gives, and passes are all that were made", async ({ engines }) => {
    const engine = engines[device];
    const x = engine.tensor(data.x);
    const run = vi.spyOn(engine, "run");
    const options = { engine, standardize: true } as const;
    const { passes } = await crossValidate(x, data.y, { ...options, l2s: L2S, folds, refit: false });
    const reads = run.mock.calls.filter(([op, args]) => {
      const { a, x: rows } = args as { a?: unknown; x?: unknown };
      return (op.name === "matmul" && a === x) || (op.name === "columnMoments" && rows === x);
    });
    run.mockRestore();
    expect(reads).toHaveLength(passes);
    expect(reads.filter(([op]) => op.name === "columnMoments")).toHaveLength(3);
    const { model, report, best } = await crossValidate(x, data.y, { ...options, l2s: L2S, folds });
    const fitted = new SoftmaxRegression({ ...options, l2: best.l2 });
    const alone = await fitted.fit(x, data.y);
    expect(model?.coef).toEqual(fitted.coef);
    expect(model?.intercept).toEqual(fitted.intercept);
    expect(report?.passes).toBe(alone.passes);
    x.dispose();
  });

  test("sparse rows are what the same rows are with their zeros", async ({ engines }) => {
    const engine = engines[device];
    const rows = sparseOf(base.x.data, base.x.shape, 0.5);
    const dense = { data: denseOf(rows), shape: base.x.shape };
    const options = { engine, l2s: [0.1], standardize: true, folds, refit: false, ...CONTROL } as const;
    const [own, other] = [
      await crossValidate(csrOf(rows), base.y, options),
      await crossValidate(dense, base.y, options),
    ];
    const columns = columnsOf(dense.data, d, undefined);
    const longest = Math.max(
      ...base.y.map((_, i) => Math.hypot(...standardised(dense.data, columns).data.subarray(i * d, (i + 1) * d), 1)),
    );
    const gradient = Math.sqrt(k * (d + 1)) * (CONTROL.tolerance + rounding(dense.data));
    // A fold's own columns are somewhat other than those of all rows: rows are no more than twice as long by them.
    const bound = 2 * 2 * ((2 * gradient) / 0.1) * 2 * longest + n * 2 ** -24;
    own.scores[0].logLoss.folds.forEach((score, fold) => {
      expect(Math.abs(score - other.scores[0].logLoss.folds[fold])).toBeLessThanOrEqual(bound);
    });
  });
});

interface Share extends Dataset {
  readonly weights: number[];
}

function sharesOf(fold: number): { readonly training: Share; readonly held: Share } {
  const of = (isHeld: boolean): Share => {
    const rows = Array.from(folds.keys()).filter((row) => (folds[row] === fold) === isHeld);
    return { ...rowsOf(data, rows), weights: rows.map((row) => sampleWeight[row]) };
  };
  return { training: of(false), held: of(true) };
}

/** The log loss that would come out if columns were scaled by all rows before they are shared out. */
async function leaked(engine: Engine, l2: number, fold: number): Promise<number> {
  const columns = columnsOf(data.x.data, d, sampleWeight);
  const { training, held } = sharesOf(fold);
  const [x, heldX] = [training, held].map((share) => standardised(share.x.data, columns, CONSTANT));
  const model = new SoftmaxRegression({ engine, l2, ...CONTROL });
  await model.fit(x, training.y, { sampleWeight: training.weights });
  return (await model.evaluate(heldX, held.y, { sampleWeight: held.weights })).logLoss;
}
