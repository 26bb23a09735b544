/** Penguins with sample weights, class weights, smoothed and soft targets: PyTorch's objective at scikit-learn's optimum. */
import { describe } from "vitest";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { expectGoldenFit, penguinCases, penguins } from "../../support/golden-objectives.js";

describe.each(ENGINE_DEVICES)("penguins on %s", (device) => {
  test.for(penguinCases)("$kind, l2 $l2", async (case_, { engines }) => {
    await expectGoldenFit(engines[device], penguins(), case_);
  });
});
