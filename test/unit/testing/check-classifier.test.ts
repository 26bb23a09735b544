/** The checks tell a sound classifier from those with the faults that libraries for browsers have been seen to have. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine, type Engine, fromSklearn, SoftmaxRegression } from "../../../src/index.js";
import {
  type CheckClassifierOptions,
  type CheckedClassifier,
  type CheckedFitOptions,
  type CheckedLabel,
  type CheckedRows,
  type CheckedSettings,
  checkClassifier,
  checkNames,
} from "../../../src/testing/index.js";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ device: "cpu" });
});
afterAll(() => engine.dispose());

const TOLERANCE = { tolerance: 1.2e-3 };

/** Luce, with a chance to spoil it. */
class Sound implements CheckedClassifier {
  protected model: SoftmaxRegression;
  constructor(settings: Partial<CheckedSettings>, more: object = {}) {
    this.model = new SoftmaxRegression({ engine, tolerance: 1e-6, ...settings, ...more });
  }
  fit(x: CheckedRows, y: CheckedLabel[], options: CheckedFitOptions = {}): unknown {
    return this.model.fit(x, y, options);
  }
  predict(x: CheckedRows): Promise<unknown[]> {
    return this.model.predict(x);
  }
  async predictProba(x: CheckedRows): Promise<{ data: Float32Array; shape: readonly number[] }> {
    return this.model.predictProba(x);
  }
  get classes(): readonly unknown[] {
    return this.model.classes;
  }
}

const failures = async (
  make: (settings: CheckedSettings) => CheckedClassifier,
  options: CheckClassifierOptions = {},
): Promise<string[]> => {
  const results = await checkClassifier(make, { ...TOLERANCE, ...options });
  for (const { detail } of results) expect(detail).not.toBe("");
  return results.filter(({ passed }) => !passed).map(({ check }) => check);
};

test("a sound classifier passes all checks, and those that need more are left out", async () => {
  const results = await checkClassifier((settings) => new Sound(settings), TOLERANCE);
  expect(results.filter(({ passed }) => !passed)).toEqual([]);
  expect(results).toHaveLength(checkNames.length - 4);
});

describe("a classifier", () => {
  test("that takes NaN for 0 fails", async () => {
    const cleaned = (x: CheckedRows): CheckedRows => x.map((row) => row.map((v) => (Number.isFinite(v) ? v : 0)));
    class Lenient extends Sound {
      override fit = (x: CheckedRows, y: CheckedLabel[], options?: CheckedFitOptions) =>
        this.model.fit(cleaned(x), y, options);
      override predict = (x: CheckedRows) => this.model.predict(cleaned(x));
      override predictProba = (x: CheckedRows) => this.model.predictProba(cleaned(x));
    }
    expect(await failures((settings) => new Lenient(settings))).toEqual([
      "fit refuses NaN and infinities",
      "predict refuses NaN and infinities",
      "after a refusal the model answers as before",
    ]);
  });

  test("that turns an unknown label into another fails", async () => {
    class Lenient extends Sound {
      readonly known: CheckedLabel[] | undefined;
      constructor(settings: Partial<CheckedSettings>) {
        super(settings);
        this.known = settings.classes;
      }
      override fit(x: CheckedRows, y: CheckedLabel[], options?: CheckedFitOptions): unknown {
        const { known } = this;
        return super.fit(x, known ? y.map((label) => (known.includes(label) ? label : known[0])) : y, options);
      }
    }
    expect(await failures((settings) => new Lenient(settings))).toEqual([
      "a label outside the declared classes is refused",
    ]);
  });

  test("that ignores sample weights fails", async () => {
    class Deaf extends Sound {
      override fit = (x: CheckedRows, y: CheckedLabel[]) => this.model.fit(x, y);
    }
    expect(await failures((settings) => new Deaf(settings))).toEqual([
      "sample weights that cannot be are refused",
      "options that cannot be are refused",
      "a sample weight of 2 is the row twice, of 0 the row left out",
    ]);
  });

  test("whose fits differ by chance fails", async () => {
    let fits = 0;
    class Unseeded extends Sound {
      override fit(x: CheckedRows, y: CheckedLabel[], options?: CheckedFitOptions): unknown {
        fits++;
        return super.fit(
          x.map((row) => row.map((v) => v * (1 + 1e-4 * (fits % 7)))),
          y,
          options,
        );
      }
    }
    const only = [
      "two identical fits give the same bits",
      "a second fit of the same model gives what the first gave",
      "a fit forgets the fit before it",
    ];
    expect(await failures((settings) => new Unseeded(settings), { only })).toEqual(only);
  });

  test("that regularises less with a larger penalty fails", async () => {
    const only = ["a larger penalty gives probabilities nearer to the shares"];
    expect(await failures(({ l2, ...rest }) => new Sound({ l2: 0.01 / l2, ...rest }), { only })).toEqual(only);
  });

  test("without an intercept fails", async () => {
    const only = ["the intercept is learnt and not penalised: mean probabilities are the shares of the classes"];
    expect(await failures((settings) => new Sound(settings, { fitIntercept: false }), { only })).toEqual(only);
  });

  test("that takes the stored values for the first of each row fails, one that does not passes", async () => {
    const only = ["sparse rows are what the same rows are with their zeros"];
    // The columns are not looked at.
    const pushedLeft = (x: CheckedRows): CheckedRows => {
      if (Array.isArray(x)) return x;
      const { indices, indptr, ...rest } = x as { indices: Int32Array; indptr: number[] };
      const left = indices.slice();
      for (let i = 0; i + 1 < indptr.length; i++)
        for (let p = indptr[i]; p < indptr[i + 1]; p++) left[p] = p - indptr[i];
      return { ...rest, indptr, indices: left } as unknown as CheckedRows;
    };
    class Careless extends Sound {
      override fit(x: CheckedRows, y: CheckedLabel[], options?: CheckedFitOptions): unknown {
        return super.fit(pushedLeft(x), y, options);
      }
      override predictProba(x: CheckedRows): Promise<{ data: Float32Array; shape: readonly number[] }> {
        return super.predictProba(pushedLeft(x));
      }
    }
    expect(await failures((settings) => new Sound(settings), { only, sparse: true })).toEqual([]);
    expect(await failures((settings) => new Careless(settings), { only, sparse: true })).toEqual(only);
  });

  test("that changes its input fails", async () => {
    class Centring extends Sound {
      override fit(x: CheckedRows, y: CheckedLabel[], options?: CheckedFitOptions): unknown {
        const done = super.fit(x, y, options);
        for (const row of x) row[0] -= 1;
        return done;
      }
    }
    expect(await failures((settings) => new Centring(settings), { only: ["inputs are left as they are"] })).toEqual([
      "inputs are left as they are",
    ]);
  });

  test("that is stuck where it is confidently wrong fails, one that is not passes", async () => {
    const only = ["a start that is confidently wrong is left"];
    const start = (coef: number[][], intercept: number[]) =>
      fromSklearn({ coef, intercept }, { engine, warmStart: true });
    const stuck = (coef: number[][], intercept: number[]): CheckedClassifier => {
      const model = start(coef, intercept);
      return { ...methodsOf(model), fit: async () => undefined };
    };
    const make = (settings: CheckedSettings) => new Sound(settings);
    expect(await failures(make, { only, startingAt: start })).toEqual([]);
    expect(await failures(make, { only, startingAt: stuck })).toEqual(only);
  });

  test("that leaks fails, and so does one that forgets when saved", async () => {
    let alive = 0;
    const only = ["saved and loaded it answers the same", "fits leave no memory behind"];
    const other = async () => {
      const model = new Sound({ l2: 1 });
      await model.fit(
        [
          [0, 0, 0],
          [1, 1, 1],
          [2, 2, 2],
        ],
        [0, 1, 2],
      );
      return model;
    };
    const make = (settings: CheckedSettings) => new Sound(settings);
    expect(await failures(make, { only, reload: other, liveMemory: () => alive++ })).toEqual(only);
  });

  test("that never ends fails in time, and one that throws at once is in the table", async () => {
    const only = ["it learns: three clouds of points are told apart"];
    class Endless extends Sound {
      override fit = () => new Promise(() => undefined);
    }
    const [late] = await checkClassifier((settings) => new Endless(settings), { only, timeoutMs: 50 });
    expect(late).toMatchObject({ passed: false, detail: "expected an end within 50 ms, got none." });
    const [thrown] = await checkClassifier(
      () => {
        throw new Error("no classifier");
      },
      { only },
    );
    expect(thrown).toEqual({ check: only[0], passed: false, detail: "no classifier" });
  });
});

function methodsOf(model: SoftmaxRegression): CheckedClassifier {
  return {
    fit: (x, y, options) => model.fit(x, y, options),
    predict: (x) => model.predict(x),
    predictProba: (x) => model.predictProba(x),
    get classes() {
      return model.classes;
    },
  };
}
