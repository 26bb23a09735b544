import { expect, test } from "vitest";
import { gramPays, sampleRows } from "../../../src/ops/gram-plan.js";
import type { DeviceTraits } from "../../../src/ops/step-plan.js";

const device = (kind: DeviceTraits["device"], software: boolean): DeviceTraits => ({
  ...{ device: kind, software },
  ...{ bindingBytes: 2 ** 27, workPerDispatch: 1e9 },
});
const CPU = device("cpu", true);
const SOFTWARE = device("webgpu", true);
const HARDWARE = device("webgpu", false);

test.each([
  ["MNIST", { rows: 60_000, columns: 784, classes: 10 }, [true, true, false]],
  ["a head of 100 classes on embeddings", { rows: 20_000, columns: 384, classes: 100 }, [true, true, false]],
  ["the same of ten times the rows", { rows: 200_000, columns: 384, classes: 100 }, [true, true, true]],
  ["two classes of few rows", { rows: 1000, columns: 384, classes: 2 }, [false, false, false]],
  ["few columns, whose passes cost next to nothing", { rows: 150, columns: 4, classes: 3 }, [false, false, false]],
  ["fewer rows than parameters", { rows: 700, columns: 700, classes: 500 }, [false, false, false]],
  ["one class", { rows: 1e6, columns: 64, classes: 1 }, [false, false, false]],
  ["2,047 columns", { rows: 1e6, columns: 2047, classes: 1000 }, [true, true, true]],
  ["2,048 columns", { rows: 1e6, columns: 2048, classes: 1000 }, [false, false, false]],
] as const)("%s: on the CPU, a software adapter, a GPU", (_, question, pays) => {
  expect([CPU, SOFTWARE, HARDWARE].map((traits) => gramPays(question, traits))).toEqual(pays);
});

test("eight rows for each parameter of a class, no more than there are, and no more than 2²⁴ values", () => {
  expect(sampleRows(60_000, 785)).toBe(6280);
  expect(sampleRows(100, 785)).toBe(100);
  expect(sampleRows(1e6, 2048)).toBe(8192);
});
