/** What a training loss must tell the solvers: its value and gradient for logits, and how it changes along a line. */

import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";

/** What the rows are trained towards, on the device. */
export interface TrainingTargets {
  /** `[n]` class indices, or undefined when `soft` is given. */
  readonly labels: Tensor | undefined;
  /** [n×k] target probabilities, or undefined when `labels` is given. */
  readonly soft: Tensor | undefined;
  /** `[n]` or undefined: every row counts 1. */
  readonly rowWeight: Tensor | undefined;
  /** ε in [0, 1): targets are `(1 − ε)·q + ε/k`. */
  readonly labelSmoothing: number;
}

export interface LossEvaluation {
  /** [n×k] */
  readonly logits: Tensor;
  readonly targets: TrainingTargets;
  /** `[n]`, written: each row's weighted loss. */
  readonly losses: Tensor;
  /** [n×k], written: `scale / denominator[0]` times the gradient of their sum. */
  readonly gradient: Tensor | undefined;
  readonly scale: number;
  readonly denominator: Tensor | undefined;
}

/** As {@link LossEvaluation}, for logits X·W + b that nobody needs otherwise. */
export interface LinearEvaluation extends Omit<LossEvaluation, "logits"> {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly bias: Tensor | undefined;
}

export interface LossAlongLine {
  readonly logits: Tensor;
  /** The change of the logits for a step of 1. */
  readonly direction: Tensor;
  readonly targets: TrainingTargets;
  /** The solver's scalars: which steps are wanted. */
  readonly state: Tensor;
  /** [p×4T], written: rows that add up to Σ loss, its first and second derivative with respect to the step, and faults, for each step. */
  readonly out: Tensor;
}

export interface LossAfterStep {
  /** [n×k], moved by the step that the state tells. */
  readonly logits: Tensor;
  readonly direction: Tensor;
  readonly targets: TrainingTargets;
  readonly state: Tensor;
  /** [n×k], written: `scale` times the gradient of the summed losses. */
  readonly gradient: Tensor;
  readonly scale: number;
  /** [p×4], written: rows that add up to Σ loss, 0, 0, faults. */
  readonly out: Tensor;
}

export interface Loss {
  readonly name: string;
  /** The slope along a line alone tells how good a step is; else solvers look at the value too. */
  readonly smoothConvex: boolean;
  /** How it bends: as softmax's log-sum-exp does, or alike everywhere; undefined where neither. */
  readonly curvature?: "softmax" | number;
  evaluate(engine: TensorEngine, evaluation: LossEvaluation): void;
  /** Undefined where the logits must be there first. */
  evaluateLinear?(engine: TensorEngine, evaluation: LinearEvaluation): void;
  alongLine(engine: TensorEngine, line: LossAlongLine): void;
  afterStep(engine: TensorEngine, step: LossAfterStep): void;
}
