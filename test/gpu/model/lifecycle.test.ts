import { describe, expect } from "vitest";
import { BusyError, DisposedError, type Engine, NotFittedError, SoftmaxRegression } from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { usable } from "../../support/usable-options.js";
import { expectFault, expectRejection } from "../../unit/data/fault.js";
import { clusters } from "./clusters.js";
import { liveMemory } from "./live-memory.js";
import { unhandledRejections } from "./unhandled.js";

const { x, y } = clusters(30, 3, 3);
const fast = { maxIterations: 5 } as const;

/** Calls that need the device, each by its name. */
const CALLS: readonly [string, (model: SoftmaxRegression) => Promise<unknown>][] = [
  ["predict", (model) => model.predict(x)],
  ["predictProba", (model) => model.predictProba(x)],
  ["predictLogProba", (model) => model.predictLogProba(x)],
  ["decisionFunction", (model) => model.decisionFunction(x)],
  ["predictTopK", (model) => model.predictTopK(x, 1)],
  ["score", (model) => model.score(x, y)],
];

/** What Vue's `reactive` does: objects marked with `__v_skip`, and those with a tag of their own, are left as they are. */
function reactive<T extends object>(target: T): T {
  const type = Object.prototype.toString.call(target).slice(8, -1);
  if (
    (target as { __v_skip?: boolean }).__v_skip ||
    !Object.isExtensible(target) ||
    !["Object", "Array"].includes(type)
  )
    return target;
  return new Proxy(target, {
    get(object, key, receiver) {
      const value: unknown = Reflect.get(object, key, receiver);
      return typeof value === "object" && value !== null ? reactive(value) : value;
    },
  });
}

test("unfitted models say so", async () => {
  using model = new SoftmaxRegression({ device: "cpu" });
  for (const [name, call] of CALLS) {
    await expectRejection(call(model), NotFittedError, "NOT_FITTED", `${name}: `, "fit(x, y)");
  }
  for (const name of ["coef", "intercept", "classes"] as const) {
    expectFault(() => model[name], NotFittedError, "NOT_FITTED", `${name}: `);
  }
  expectFault(() => model.toJSON(), NotFittedError, "NOT_FITTED", "toJSON: ");
});

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  const create = (engines: Readonly<Record<string, Engine>>, options = {}): SoftmaxRegression =>
    new SoftmaxRegression({ engine: engines[device], ...fast, ...options });

  test("fit during fit is refused; the first goes on, and afterwards there may be another", async ({ engines }) => {
    const [model, alone] = [create(engines), create(engines)];
    const first = model.fit(x, y);
    await expectRejection(model.fit(x, y), BusyError, "BUSY", "fit: ", "another model");
    expect((await first).iterations).toBe(5);
    await alone.fit(x, y);
    expectSameBits(model.coef.data, alone.coef.data);
    await model.fit(x, y);
  });

  test("two models on one engine, fitted at once, are both right", async ({ engines }) => {
    const other = clusters(20, 2, 2, 7);
    const [a, b, c, d] = [create(engines), create(engines), create(engines), create(engines)];
    await Promise.all([a.fit(x, y), b.fit(other.x, other.y)]);
    await c.fit(x, y);
    await d.fit(other.x, other.y);
    expectSameBits(a.coef.data, c.coef.data);
    expectSameBits(b.coef.data, d.coef.data);
  });

  test("predict during fit answers by the last complete weights, classes included", async ({ engines }) => {
    const model = create(engines);
    const named = y.map((c) => ["a", "b", "c"][c]);
    await model.fit(x, named);
    const before = await model.predictProba(x);
    const numbered = y.map((c) => c + 10);
    const fit = model.fit(x, numbered);
    // Asked before the new fit has any weights, answered after: still the old ones.
    const [during, top] = await Promise.all([model.predictProba(x), model.predictTopK(x, 1)]);
    expectSameBits(during.data, before.data);
    for (const [{ label }] of top) expect(["a", "b", "c"]).toContain(label);
    await fit;
    for (const label of await model.predict(x)) expect([10, 11, 12]).toContain(label);
  });

  test("predictions inside onProgress are those of the weights just told of", async ({ engines }) => {
    const model = create(engines);
    let asked = 0;
    await model.fit(x, y, {
      onProgress: async () => {
        asked++;
        const [{ data }, { data: coef }] = [await model.decisionFunction([[0, 0, 0]]), model.coef];
        expectSameBits(data, model.intercept);
        expect(coef.every(Number.isFinite)).toBe(true);
      },
    });
    expect(asked).toBeGreaterThanOrEqual(2);
  });

  test("dispose twice does nothing more; every call afterwards is refused", async ({ gpuDevice }) => {
    const model = new SoftmaxRegression({ ...fast, ...(device === "webgpu" ? { gpuDevice } : { device }) });
    await model.fit(x, y);
    const engine = await model.engine;
    model.dispose();
    model.dispose();
    await Promise.resolve();
    expect(engine.disposed).toBe(true);
    for (const [name, call] of CALLS) await expectRejection(call(model), DisposedError, "DISPOSED", `${name}: `);
    await expectRejection(model.fit(x, y), DisposedError, "DISPOSED", "fit: ");
    // What lies on the host can still be saved.
    expect(model.toJSON().classes).toEqual([0, 1, 2]);
  });

  test("an engine that was given outlives the model", async ({ engines }) => {
    const model = create(engines);
    await model.fit(x, y);
    model.dispose();
    await expectRejection(model.predict(x), DisposedError, "DISPOSED");
    expect(engines[device].disposed).toBe(false);
    expect((await create(engines).fit(x, y)).iterations).toBe(5);
  });

  test.for(["lbfgs", "sgd"] as const)(
    "dispose during fit, by %s, ends it cleanly: with an engine of its own or a given one",
    async (solver, { engines, gpuDevice }) => {
      const given = engines[device];
      const before = liveMemory(given);
      const own = device === "webgpu" ? { gpuDevice } : { device };
      for (const options of [own, { engine: given }]) {
        const model = new SoftmaxRegression(usable({ solver, epochs: 100_000, tolerance: 0, l2: 0, ...options }));
        // The fit waits for its callback, so that it cannot end before it is disposed of, however fast the device.
        const disposed = (): Promise<void> =>
          new Promise((resolve) => {
            setTimeout(() => {
              model.dispose();
              resolve();
            });
          });
        const fit = model.fit(x, y, { onProgress: disposed });
        await expectRejection(fit, DisposedError, "DISPOSED", "fit: ");
      }
      expect(liveMemory(given)).toEqual(before);
      expect(await unhandledRejections()).toEqual([]);
    },
  );

  test("dispose before the engine is there", async () => {
    const model = new SoftmaxRegression({ device });
    const fit = model.fit(x, y);
    model.dispose();
    await expectRejection(fit, DisposedError, "DISPOSED", "fit: ");
    expect(await unhandledRejections()).toEqual([]);
  });

  test("React's double mount: made, disposed of and made again while the first one fits", async ({ engines }) => {
    const mount = () => {
      const model = create(engines, { tolerance: 0 });
      return { model, fit: model.fit(x, y) };
    };
    const first = mount();
    first.model.dispose();
    const second = mount();
    await expectRejection(first.fit, DisposedError, "DISPOSED");
    expect((await second.fit).iterations).toBe(5);
    expect(await unhandledRejections()).toEqual([]);
  });

  test("Vue's reactive() around a model, an engine and a tensor changes nothing", async ({ engines }) => {
    const state = reactive({ model: create(engines), engine: engines[device], tensor: engines[device].tensor(x) });
    await state.model.fit(state.tensor, y);
    expect(await state.model.predict(x)).toHaveLength(30);
    const again = reactive(new SoftmaxRegression({ engine: state.engine, ...fast }));
    await again.fit(x, y);
    expectSameBits(again.coef.data, state.model.coef.data);
    state.tensor.dispose();
    state.model.dispose();
  });
});
