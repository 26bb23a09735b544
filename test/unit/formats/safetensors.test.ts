import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.js";
import { readSafetensors } from "../../../src/formats/safetensors.js";
import { fromSafetensors, SoftmaxRegression, toSafetensors } from "../../../src/index.js";
import golden from "../../golden/interchange.json" with { type: "json" };
import { expectClose, expectSameBits } from "../../support/compare.js";
import { LUCE_MODEL } from "./interchange-golden.js";
import { probabilityFloor } from "./probability-floor.js";
import { compose } from "./safetensors-file.js";

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));

describe("what PyTorch's side reads", () => {
  test("is the committed file, byte for byte", async () => {
    const file = await readFile(new URL("../../golden/luce-model.safetensors", import.meta.url));
    expect(toSafetensors(LUCE_MODEL)).toEqual(Uint8Array.from(file));
  });

  test("has W transposed, b and the classes as they are", () => {
    const { tensors, metadata } = golden.luceFile;
    const { coef, intercept, classes } = LUCE_MODEL;
    expect(tensors.weight).toEqual([0, 1, 2].map((j) => [coef.data[j], coef.data[3 + j]]));
    expect(tensors.bias).toEqual([...intercept]);
    expect(JSON.parse(metadata.classes)).toEqual(classes);
  });

  test("gives torch.nn.Linear the model's probabilities", async () => {
    const { x, probabilities, tensors } = golden.luceFile;
    using model = fromSafetensors(toSafetensors(LUCE_MODEL), { device: "cpu" });
    const { data } = await model.predictProba(x);
    expectClose(data, probabilities.flat(), probabilityFloor(x, tensors.weight, tensors.bias));
  });
});

describe("files of PyTorch", () => {
  test.each(golden.torchFiles)("$type: weights to the bit, and its probabilities", async (case_) => {
    using model = fromSafetensors(bytesOf(case_.file), { device: "cpu" });
    expect(model.classes).toEqual([0, 1, 2, 3]);
    const { data, shape } = model.coef;
    expect(shape).toEqual([5, 4]);
    case_.weight.forEach((row, j) => {
      expect(row.map((_, f) => data[f * 4 + j])).toEqual(row.map(Math.fround));
    });
    expect([...model.intercept]).toEqual(case_.bias.map(Math.fround));
    const proba = await model.predictProba(case_.x);
    expectClose(proba.data, case_.probabilities.flat(), probabilityFloor(case_.x, case_.weight, case_.bias));
  });

  test("take classes in the order of their rows, which are sorted with them", () => {
    const { file, bias } = golden.torchFiles[0];
    const named = fromSafetensors(bytesOf(file), { classes: ["d", "b", "a", "c"] });
    expect(named.classes).toEqual(["a", "b", "c", "d"]);
    expect([...named.intercept]).toEqual([bias[2], bias[1], bias[3], bias[0]]);
    const plain = fromSafetensors(bytesOf(file));
    expect(named.coef.data[0]).toBe(plain.coef.data[2]);
  });

  test("a layer among others by its prefix, and one without a bias", () => {
    const file = compose({
      "encoder.weight": { dtype: "I64", shape: [1], values: new Uint8Array(8) },
      "head.weight": { dtype: "F32", shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) },
    });
    const model = fromSafetensors(file, { prefix: "head.", classes: [true, false] });
    expect(model.classes).toEqual([false, true]);
    expect([...model.coef.data]).toEqual([4, 1, 5, 2, 6, 3]);
    expect([...model.intercept]).toEqual([0, 0]);
  });
});

describe("round trips", () => {
  const label = fc.oneof(
    fc.uniqueArray(fc.string({ unit: "binary" }), { minLength: 2, maxLength: 5 }),
    fc.uniqueArray(fc.integer(), { minLength: 2, maxLength: 5 }),
    fc.constant([false, true]),
  );

  test("every float32, every label, the same bits", () => {
    fc.assert(
      fc.property(label, fc.integer({ min: 1, max: 7 }), fc.integer(), (classes, d, seed) => {
        const sorted = [...classes].sort((a, b) => (a < b ? -1 : 1));
        const words = Uint32Array.from({ length: (d + 1) * sorted.length }, (_, i) => Math.imul(seed + i, 0x9e3779b1));
        const theta = new Float32Array(words.buffer).map((v) => (Number.isFinite(v) ? v : 1));
        const model = SoftmaxRegression.fromContent({ classes: sorted, features: d, theta });
        const read = fromSafetensors(toSafetensors(model));
        expect(read.classes).toEqual(sorted);
        expect(read.coef.shape).toEqual([d, sorted.length]);
        expectSameBits(read.coef.data, model.coef.data);
        expectSameBits(read.intercept, model.intercept);
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  test("from an ArrayBuffer, and from a view at an odd offset", () => {
    const file = toSafetensors(LUCE_MODEL);
    const shifted = new Uint8Array(file.length + 3);
    shifted.set(file, 3);
    for (const given of [file.buffer, shifted.subarray(3)]) {
      expectSameBits(fromSafetensors(given).coef.data, LUCE_MODEL.coef.data);
    }
  });

  test("a temperature is kept, and is absent where it is 1", () => {
    const read = (temperature: number) =>
      readSafetensors(toSafetensors({ ...LUCE_MODEL, temperature }), {}, () => new ShapeError("SHAPE_MISMATCH", ""));
    for (const temperature of [1 / 3, 5e-324, 1e300]) expect(read(temperature).temperature).toBe(temperature);
    expect("temperature" in read(1)).toBe(false);
    const content = { classes: [0, 1], features: 1, theta: Float32Array.of(1, 2, 3, 4), temperature: 1.5 };
    expect(fromSafetensors(toSafetensors(SoftmaxRegression.fromContent(content))).temperature).toBe(1.5);
  });

  test("the tensors begin at a multiple of 8", () => {
    for (let letters = 0; letters < 16; letters++) {
      const file = toSafetensors({ ...LUCE_MODEL, classes: ["a", "b", "c".repeat(letters + 1)] });
      expect(Number(new DataView(file.buffer).getBigUint64(0, true)) % 8).toBe(0);
    }
  });
});
