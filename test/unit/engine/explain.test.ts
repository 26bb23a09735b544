import { expect, test } from "vitest";
import { CPU_TRAITS } from "../../../src/engine/cpu/cpu-traits.js";
import { explainOn } from "../../../src/engine/explain.js";

const GRAM = "Gram matrix of some rows";

test("what L-BFGS begins its directions with is told, in a word and in a sentence", () => {
  const mnist = explainOn(CPU_TRAITS, { rows: 60_000, features: 784, classes: 10, format: "u8" });
  expect(mnist).toMatchObject({ preconditioner: "gram", text: expect.stringContaining(GRAM) });
  const hardware = explainOn(
    { ...CPU_TRAITS, device: "webgpu", software: false },
    { rows: 60_000, features: 784, classes: 10 },
  );
  expect(hardware).toMatchObject({ preconditioner: "means", text: expect.not.stringContaining(GRAM) });
  const sparse = explainOn(CPU_TRAITS, { rows: 60_000, features: 784, classes: 10, nonzeros: 1_000_000 });
  expect(sparse).toMatchObject({ preconditioner: "means", text: expect.not.stringContaining(GRAM) });
});
