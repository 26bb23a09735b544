/** Whole fits with a Gram matrix for a preconditioner, where columns vary unequally and go together. */
import { describe, expect } from "vitest";
import { type FitReport, memoryStore, SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { csrOf, sparseOf } from "../../support/sparse-cases.js";
import { clusters } from "./clusters.js";
import { countedStore } from "./counted-store.js";
import { expectMemoryBack } from "./live-memory.js";

const [ROWS, COLUMNS, CLASSES] = [120, 12, 4];
const { x: even, y } = clusters(ROWS, COLUMNS, CLASSES);

/** Columns of scales from 1 down to 1/1000, each with a share of the one before it: their curvatures differ a millionfold. */
const x = {
  shape: even.shape,
  data: even.data.map((value, e) => {
    const column = e % COLUMNS;
    const before = column === 0 ? 0 : even.data[e - 1];
    return (value + 2 * before) * 10 ** ((-3 * column) / (COLUMNS - 1));
  }),
};
const COURSE: SoftmaxRegressionOptions = { l2: 1e-7, tolerance: 1e-5, maxIterations: 400 };

interface Ended {
  readonly report: FitReport;
  readonly model: SoftmaxRegression;
}

async function fitted(options: SoftmaxRegressionOptions, rows: Parameters<SoftmaxRegression["fit"]>[0] = x) {
  const model = new SoftmaxRegression({ ...COURSE, ...options });
  const report = await model.fit(rows, y);
  return { report, model } satisfies Ended;
}

const theta = ({ model }: Ended): Float32Array => Float32Array.of(...model.coef.data, ...model.intercept);

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for<[string, SoftmaxRegressionOptions]>([
    ["cross-entropy", {}],
    ["without an intercept", { fitIntercept: false }],
    ["scaled columns, of which one is constant", { standardize: true, l2: 1e-6 }],
    ["squared scores", { loss: "squared" }],
    ["class weights and softened labels", { classWeight: "balanced", labelSmoothing: 0.1 }],
  ])("%s: the same optimum in fewer passes", async ([, options], { engines }) => {
    const engine = engines[device];
    const rows = { ...x, data: x.data.map((v, e) => (options.standardize && e % COLUMNS === 3 ? 5 : v)) };
    const means = await fitted({ ...options, engine, preconditioner: "means" }, rows);
    const gram = await fitted({ ...options, engine, preconditioner: "gram" }, rows);
    expect(gram.report.converged).toBe(true);
    expect(gram.report.passes).toBeLessThan(0.8 * means.report.passes);
    // No worse than what the other ends at, which may have run out of iterations.
    expect(gram.report.loss).toBeLessThanOrEqual(means.report.loss * (1 + 1e-4));
    // The first nine iterations are the same to the bit.
    const losses = ({ report }: Ended) => report.history.slice(0, 10).map(({ loss }) => loss);
    expect(losses(gram)).toEqual(losses(means));
  });

  test.for<[string, SoftmaxRegressionOptions]>([
    ["scaled columns", { standardize: true, l2: 1e-4 }],
    ["columns as they are", { l2: 1e-6 }],
  ])("%s of which a few rows tell, and none of the sample's: few passes more", async ([, options], { engines }) => {
    const engine = engines[device];
    const rare = { rows: 600, columns: 24, plain: 4 };
    const { x: dense, y: labels } = clusters(rare.rows, rare.columns, CLASSES);
    const data = dense.data.map((value, e) => {
      const [row, column] = [Math.floor(e / rare.columns), e % rare.columns];
      // The sample is every third row; each of these columns is 1 in four of the others.
      return column < rare.plain ? value : Number(row % 150 === 3 * column + 1);
    });
    const ended = async (preconditioner: "means" | "gram"): Promise<FitReport> => {
      using model = new SoftmaxRegression({ ...options, engine, preconditioner });
      return await model.fit({ data, shape: dense.shape }, labels);
    };
    const [means, gram] = [await ended("means"), await ended("gram")];
    expect(gram.converged).toBe(true);
    expect(gram.passes).toBeLessThan(1.5 * means.passes);
    expect(gram.loss).toBeLessThanOrEqual(means.loss * (1 + 1e-3));
  });

  test.for(["u8", "f16"] as const)("features of %s are read as what they stand for", async (features, { engines }) => {
    const engine = engines[device];
    const means = await fitted({ engine, features, preconditioner: "means" });
    const gram = await fitted({ engine, features, preconditioner: "gram" });
    expect(gram.report.converged).toBe(true);
    expect(gram.report.passes).toBeLessThan(means.report.passes);
    expect(gram.report.loss).toBeLessThanOrEqual(means.report.loss * (1 + 1e-4));
  });

  test("the same bits again, on the model's own tensor too, and all memory comes back", async ({ engines }) => {
    const engine = engines[device];
    const options = { engine, preconditioner: "gram" } as const;
    const first = theta(await fitted(options));
    await expectMemoryBack(engine, async () => expectSameBits(theta(await fitted(options)), first));
    using rows = engine.tensor(x);
    expectSameBits(theta(await fitted(options, rows)), first);
  });

  test("interrupted and gone on with: the same bits", async ({ engines }) => {
    const course = {
      ...COURSE,
      engine: engines[device],
      preconditioner: "gram",
      tolerance: 0,
      maxIterations: 65,
    } as const;
    const whole = new SoftmaxRegression(course);
    const report = await whole.fit(x, y);
    const abort = new AbortController();
    const store = countedStore(2, () => abort.abort("tab closed"));
    const checkpoint = { store, name: "fit", everyMs: 0 };
    await expect(new SoftmaxRegression(course).fit(x, y, { checkpoint, signal: abort.signal })).rejects.toBe(
      "tab closed",
    );
    const resumed = new SoftmaxRegression(course);
    const again = memoryStore();
    await again.put("checkpoints/fit", (await store.get("checkpoints/fit")) as Uint8Array);
    const after = await resumed.fit(x, y, { checkpoint: { ...checkpoint, store: again } });
    expectSameBits(theta({ model: resumed, report: after }), theta({ model: whole, report }));
    expect(after.history.map(({ loss }) => loss)).toEqual(report.history.map(({ loss }) => loss));
  });

  test("an abort while it is made ends the fit", async ({ engines }) => {
    const abort = new AbortController();
    const model = new SoftmaxRegression({ ...COURSE, engine: engines[device], preconditioner: "gram" });
    const onProgress = ({ iteration }: { iteration: number }): void => {
      if (iteration >= 8) abort.abort("enough");
    };
    await expect(model.fit(x, y, { onProgress, signal: abort.signal })).rejects.toBe("enough");
  });

  test("sparse rows, batches and too many columns are refused in words", async ({ engines }) => {
    const model = new SoftmaxRegression({ engine: engines[device], preconditioner: "gram", classes: [0, 1] });
    const refused = (message: string) => ({
      name: "OptionError",
      code: "BAD_OPTION",
      message: expect.stringContaining(message),
    });
    const rows = csrOf(sparseOf(x.data, x.shape, 0.5));
    const labels = y.map((label) => label % 2);
    await expect(model.fit(rows, labels)).rejects.toMatchObject(refused("expected X to be dense, got sparse rows."));
    const wide = { data: new Float32Array(2 * 2048), shape: [2, 2048] } as const;
    await expect(model.fit(wide, [0, 1])).rejects.toMatchObject(
      refused("expected X of at most 2047 columns, got 2048."),
    );
    const batches = async function* () {
      yield { x, y: labels };
    };
    await expect(model.fit(() => batches())).rejects.toMatchObject(refused("`preconditioner`"));
  });
});
