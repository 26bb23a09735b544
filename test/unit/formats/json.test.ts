import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ModelContent, readModelJson, writeModelJson } from "../../../src/formats/json.js";

const float = fc.float({ noNaN: true, noDefaultInfinity: true });

const labels = (k: number): fc.Arbitrary<(string | number)[]> =>
  fc
    .oneof(
      fc.uniqueArray(fc.string({ unit: "binary" }), { minLength: k, maxLength: k }),
      fc.uniqueArray(fc.integer(), { minLength: k, maxLength: k }),
      fc.uniqueArray(
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((v) => v + 0),
        { minLength: k, maxLength: k },
      ),
    )
    .map((all) => all.sort((a, b) => (a < b ? -1 : 1)));

const models: fc.Arbitrary<ModelContent> = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 2, max: 5 }))
  .chain(([features, k]) =>
    fc.record({
      features: fc.constant(features),
      classes: labels(k),
      theta: fc
        .array(float, { minLength: (features + 1) * k, maxLength: (features + 1) * k })
        .map((values) => Float32Array.from(values)),
    }),
  );

const expectSame = (read: ModelContent, { classes, features, theta }: ModelContent): void => {
  expect(read.classes).toEqual(classes);
  expect(read.features).toBe(features);
  expect(read.theta).toBeInstanceOf(Float32Array);
  // JSON knows no −0, which predicts what 0 predicts.
  expect(Array.from(read.theta, (v) => v + 0)).toEqual(Array.from(theta, (v) => v + 0));
};

describe("round trips", () => {
  test("every float32, every label, through text and as an object", () => {
    fc.assert(
      fc.property(models, (model) => {
        const json = writeModelJson(model);
        expectSame(readModelJson(json), model);
        expectSame(readModelJson(JSON.stringify(json)), model);
        expectSame(readModelJson(JSON.parse(JSON.stringify(json))), model);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test("a temperature, to the last digit, and none where there is none", () => {
    const model = { classes: [0, 1], features: 1, theta: Float32Array.of(1, 2, 3, 4) };
    for (const temperature of [0.1 + 0.2, 100, 5e-324]) {
      const json = writeModelJson({ ...model, temperature });
      expect(json.version).toBe(1);
      expect(readModelJson(JSON.stringify(json)).temperature).toBe(temperature);
    }
    expect(writeModelJson({ ...model, temperature: 1 })).toEqual(writeModelJson(model));
    expect(readModelJson(writeModelJson(model))).not.toHaveProperty("temperature");
  });

  test("the ends of float32's range", () => {
    const theta = Float32Array.of(1.17549435e-38, 1e-45, 3.4028234663852886e38, -3.4028234663852886e38, 0.1, 1 / 3);
    const model = { classes: [false, true], features: 2, theta };
    expectSame(readModelJson(JSON.stringify(writeModelJson(model))), model);
  });

  test("classes named like parts of every object", () => {
    const classes = ["__proto__", "constructor", "toString"];
    const model = { classes, features: 1, theta: Float32Array.of(1, 2, 3, 4, 5, 6) };
    expectSame(readModelJson(JSON.stringify(writeModelJson(model))), model);
  });
});

describe("what is written", () => {
  const model = { classes: ["cat", "dog"], features: 2, theta: Float32Array.of(0.1, -0.2, 0.3, 1e10, 5, 1 / 3) };

  test("reads as it is documented", () => {
    expect(writeModelJson(model)).toEqual({
      format: "luce/softmax-regression",
      version: 1,
      classes: ["cat", "dog"],
      features: 2,
      coef: [0.1, -0.2, 0.3, 1e10],
      intercept: [5, 0.33333334],
    });
  });

  test("is a copy: changing it changes no model", () => {
    const json = writeModelJson(model);
    const theta = model.theta.slice();
    (json.coef as number[])[0] = 99;
    (json.classes as string[])[0] = "cow";
    expect(model.classes).toEqual(["cat", "dog"]);
    expect(model.theta).toEqual(theta);
  });

  test("what is read is a copy too", () => {
    const json = writeModelJson(model);
    const read = readModelJson(json);
    (json.coef as number[])[0] = 99;
    (json.classes as string[])[0] = "cow";
    expectSame(read, model);
  });
});
