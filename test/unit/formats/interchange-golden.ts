/** The model in test/golden/luce-model.safetensors. Its weights are far from round, its classes need escapes and more than ASCII. */
import type { FittedModel } from "../../../src/formats/fitted-model.js";

export const LUCE_MODEL: FittedModel = {
  coef: { data: Float32Array.of(0.1, -0.2, 1 / 3, 10, -1e-10, 0.7), shape: [2, 3] },
  intercept: Float32Array.of(5, -1 / 7, 1e-45),
  classes: ['"quoted"', "chat", "λ🐈"],
};
