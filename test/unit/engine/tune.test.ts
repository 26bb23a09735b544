import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type { Tuning } from "../../../src/engine/backend.js";
import type { TuningTable } from "../../../src/engine/tune.js";
import { TUNE_CASES, tuneOn } from "../../../src/engine/tune.js";
import { VERSION } from "../../../src/engine/version.js";
import { createEngine, FormatError, OptionError } from "../../../src/index.js";
import { productClass } from "../../../src/ops/matmul-variants.js";
import type { AdapterTraits } from "../../../src/ops/op.js";

/** Small products, measured on the CPU device as if it were a GPU: nothing there heeds the choice, but all of it is made. */
const CASES = [
  { rows: 3, columns: 2, depth: 4, transposeA: false },
  { rows: 3, columns: 20, depth: 4, transposeA: true },
];
/** Whatever else the machine does, all of it is measured. */
const UNHURRIED_MS = Number.POSITIVE_INFINITY;
const hardware = (adapter?: AdapterTraits): Tuning => ({
  adapter: "a GPU",
  traits: { device: "webgpu", software: false, bindingBytes: 2 ** 27, workPerDispatch: 2e10, adapter },
  choices: new Map(),
});

test("the version is that of package.json", async () => {
  expect(VERSION).toBe(JSON.parse(await readFile("package.json", "utf8")).version);
});

test("on the CPU it resolves at once and says why", async () => {
  using engine = await createEngine({ device: "cpu" });
  expect(await engine.tune()).toMatchObject({
    adapter: "cpu",
    version: VERSION,
    choices: [],
    reason: expect.stringContaining("nothing to choose"),
  });
});

test("every class is measured, its winner kept, and the table survives JSON", async () => {
  using engine = await createEngine({ device: "cpu" });
  const tuning = hardware();
  const progress: string[] = [];
  const onProgress = ({ done, total }: { done: number; total: number }): number => progress.push(`${done}/${total}`);
  const table = await tuneOn(engine, tuning, { onProgress }, CASES, UNHURRIED_MS);
  expect(table.choices.map((c) => c.productClass)).toEqual(["narrow A·B", "medium Aᵀ·B"]);
  expect([...tuning.choices]).toEqual(table.choices.map((c) => [c.productClass, c.variant]));
  expect(["direct", "rows"]).toContain(table.choices[0].variant);
  // Two for the narrow product; seven tiles and `direct` for the other.
  expect(progress).toEqual(Array.from({ length: 10 }, (_, i) => `${i + 1}/10`));
  expect(table.text).toContain("| narrow A·B |");
  expect(engine.stats().buffers).toBe(0);

  const again = hardware();
  const restored = await tuneOn(engine, again, { from: JSON.parse(JSON.stringify(table)) as TuningTable }, []);
  expect(again.choices).toEqual(tuning.choices);
  expect(restored.reason).toMatch(/table given/);
});

test("a table of another adapter or version is measured anew, and the reason says so", async () => {
  using engine = await createEngine({ device: "cpu" });
  const from = {
    adapter: "a GPU",
    version: VERSION,
    choices: [{ productClass: "x", variant: "y", elapsedMs: 1 }],
    text: "",
  };
  for (const [change, reason] of [
    [{ adapter: "another GPU" }, /another adapter, another GPU/],
    [{ version: "0.0.1" }, /another version, 0\.0\.1/],
  ] as const) {
    const tuning = hardware();
    const table = await tuneOn(engine, tuning, { from: { ...from, ...change } }, CASES, UNHURRIED_MS);
    expect(table.reason).toMatch(reason);
    expect(tuning.choices.has("x")).toBe(false);
    expect(table.choices).toHaveLength(2);
  }
});

test("what is no table is refused, and changes nothing", async () => {
  using engine = await createEngine({ device: "cpu" });
  const tuning = hardware();
  tuning.choices.set("kept", "direct");
  for (const from of [
    null,
    7,
    {},
    { adapter: "a GPU", version: VERSION },
    { adapter: "", version: "", choices: [null] },
  ])
    await expect(tuneOn(engine, tuning, { from: from as unknown as TuningTable })).rejects.toThrow(FormatError);
  await expect(engine.tune({ form: {} } as never)).rejects.toThrow(OptionError);
  expect([...tuning.choices]).toEqual([["kept", "direct"]]);
});

test("an abort rejects with its reason and leaves the choices as they were", async () => {
  using engine = await createEngine({ device: "cpu" });
  const tuning = hardware();
  tuning.choices.set("narrow A·B", "rows");
  const controller = new AbortController();
  const onProgress = (): void => controller.abort(new Error("enough"));
  await expect(tuneOn(engine, tuning, { signal: controller.signal, onProgress }, CASES)).rejects.toThrow("enough");
  expect([...tuning.choices]).toEqual([["narrow A·B", "rows"]]);
  expect(engine.stats().buffers).toBe(0);
});

test("products of halves are measured where the adapter multiplies matrices of them, and only by those", async () => {
  using engine = await createEngine({ device: "cpu" });
  const cases = [...CASES, { rows: 3, columns: 80, depth: 4, transposeA: false, halves: true }];
  const plain = await tuneOn(engine, hardware(), {}, cases, UNHURRIED_MS);
  expect(plain.choices.map((c) => c.productClass)).toEqual(["narrow A·B", "medium Aᵀ·B"]);
  const tuning = hardware({ vendor: "", architecture: "", subgroups: { min: 32, max: 32 }, matrices: true });
  const progress: number[] = [];
  const halves = await tuneOn(engine, tuning, { onProgress: ({ total }) => progress.push(total) }, cases, UNHURRIED_MS);
  expect(halves.choices[2]).toMatchObject({
    productClass: "small A·B, halves",
    variant: expect.stringMatching(/^matrices /),
  });
  // `subgroups` beside the ten of the first two, and two tiles of matrices.
  expect(new Set(progress)).toEqual(new Set([14]));
});

test("the products that are measured are one of each class", () => {
  const names = TUNE_CASES.map((each) => productClass({ type: "f32", ...each, transposeB: false }));
  expect(new Set(names).size).toBe(names.length);
  for (const width of ["narrow", "medium", "small", "wide", "large"]) {
    for (const order of ["A·B", "Aᵀ·B"]) expect(names).toContain(`${width} ${order}`);
  }
});
