/** The training losses whose value and gradient the ops `scoreLoss…` compute: all but cross-entropy. */
import type { Tensor } from "../engine/tensor.js";
import { scoreLoss } from "../ops/score-loss.js";
import { scoreLossLine } from "../ops/score-loss-line.js";
import type { ScoreLossForm, ScoreTargetArguments } from "../ops/score-loss-rows.js";
import { SCORE_LOSS } from "../ops/score-loss-rows.js";
import { scoreLossStep } from "../ops/score-loss-step.js";
import type { Loss, TrainingTargets } from "./loss.js";

/** What a loss says of itself beyond its formula. */
export interface ScoreLossTraits {
  readonly name: string;
  readonly kind: keyof typeof SCORE_LOSS;
  /** Smooth and convex, so that the slope alone tells how good a step is. */
  readonly smoothConvex: boolean;
  /** Its second derivative, where it is the same everywhere. */
  readonly curvature?: number;
  readonly margin?: Omit<ScoreLossForm, "kind">;
}

const NO_MARGIN = { delta: 0, power: 1, largest: false };

export function scoreLossOf({ name, kind, smoothConvex, curvature, margin = NO_MARGIN }: ScoreLossTraits): Loss {
  // No label is negative once it is encoded, so nothing is ignored.
  const form = { kind: SCORE_LOSS[kind], ...margin, classWeight: undefined, ignoreIndex: -1 };
  const plain = ({ labels, soft, rowWeight, labelSmoothing }: TrainingTargets): ScoreTargetArguments<Tensor> => ({
    ...form,
    ...{ labels, soft, rowWeight, labelSmoothing },
  });
  return {
    name,
    smoothConvex,
    ...(curvature !== undefined && { curvature }),
    evaluate(engine, { logits, targets, losses, gradient, scale, denominator }) {
      engine.run(scoreLoss, { ...plain(targets), logits, loss: losses, gradient, scale, denominator });
    },
    alongLine(engine, { logits, direction, targets, state, out }) {
      engine.run(scoreLossLine, { ...plain(targets), logits, direction, state, out });
    },
    afterStep(engine, { logits, direction, targets, state, gradient, scale, out }) {
      engine.run(scoreLossStep, { ...plain(targets), logits, direction, state, gradient, scale, out });
    },
  };
}
