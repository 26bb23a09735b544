import { describe, expect, test } from "vitest";
import { DataError, LabelError, OptionError, ShapeError } from "../../../src/errors.js";
import { fromSklearn, SoftmaxRegression, toSklearn } from "../../../src/index.js";
import golden from "../../golden/interchange.json" with { type: "json" };
import { expectClose, expectSameBits } from "../../support/compare.js";
import { expectFault } from "../data/fault.js";
import { probabilityFloor } from "./probability-floor.js";

describe("scikit-learn's own fits of iris", () => {
  test.each(golden.fromSklearn)(
    "$name: its probabilities",
    async ({ coef, intercept, classes, multinomial, ...shown }) => {
      using model = fromSklearn({ coef, intercept, classes, multinomial }, { device: "cpu" });
      expect(model.classes).toEqual(classes);
      expect(model.coef.shape).toEqual([4, classes.length]);
      const { data } = await model.predictProba(shown.x);
      // Of float64's weights and features; a single row's score is that between two classes.
      const floor = probabilityFloor(shown.x, coef.length > 1 ? coef : [...coef, ...coef], [...intercept, 0], 1);
      expectClose(data, shown.probabilities.flat(), floor);
    },
  );

  test("what is known and what is not: JSON from Python is enough", () => {
    const [{ coef, intercept, classes }] = golden.fromSklearn;
    const model = fromSklearn(JSON.parse(JSON.stringify({ coef, intercept, classes })));
    const back = toSklearn(model);
    expect(back.classes).toEqual(classes);
    expect(back.coef).toEqual(coef.map((row) => row.map(Math.fround)));
    expect(back.intercept).toEqual(intercept.map(Math.fround));
  });
});

describe("for scikit-learn", () => {
  test.each(golden.toSklearn)(
    "$bias.length classes: the coefficients that give it our probabilities",
    async (case_) => {
      const k = case_.bias.length;
      const theta = Float32Array.from([...case_.weights.flat(), ...case_.bias]);
      const classes = case_.bias.map((_, j) => j);
      using model = SoftmaxRegression.fromContent({ classes, features: 3, theta }, { device: "cpu" });
      expect(toSklearn(model)).toEqual({ coef: case_.coef, intercept: case_.intercept, classes });
      const weight = classes.map((j) => case_.weights.map((row) => row[j]));
      const { data } = await model.predictProba(case_.x);
      expectClose(data, case_.probabilities.flat(), probabilityFloor(case_.x, weight, case_.bias));
      // And back again: the same columns, or for two classes columns with the same difference.
      const again = fromSklearn(toSklearn(model));
      if (k > 2) expectSameBits(again.coef.data, model.coef.data);
      else expect(toSklearn(again)).toEqual(toSklearn(model));
    },
  );
});

test("a temperature goes into the coefficients", () => {
  const coef = { data: Float32Array.of(2, 4, 6, 8), shape: [2, 2] as const };
  const model = { coef, intercept: Float32Array.of(1, 3), classes: ["a", "b"] };
  expect(toSklearn({ ...model, temperature: 2 })).toEqual({ coef: [[1, 1]], intercept: [1], classes: ["a", "b"] });
  const three = {
    ...model,
    coef: { data: Float32Array.of(2, 4, 6), shape: [1, 3] as const },
    intercept: Float32Array.of(1, 3, 5),
    classes: ["a", "b", "c"],
  };
  expect(toSklearn({ ...three, temperature: 2 })).toMatchObject({ coef: [[1], [2], [3]], intercept: [0.5, 1.5, 2.5] });
});

describe("parameters", () => {
  const coef = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];

  test("in any form of a matrix, with classes in any order, without an intercept", () => {
    const model = fromSklearn({
      coef: { data: Float64Array.from(coef.flat()), shape: [3, 2] },
      classes: ["c", "a", "b"],
    });
    expect(model.classes).toEqual(["a", "b", "c"]);
    expect([...model.coef.data]).toEqual([3, 5, 1, 4, 6, 2]);
    expect([...model.intercept]).toEqual([0, 0, 0]);
    expect(fromSklearn({ coef: [[1]] }).classes).toEqual([0, 1]);
  });

  test("that do not fit together", () => {
    const refuse = (parameters: object, ...parts: string[]) =>
      expectFault(() => fromSklearn({ coef, ...parameters }), ShapeError, "SHAPE_MISMATCH", "fromSklearn: ", ...parts);
    refuse({ intercept: [1] }, "expected 3 values", "got 1");
    refuse({ intercept: 5 }, "expected 3 values");
    refuse({ classes: ["a", "b"] }, "expected 3, got 2");
    refuse({ coef: [[1, 2]], classes: ["a", "b", "c"] }, "expected 2, got 3");
  });

  test("that cannot be used", () => {
    const bad = (parameters: object) => () => fromSklearn({ coef, ...parameters });
    expectFault(
      bad({ coef: [[1, Number.NaN]] }),
      DataError,
      "NON_FINITE_INPUT",
      "fromSklearn: coef",
      "row 0, column 1",
    );
    expectFault(bad({ intercept: [1, 2, 1e39] }), DataError, "NON_FINITE_INPUT", "intercept", "got 1e+39 at 2");
    expectFault(bad({ intercept: [1, 2, "x"] }), DataError, "NON_FINITE_INPUT", "intercept", "got x at 2");
    expectFault(bad({ coef: undefined }), DataError, "UNSUPPORTED_TYPE", "coef");
    expectFault(bad({ classes: ["a", "a", "b"] }), OptionError, "BAD_OPTION", "twice");
    expectFault(bad({ classes: ["a"] }), LabelError, "ONE_CLASS");
    expectFault(() => fromSklearn({ coef }, { l3: 1 } as never), OptionError, "UNKNOWN_OPTION");
  });
});
