/** What only all rows tell, of rows that come in batches: balanced classes, and schedules that go by the number of steps. */
import { describe, expect } from "vitest";
import type {
  Batches,
  Engine,
  FitProgress,
  RowBatch,
  SoftmaxRegression,
  SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { csrOf, denseOf, sparseOf } from "../../support/sparse-cases.js";
import { CUTS, create, FEATURES as d, data, inPieces, ROWS as n, piece, thetaOf } from "./batch-pieces.js";
import { judge, judgeWeights } from "./exact-objective.js";
import { expectMemoryBack } from "./live-memory.js";
import { columnsOf, conditionOf, gradientError, inStandardUnits, standardised } from "./standard-columns.js";

/** Class 4 is declared, and no row is of it. */
const classes = [0, 1, 2, 3, 4];
const K = classes.length;
const IGNORED = -1;
const labels = data.y.map((label, i) => (i % 11 === 5 ? IGNORED : label));
const weights = Array.from({ length: n }, (_, i) => (i % 7) / 2);
/** Mostly of the label's class; rows add up to 1 to the bit. */
const soft = data.y.map((label) => classes.map((c) => (c === label ? 0.625 : c === 4 ? 0 : 0.125)));
/** Every batch but the last is whole minibatches of 8. */
const WHOLE = [0, 16, 40, n];

/** `rᵢ · Σⱼ cⱼ qᵢⱼ` with `cⱼ = Σ mass / (m · massⱼ)`, by hand. */
function balanced(targets: readonly (readonly number[])[], counted: readonly number[]): number[] {
  const mass = classes.map((_, j) => targets.reduce((sum, q, i) => sum + counted[i] * q[j], 0));
  const total = mass.reduce((sum, m) => sum + m, 0);
  const occurring = mass.filter((m) => m > 0).length;
  return targets.map(
    (q, i) =>
      counted[i] * q.reduce((sum, share, j) => sum + (mass[j] > 0 ? (share * total) / (occurring * mass[j]) : 0), 0),
  );
}
const oneHot = data.y.map((label) => classes.map((c) => Number(c === label)));
const counted = weights.map((w, i) => (labels[i] === IGNORED ? 0 : w));

function* cut(cuts: readonly number[], y: readonly unknown[] = labels): Generator<RowBatch> {
  for (let i = 1; i < cuts.length; i++) {
    const [from, to] = [cuts[i - 1], cuts[i]];
    yield { x: piece(from, to).x, y: y.slice(from, to) as never, sampleWeight: weights.slice(from, to) };
  }
}

const made = (engine: Engine, options: SoftmaxRegressionOptions): SoftmaxRegression =>
  create(engine, { classes, ignoreLabel: IGNORED, shuffle: false, ...options });

const warmUp = (t: number, steps: number): number => 0.2 * Math.min(1, (t + 1) / 5) * (1 - t / steps);
// Each step's gradient is looked at, so that a fit of all rows takes steps one by one on a GPU, too.
const STEPS: readonly (SoftmaxRegressionOptions & { readonly soft?: boolean })[] = [
  { solver: "sgd", momentum: 0.5, classWeight: "balanced", clipNorm: 0.5 },
  { solver: "adam", classWeight: "balanced", clipNorm: 0.5, soft: true },
  { solver: "sgd", learningRate: { schedule: "cosine", initial: 0.3, final: 0.01 }, clipNorm: 0.5 },
  { solver: "adam", learningRate: warmUp, clipNorm: 0.5 },
  { solver: "sgd", learningRate: warmUp, classWeight: "balanced", averageWeights: true, clipNorm: 0.5, l1: 0.01 },
];

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for(STEPS.map((options) => [JSON.stringify(options), options] as const))(
    "the steps of a fit of all rows, to the bit: %s",
    async ([, { soft: isSoft, ...options }], { engines }) => {
      const engine = engines[device];
      const [direct, batched, plain] = [options, options, { ...options, classWeight: undefined }].map((each) =>
        made(engine, each as SoftmaxRegressionOptions),
      );
      const y = isSoft ? soft : labels;
      const report = await direct.fit(data.x, y as never, { sampleWeight: weights });
      for (const cuts of [[0, n], WHOLE]) {
        const told: FitProgress[] = [];
        const onProgress = (progress: FitProgress): void => void told.push(progress);
        const { iterations } = await expectMemoryBack(engine, () => batched.fit(() => cut(cuts, y), { onProgress }));
        expectSameBits(thetaOf(batched), thetaOf(direct), `${cuts}`);
        expect(iterations).toBe(report.iterations);
        // All rows are counted before the first step.
        expect(told[0].maxIterations).toBe(report.iterations);
        expect(told.at(-1)).toMatchObject({ epoch: 3, passes: 6 });
      }
      expect(batched.classes).toEqual(classes);
      if (!options.classWeight) return;
      await plain.fit(data.x, y as never, { sampleWeight: weights });
      expect(thetaOf(plain)).not.toEqual(thetaOf(direct));
    },
  );

  test("L-BFGS ends at the optimum of balanced classes", async ({ engines }) => {
    const engine = engines[device];
    const l2 = 0.02;
    const targets = { labels: [labels, oneHot, counted], soft: [soft, soft, weights] } as const;
    for (const [y, q, r] of Object.values(targets)) {
      const model = made(engine, { classWeight: "balanced", l2, tolerance: 1e-6 });
      const report = await expectMemoryBack(engine, () => model.fit(() => cut(CUTS, y)));
      expect(["converged", "precision"]).toContain(report.stopReason);
      const exact = judge(model, { ...data, classes: K }, { l2, weights: balanced(q, r), targets: q.flat() });
      // As close as it was asked to come, and what float32 hides of sums over features, classes and rows.
      const largest = data.x.data.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
      const hidden = gradientError(d, K, largest, n);
      expect(exact.gradientNorm).toBeLessThanOrEqual(1e-6 + hidden);
      expect(Math.abs(exact.loss - report.loss)).toBeLessThanOrEqual(hidden);
      // Far from it where classes count as they come.
      expect(judge(model, { ...data, classes: K }, { l2, weights: r, targets: q.flat() }).gradientNorm).toBeGreaterThan(
        100 * hidden,
      );
    }
  });

  test.for(["dense", "sparse"] as const)(
    "balanced and scaled: columns by the balanced rows' means, %s",
    async (form, { engines }) => {
      const engine = engines[device];
      const [l2, tolerance] = [0.05, 1e-6];
      const sparse = sparseOf(data.x.data, data.x.shape, 0.6);
      const values = form === "sparse" ? denseOf(sparse) : data.x.data;
      const pieces = CUTS.slice(1).map((to, i): RowBatch => {
        const from = CUTS[i];
        const shape = [to - from, d] as const;
        const own = values.slice(from * d, to * d);
        const x = form === "sparse" ? csrOf(sparseOf(own, shape, 0)) : { data: own, shape };
        return { x, y: labels.slice(from, to), sampleWeight: weights.slice(from, to) };
      });
      const rowWeights = balanced(oneHot, counted);
      const columns = columnsOf(values, d, rowWeights);
      const hidden = gradientError(d, K, conditionOf(values, columns), n);
      const model = made(engine, { classWeight: "balanced", standardize: true, l2, tolerance });
      const report = await expectMemoryBack(engine, () => model.fit(() => pieces));
      expect(["converged", "precision"]).toContain(report.stopReason);
      const theta = inStandardUnits(model, columns);
      const scaled = { ...data, classes: K, x: standardised(values, columns) };
      const exact = judgeWeights(theta.slice(0, d * K), theta.slice(d * K), scaled, { l2, weights: rowWeights });
      expect(exact.gradientNorm).toBeLessThanOrEqual(tolerance + hidden);
      // Columns by the means of rows as they come are other ones.
      const other = inStandardUnits(model, columnsOf(values, d, counted));
      const apart = theta.reduce((most, v, e) => Math.max(most, Math.abs(v - other[e])), 0);
      expect(apart).toBeGreaterThan(100 * hidden);

      const steps: SoftmaxRegressionOptions = {
        ...{ solver: "sgd", learningRate: { schedule: "cosine", initial: 0.2 }, epochs: 2, standardize: true },
      };
      const [direct, batched] = [0, 1].map(() => made(engine, { ...steps, classWeight: "balanced" }));
      await direct.fit({ data: values, shape: [n, d] }, labels, { sampleWeight: weights });
      await batched.fit(() =>
        WHOLE.slice(1).map((to, i) => ({
          x: { data: values.slice(WHOLE[i] * d, to * d), shape: [to - WHOLE[i], d] },
          y: labels.slice(WHOLE[i], to),
          sampleWeight: weights.slice(WHOLE[i], to),
        })),
      );
      const largest = scaled.x.data.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
      const count = 2 * Math.ceil(n / 8);
      const floor = 2 * count * 0.2 * gradientError(d, K, conditionOf(values, columns), 8) * (1 + largest);
      const [actual, expected] = [batched, direct].map((each) => inStandardUnits(each, columns));
      expectClose(actual, expected, { floor });
      expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(10 * floor);
    },
  );

  test("one pass before the first step, whatever is asked; none where nothing is", async ({ engines }) => {
    const passes = async (options: SoftmaxRegressionOptions): Promise<number> => {
      let count = 0;
      const batches = (): Iterable<RowBatch> => {
        count++;
        return cut(CUTS);
      };
      await made(engines[device], { epochs: 2, maxIterations: 1, tolerance: 0, ...options }).fit(batches);
      return count;
    };
    const cosine = { learningRate: { schedule: "cosine", initial: 0.1 } } as const;
    const asked: readonly SoftmaxRegressionOptions[] = [
      { classWeight: "balanced" },
      cosine,
      { learningRate: warmUp },
      { standardize: true },
      { classWeight: "balanced", standardize: "center", ...cosine },
    ];
    for (const options of asked) expect(await passes({ solver: "sgd", ...options })).toBe(1 + 2);
    for (const options of [{}, { learningRate: 0.2 }, { classWeight: new Map([[1, 2]]) }])
      expect(await passes({ solver: "adam", ...options })).toBe(2);
    // The pass that counts the rows counts those of each class, too.
    expect(await passes({ classWeight: "balanced" })).toBe(await passes({}));
    expect(await passes({ classWeight: "balanced", standardize: true })).toBe(await passes({ standardize: true }));
  });

  test("an abort in the first pass is answered, and changes nothing", async ({ engines }) => {
    const engine = engines[device];
    const abort = new AbortController();
    let returned = false;
    const hanging = (): AsyncIterable<RowBatch> => {
      const pieces = inPieces();
      let place = 0;
      return {
        [Symbol.asyncIterator]: () => ({
          next: () => {
            if (place++ < 2) return pieces.next();
            setTimeout(() => abort.abort("enough"), 1);
            return new Promise(() => undefined);
          },
          return: async () => {
            returned = true;
            return { done: true, value: undefined };
          },
        }),
      };
    };
    for (const standardize of [false, true]) {
      const model = made(engine, { solver: "sgd", classWeight: "balanced", standardize });
      await expectMemoryBack(engine, () => expect(model.fit(hanging, { signal: abort.signal })).rejects.toBe("enough"));
      expect(returned || standardize).toBe(true);
      expect(() => model.coef).toThrow("not been fitted");
    }
  });
});

test("what is wrong with the first pass, or with a later one, is told", async ({ engines }) => {
  const engine = engines.cpu;
  const cosine: SoftmaxRegressionOptions = { solver: "sgd", learningRate: { schedule: "cosine", initial: 0.1 } };
  const balancing: SoftmaxRegressionOptions = { solver: "adam", classWeight: "balanced" };
  const scaling: SoftmaxRegressionOptions = { solver: "sgd", standardize: true };
  const inTurn = (...passes: readonly Iterable<RowBatch>[]): Batches => {
    let pass = 0;
    return () => [...passes[Math.min(pass++, passes.length - 1)]];
  };
  const all = [...cut(CUTS)];
  const bad = async (options: SoftmaxRegressionOptions, batches: Batches, error: object, fitted: boolean) => {
    const model = made(engine, options);
    await expectMemoryBack(engine, () => expect(model.fit(batches)).rejects.toMatchObject(error));
    // Steps before are kept; a pass that only looked leaves nothing.
    if (fitted) expect(model.coef.data.some((w) => w !== 0)).toBe(true);
    else expect(() => model.coef).toThrow("not been fitted");
  };
  const unlike = (expected: string, got: string) => ({
    ...{ name: "DataError", code: "EMPTY_INPUT" },
    message: expect.stringMatching(new RegExp(`other rows than the first: expected ${expected}.*, got ${got}\\.`)),
  });
  for (const options of [cosine, balancing, scaling, { ...balancing, ...cosine, ...scaling }]) {
    await bad(options, inTurn(all, all.slice(0, 3)), unlike("90 rows", "38"), true);
    await bad(options, inTurn(all, [...all, all[0]]), unlike("90 rows", "97"), true);
    await bad(options, inTurn([], all), { name: "DataError", code: "EMPTY_INPUT" }, false);
    await bad(
      options,
      inTurn(all, []),
      { message: expect.stringContaining("pass 2 over the batches gave none") },
      false,
    );
    const [first] = cut([0, 20]);
    const undeclared = { ...first, y: (first.y as number[]).map((label, i) => (i === 3 ? 9 : label)) };
    await bad(
      options,
      inTurn([all[0], undeclared]),
      { name: "LabelError", message: expect.stringContaining("batch 1") },
      false,
    );
    const none = { x: [], y: [] } as unknown as RowBatch;
    await bad(
      options,
      inTurn([all[0], none]),
      { code: "EMPTY_INPUT", message: expect.stringContaining("batch 1") },
      false,
    );
  }
  // In one piece there are 12 minibatches instead of 13: only a schedule that goes by them minds.
  const otherwise = [...cut([0, 8, 37, 38, n])];
  const coarse = [...cut([0, n])];
  await bad(cosine, inTurn(all, coarse), unlike("13 minibatches", "12"), true);
  for (const options of [balancing, scaling])
    expect((await made(engine, options).fit(inTurn(all, otherwise, coarse))).stopReason).toBe("max-iterations");
  // A class that was not there when they were counted would count for nothing.
  const late = all.map((batch, i) => (i === 2 ? { ...batch, y: [4], sampleWeight: [1] } : batch));
  await bad(
    balancing,
    inTurn(all, late),
    { code: "BAD_LABEL", message: expect.stringMatching(/^fit: batch 2: y has rows of 4/) },
    true,
  );
  // A function that fails has changed nothing, either.
  const model = made(engine, { solver: "sgd", learningRate: (t) => (t === 38 ? -1 : 0.1) });
  await expect(model.fit(() => all)).rejects.toMatchObject({
    code: "BAD_OPTION",
    message: expect.stringContaining("step 38"),
  });
  expect(() => model.coef).toThrow("not been fitted");
});
