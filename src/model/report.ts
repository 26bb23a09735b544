/** What a fit tells while it runs and when it ends. */
import type { LossChoice } from "../losses/loss-option.js";
import type { LearningRateSchedule } from "../solvers/learning-rate.js";
import type { StopReason } from "../solvers/solver.js";

export type { StopReason } from "../solvers/solver.js";

/** One point of a fit's course. */
export interface FitPoint {
  /** Iterations of L-BFGS, or minibatch steps. */
  readonly iteration: number;
  /** J, penalties included; for minibatches the batches' mean over the last epoch's steps before this one, 512 at the most. */
  readonly loss: number;
  /** max |dJ| with respect to W and b, with l1 of the subgradient of least size; undefined for minibatches. */
  readonly gradientNorm: number | undefined;
  /** Products with the data so far: two make one evaluation of loss and gradient. */
  readonly passes: number;
  /** Milliseconds since the fit began. */
  readonly elapsedMs: number;
  /** Mean loss on the validation rows, the model's own `loss` without penalty; undefined where it was not measured. */
  readonly validationLoss: number | undefined;
  /** Share of validation rows whose class is predicted right, 0 … 1. */
  readonly validationAccuracy: number | undefined;
}

/** Told to `onProgress` about ten times a second; the model's `coef` and `intercept` are those of this point. */
export interface FitProgress extends FitPoint {
  /** Where `iteration` will be at the latest. */
  readonly maxIterations: number;
  /** Epochs done, with a fraction; undefined for L-BFGS. */
  readonly epoch: number | undefined;
  /** Training rows gone through (loss and gradient) in a second, since the start. */
  readonly samplesPerSecond: number;
}

/** How a fit went: what it reached, why it ended, what it cost. */
export interface FitReport {
  /** The tolerance was reached: `stopReason` is `"converged"`. */
  readonly converged: boolean;
  /** Why the fit ended. */
  readonly stopReason: StopReason;
  /** Iterations of a full-batch solver, or steps of a minibatch solver. */
  readonly iterations: number;
  /** With early stopping: the iteration whose weights the model has now, which `loss` and `gradientNorm` are of. */
  readonly bestIteration?: number;
  /**
   * J at the end, penalties included. Minibatch solvers, which never see J whole, say the mean loss of the last epoch's batches, each as
   * it was before its step: of the last 512 in longer epochs, of those of the last piece where rows come in pieces. With it the penalty of
   * the last weights. Like these it is the same on every run of the same seed and device.
   */
  readonly loss: number;
  /** max |dJ| at the end; undefined for minibatch solvers, which never see it. */
  readonly gradientNorm: number | undefined;
  /** Products with the data that were computed. */
  readonly passes: number;
  /** Milliseconds, from the upload to the last weights. */
  readonly elapsedMs: number;
  /** The device that did the work. */
  readonly device: "webgpu" | "cpu";
  /** Loss, gradient and validation on the way, oldest first. */
  readonly history: readonly FitPoint[];
  /** What to change, when the fit did not converge. */
  readonly advice?: string;
}

/** A sentence for people whose fit did not end well. */
export function adviceFor(
  stopReason: StopReason,
  numbers: {
    readonly loss: LossChoice;
    readonly maxIterations: number;
    readonly tolerance: number;
    readonly gradientNorm: number | undefined;
    /** Undefined for L-BFGS, which has none. */
    readonly learningRate: number | LearningRateSchedule | undefined;
    /** What a step takes from weights by learning rate: SGD's l2 and any solver's decay. */
    readonly solver: string;
    readonly l2: number;
    readonly weightDecay: number;
  },
): string | undefined {
  const { loss, maxIterations, tolerance, gradientNorm, learningRate, solver, l2, weightDecay } = numbers;
  if (stopReason === "max-iterations" && gradientNorm !== undefined) {
    return (
      `The gradient is still ${gradientNorm.toExponential(1)} after ${maxIterations} iterations; ${tolerance} was asked for. ` +
      "Raise maxIterations, raise l2, or bring the features to similar ranges."
    );
  }
  if (stopReason === "precision" && loss.name === "margin" && (loss.power !== 2 || loss.form === "max")) {
    return (
      `Loss "margin" has corners, and at one of them the gradient does not vanish: it is ${gradientNorm?.toExponential(1)}, and ${tolerance} ` +
      'was asked for. float32 sees no lower loss nearby. Use the model as it is; { name: "margin", power: 2 } has no corners.'
    );
  }
  if (stopReason === "precision") {
    return (
      `float32 sees no lower loss, though the gradient is ${gradientNorm?.toExponential(1)} and ${tolerance} was asked for. ` +
      "The model is as good as it gets; raise tolerance to have this called converged, or scale large features down."
    );
  }
  if (stopReason === "diverged") {
    if (learningRate === undefined)
      return "The loss or its gradient left the range of float32; the last finite weights were kept. Scale the features down.";
    const rate = typeof learningRate === "number" ? ` (${learningRate})` : "";
    const drawn = typeof learningRate === "number" ? learningRate * (weightDecay + (solver === "sgd" ? l2 : 0)) : 0;
    return (
      `The loss grew without bound; the weights that its best epoch began with were kept. Lower learningRate${rate} or scale the features.` +
      (drawn > 2
        ? ` A step takes ${drawn.toPrecision(2)} times the weights from the weights, which grow by that alone beyond 2: lower l2 or weightDecay, too.`
        : "")
    );
  }
  return undefined;
}
