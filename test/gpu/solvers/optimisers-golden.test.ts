/** SGD, momentum, Nesterov, Adam, AdamW, clipping and averaging against PyTorch, step for step, on iris and penguins. */
import { describe, expect } from "vitest";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { expectGoldenSteps, optionsOf, rowsOfSet, stepsOf } from "../../support/golden-optimisers.js";

const SETS = ["iris", "penguins"] as const;
const cases = SETS.flatMap((name) =>
  stepsOf[name].cases.map((each) => [name, JSON.stringify(optionsOf(each, stepsOf[name].epochs)), each] as const),
);

describe.each(ENGINE_DEVICES)("PyTorch's steps on %s", (device) => {
  test.for(cases)("%s: %s", async ([name, , each], { engines }) => {
    await expectGoldenSteps(engines[device], rowsOfSet[name](), stepsOf[name], each);
  });
});

test("some gradients are cut, and some need not be", () => {
  for (const [, , { clip, norms }] of cases) {
    if (clip === undefined) continue;
    expect(Math.max(...norms)).toBeGreaterThan(clip);
    expect(Math.min(...norms)).toBeLessThan(clip);
  }
});
