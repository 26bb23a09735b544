/** MNIST's digits in 8×8 pixels against scikit-learn and PyTorch, on the GPU; test/unit/model has the CPU's. */
import { expect, test } from "vitest";
import { createEngine } from "../../src/index.js";
import { requireDevice } from "../support/adapter.js";
import { digitCases, expectGoldenFit, pooledDigits } from "../support/golden-objectives.js";
import { expectGoldenSteps, sortedByLabel, stepsOf } from "../support/golden-optimisers.js";
import { loadMnist } from "./load-mnist.js";

test("digits of 8×8 pixels", async () => {
  const { train } = await loadMnist();
  const data = pooledDigits(train.x.data as Uint8Array, train.y);
  const gpuDevice = await requireDevice();
  using engine = await createEngine({ gpuDevice });
  expect(engine.device).toBe("webgpu");
  for (const case_ of digitCases) await expectGoldenFit(engine, data, case_);
  const sorted = sortedByLabel(data);
  for (const each of stepsOf.digits.cases) await expectGoldenSteps(engine, sorted, stepsOf.digits, each);
  gpuDevice.destroy();
});
