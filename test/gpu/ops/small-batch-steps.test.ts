/** Many small steps in one launch against float64: shapes, formats, rules, targets; and that no cut between launches shows. */
import { describe } from "vitest";
import { smallBatchSteps } from "../../../src/ops/small-batch-steps.js";
import { expectClose } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { outputsOn, referenceOf } from "../../support/op-cases.js";
import type { SmallBatchCase } from "./small-batch-cases.js";
import { OUTPUTS, smallBatchArguments, smallBatchFloors } from "./small-batch-cases.js";

const CASES: readonly SmallBatchCase[] = [
  { n: 5, d: 1, k: 1, taken: 3, batchSize: 1 },
  { n: 20, d: 7, k: 3, taken: 11, batchSize: 4 },
  { n: 40, d: 4, k: 4, taken: 40, batchSize: 16, momentum: 0.75, intercept: false },
  { n: 40, d: 33, k: 10, taken: 37, batchSize: 8, momentum: 0.75, nesterov: true, format: "u8" },
  { n: 40, d: 34, k: 10, taken: 37, batchSize: 13, adam: true, format: "u8 − ½", targets: { rowWeight: true } },
  { n: 30, d: 12, k: 17, taken: 30, batchSize: 10, format: "f16", targets: { rowWeight: true } },
  { n: 30, d: 10, k: 16, taken: 30, batchSize: 10, format: "f16", adam: true },
  { n: 70, d: 5, k: 32, taken: 66, batchSize: 33, adam: true },
  { n: 70, d: 6, k: 31, taken: 50, batchSize: 64, momentum: 0.75 },
  { n: 70, d: 9, k: 5, taken: 60, batchSize: 32, targets: { soft: true, labelSmoothing: 0.1, rowWeight: true } },
  { n: 260, d: 3, k: 10, taken: 257, batchSize: 128 },
  { n: 9, d: 1030, k: 3, taken: 9, batchSize: 5, momentum: 0.75 },
];

describe("parity with float64", () => {
  test.for(CASES)("%j", async (size, { engines }) => {
    const args = smallBatchArguments(size);
    const truth = referenceOf(smallBatchSteps, args, OUTPUTS);
    const got = await outputsOn(engines.webgpu, smallBatchSteps, args, OUTPUTS);
    const floors = smallBatchFloors(args);
    expectClose(got.theta as Float32Array, truth.theta as Float64Array, { floor: floors.theta, label: "θ" });
    expectClose(got.losses as Float32Array, truth.losses as Float64Array, { floor: floors.losses, label: "losses" });
    if (!args.moments) return;
    expectClose(got.moments as Float32Array, truth.moments as Float64Array, { floor: floors.theta, label: "moments" });
  });
});
