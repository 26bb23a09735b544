/** `ℓ(z, y) = logsumexp(z) − z_y`, gradient `softmax(z) − onehot(y)`; for soft targets `−Σ q log softmax(z)`. */

import type { Tensor } from "../engine/tensor.js";
import { crossEntropy as evaluateOp } from "../ops/cross-entropy.js";
import { crossEntropyStep } from "../ops/cross-entropy-step.js";
import { lineSearch } from "../ops/line-search.js";
import { linearLoss } from "../ops/linear-loss.js";
import type { TargetArguments } from "../ops/targets.js";
import type { Loss, TrainingTargets } from "./loss.js";

/** No label is negative once it is encoded, so nothing is ignored. */
const plain = ({ labels, soft, rowWeight, labelSmoothing }: TrainingTargets): TargetArguments<Tensor> => ({
  labels,
  soft,
  rowWeight,
  classWeight: undefined,
  labelSmoothing,
  ignoreIndex: -1,
});

export const crossEntropyLoss: Loss = {
  name: "cross-entropy",
  smoothConvex: true,
  curvature: "softmax",
  evaluate(engine, { logits, targets, losses, gradient, scale, denominator }) {
    engine.run(evaluateOp, { ...plain(targets), logits, loss: losses, gradient, scale, denominator });
  },
  evaluateLinear(engine, { targets, losses, ...evaluation }) {
    engine.run(linearLoss, { ...evaluation, ...plain(targets), loss: losses });
  },
  alongLine(engine, { logits, direction, targets, state, out }) {
    engine.run(lineSearch, { ...plain(targets), logits, direction, state, out });
  },
  afterStep(engine, { logits, direction, targets, state, gradient, scale, out }) {
    engine.run(crossEntropyStep, { ...plain(targets), logits, direction, state, gradient, scale, out });
  },
};
