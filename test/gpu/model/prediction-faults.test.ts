import { describe, expect } from "vitest";
import {
  DataError,
  type ErrorCode,
  type Features,
  LabelError,
  type LabelsLike,
  OptionError,
  ShapeError,
  type SoftmaxRegression,
} from "../../../src/index.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { type ErrorClass, expectRefusal, fittedModel, SOUND } from "./refusal.js";

const { x, y } = SOUND;
const xWithNaN: Features = { data: x.data.map((v, e) => (e === 15 ? Number.NaN : v)), shape: x.shape };
const yWith = (row: number, label: unknown): LabelsLike => y.map((c, i) => (i === row ? label : c)) as number[];

describe.each(ENGINE_DEVICES)("refused on %s, and nothing has changed:", (device) => {
  test.for([
    ["predict", (m: SoftmaxRegression, rows: Features) => m.predict(rows)],
    ["predictProba", (m: SoftmaxRegression, rows: Features) => m.predictProba(rows)],
    ["predictLogProba", (m: SoftmaxRegression, rows: Features) => m.predictLogProba(rows)],
    ["decisionFunction", (m: SoftmaxRegression, rows: Features) => m.decisionFunction(rows)],
    ["predictTopK", (m: SoftmaxRegression, rows: Features) => m.predictTopK(rows, 2)],
    ["score", (m: SoftmaxRegression, rows: Features) => m.score(rows, y)],
    ["evaluate", (m: SoftmaxRegression, rows: Features) => m.evaluate(rows, y)],
    ["calibrate", (m: SoftmaxRegression, rows: Features) => m.calibrate(rows, y)],
  ] as const)("%s: other features, NaN, nothing, a vector", async ([name, call], { engines }) => {
    const engine = engines[device];
    const refuse = (rows: unknown, kind: ErrorClass, code: ErrorCode, ...parts: string[]) =>
      expectRefusal(engine, (m) => call(m, rows as Features), kind, code, `${name}: `, ...parts);
    await refuse([[1, 2, 3, 4]], ShapeError, "SHAPE_MISMATCH", "expected 3", "got 4");
    await refuse(xWithNaN, DataError, "NON_FINITE_INPUT", "row 5, column 0");
    await refuse([], DataError, "EMPTY_INPUT");
    await refuse([1, 2, 3], ShapeError, "SHAPE_MISMATCH", "rows of numbers");
  });

  test("tensors that are no matrix of numbers of this engine", async ({ engines }) => {
    const engine = engines[device];
    using vector = engine.tensor([1, 2, 3]);
    using integers = engine.zeros([4, 3], "i32");
    using foreign = (device === "cpu" ? engines.webgpu : engines.cpu).tensor(x);
    const gone = engine.tensor(x);
    gone.dispose();
    await expectRefusal(engine, (m) => m.predict(vector), ShapeError, "SHAPE_MISMATCH", "[rows, columns]", "got [3]");
    await expectRefusal(engine, (m) => m.fit(vector, [0]), ShapeError, "SHAPE_MISMATCH", "fit: X", "got [3]");
    await expectRefusal(engine, (m) => m.predict(integers), DataError, "UNSUPPORTED_TYPE", "f32, f16 or u8", "got i32");
    await expectRefusal(engine, (m) => m.predict(foreign), ShapeError, "SHAPE_MISMATCH", "another engine");
    await expectRefusal(engine, (m) => m.fit(foreign, y), ShapeError, "SHAPE_MISMATCH", "another engine");
    const { model: made } = await fittedModel(engine);
    for (const call of [made.predict(gone), made.fit(gone, y)]) {
      await expect(call).rejects.toMatchObject({ name: "DisposedError", code: "DISPOSED" });
    }
  });

  test.for([
    ["evaluate", (m: SoftmaxRegression, labels: LabelsLike, o?: object) => m.evaluate(x, labels, o)],
    ["calibrate", (m: SoftmaxRegression, labels: LabelsLike, o?: object) => m.calibrate(x, labels, o)],
  ] as const)("%s: labels, weights, options", async ([name, call], { engines }) => {
    const engine = engines[device];
    const refuse = (labels: LabelsLike, options: object, kind: ErrorClass, code: ErrorCode, ...parts: string[]) =>
      expectRefusal(engine, (m) => call(m, labels, options), kind, code, `${name}: `, ...parts);
    await refuse(yWith(3, "cat"), {}, LabelError, "BAD_LABEL", "row 3", '"cat"');
    await refuse(y.slice(1), {}, ShapeError, "SHAPE_MISMATCH", "expected 12", "got 11");
    await refuse(y, { sampleWeight: [1] }, ShapeError, "SHAPE_MISMATCH", "expected 12");
    await refuse(y, { sampleWeight: y.map(() => 0) }, DataError, "BAD_WEIGHTS", "above 0");
    await refuse(y, { sampleWeights: [] }, OptionError, "UNKNOWN_OPTION", "Did you mean `sampleWeight`?");
    if (name === "evaluate") await refuse(y, { bins: 0.5 }, OptionError, "BAD_OPTION", "bins", "got 0.5");
  });

  test("predict: thresholds and rejection", async ({ engines }) => {
    const engine = engines[device];
    const refuse = (options: object, ...parts: string[]) =>
      expectRefusal(engine, (m) => m.predict(x, options), OptionError, "BAD_OPTION", "predict: ", ...parts);
    await refuse({ threshold: 0.5 }, "a list of 3 numbers", "got 0.5");
    await refuse({ threshold: [1, 1] }, "a list of 3 numbers", "length 2");
    await refuse({ threshold: [1, 1, 0] }, "numbers > 0");
    await refuse({ threshold: 1 }, "a number in (0, 1)", "got 1");
    await refuse({ reject: 1.5 }, "≥ 0 and ≤ 1", "got 1.5");
    await refuse({ rejected: {} }, "a label or null");
  });

  test("score and predictTopK: labels, weights, a count", async ({ engines }) => {
    const engine = engines[device];
    await expectRefusal(
      engine,
      (m) => m.score(x, yWith(3, "cat")),
      LabelError,
      "BAD_LABEL",
      "score: ",
      "row 3",
      '"cat"',
    );
    await expectRefusal(engine, (m) => m.score(x, y.slice(2)), ShapeError, "SHAPE_MISMATCH", "expected 12", "got 10");
    await expectRefusal(
      engine,
      (m) =>
        m.score(
          x,
          y,
          y.map((_, i) => (i === 2 ? -3 : 1)),
        ),
      DataError,
      "BAD_WEIGHTS",
      "row 2",
      "got -3",
    );
    for (const count of [0, -1, 1.5, Number.NaN, "2"]) {
      await expectRefusal(engine, (m) => m.predictTopK(x, count as number), OptionError, "BAD_OPTION", "integer ≥ 1");
    }
  });
});
