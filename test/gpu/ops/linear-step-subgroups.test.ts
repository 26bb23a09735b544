/** The fused step whose lanes add up by subgroups, on an adapter that has them: 4 threads each on SwiftShader, 8 on llvmpipe. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEngine, type Engine } from "../../../src/index.js";
import { expectStep, usual, type Variant } from "./linear-step-layouts.js";

let engine: Engine;
beforeAll(async () => {
  // Made by the engine itself: a device of the caller's has no subgroups unless asked for.
  engine = await createEngine({ device: "webgpu" });
});
afterAll(() => engine.dispose());

const shuffled = { ...usual, subgroups: true };
const VARIANTS: readonly Variant[] = [
  ["by subgroups", shuffled, { n: 67, d: 37, k: 10, format: "u8" }],
  ["by subgroups, two groups of classes", shuffled, { n: 70, d: 9, k: 19 }],
  ["by subgroups of 8, where they are so large", { ...shuffled, lanes: 8 }, { n: 67, d: 40, k: 7, taken: 50 }],
];

test.for(VARIANTS)("%s: $2", async ([, choice, size]) => {
  const least = engine.traits.adapter?.subgroups?.min ?? 0;
  expect(least, "threads in the adapter's smallest subgroup").toBeGreaterThanOrEqual(4);
  await expectStep(engine, { ...choice, lanes: Math.min(choice.lanes, least) }, size);
});
