/** `engine.tune()` on a GPU: variants are compiled ahead and once, and what was found is what later products take. */
import { expect, test } from "vitest";
import type { Tuning } from "../../../src/engine/backend.js";
import { tuneOn } from "../../../src/engine/tune.js";
import { createEngine } from "../../../src/index.js";

const CASES = [
  { rows: 40, columns: 10, depth: 12, transposeA: false },
  { rows: 12, columns: 10, depth: 40, transposeA: true, type: "u8" },
] as const;
/** A software adapter may take longer than the usual budget. */
const UNHURRIED_MS = Number.POSITIVE_INFINITY;

test("every variant is compiled once, and the table holds for later products", async () => {
  using engine = await createEngine({ device: "webgpu" });
  const own = engine.tuning as Tuning;
  // Measured as if it were hardware: software adapters have nothing to choose.
  const tuning: Tuning = { ...own, traits: { ...own.traits, software: false } };
  const table = await tuneOn(engine, tuning, {}, CASES, UNHURRIED_MS);
  expect(table.choices.map((c) => c.productClass)).toEqual(["narrow A·B", "narrow Aᵀ·B"]);
  expect([...own.choices]).toEqual(table.choices.map((c) => [c.productClass, c.variant]));
  const { pipelines, buffers } = engine.stats();
  expect(buffers).toBe(0);
  // `direct`, `subgroups` and `rows` or `columns`, and what adds up partial results where a sum is split.
  expect(pipelines).toBeGreaterThanOrEqual(6);
  await tuneOn(engine, tuning, {}, CASES, UNHURRIED_MS);
  expect(engine.stats().pipelines).toBe(pipelines);
  using a = engine.tensor(Array.from({ length: 40 }, (_, i) => Array.from({ length: 12 }, (_, l) => i + l)));
  using b = engine.zeros([12, 10]);
  using c = engine.matmul(a, b);
  expect([...(await c.read())]).toEqual(Array.from({ length: 400 }, () => 0));
  expect(engine.stats().pipelines).toBe(pipelines);
});

test("what was not measured is chosen as before", async () => {
  using engine = await createEngine({ device: "webgpu" });
  const own = engine.tuning as Tuning;
  const controller = new AbortController();
  const tuning: Tuning = { ...own, traits: { ...own.traits, software: false } };
  const onProgress = (): void => controller.abort(new Error("enough"));
  await expect(tuneOn(engine, tuning, { signal: controller.signal, onProgress }, CASES)).rejects.toThrow("enough");
  expect([...own.choices]).toEqual([]);
  expect(engine.stats().buffers).toBe(0);
});

test("what there is no time for is chosen as before", async () => {
  using engine = await createEngine({ device: "webgpu" });
  const own = engine.tuning as Tuning;
  const tuning: Tuning = { ...own, traits: { ...own.traits, software: false } };
  const table = await tuneOn(engine, tuning, {}, CASES, 0);
  expect(table.choices).toEqual([]);
  expect([...own.choices]).toEqual([]);
  expect(engine.stats().buffers).toBe(0);
});
