/** Linear models to be trained together: the same rows and targets, each with row weights and a penalty of its own. */
import type { SparseTensor } from "../engine/sparse-tensor.js";
import type { Tensor } from "../engine/tensor.js";
import type { Standardization } from "./column-scaling.js";
import type { Loss, TrainingTargets } from "./loss.js";

/** How much each row counts, for the members that share it. */
export interface RowWeighting {
  /** `[n]`, or undefined: every row counts 1. */
  readonly weights: Float32Array | undefined;
  /** Σᵢ rᵢ */
  readonly total: number;
}

export interface JoinedMember {
  readonly weighting: RowWeighting;
  /** Factor of ‖W‖²/2. */
  readonly l2: number;
}

export interface JoinedProblem {
  /** [n×d] */
  readonly x: Tensor | SparseTensor;
  /** Without row weights. */
  readonly targets: Omit<TrainingTargets, "rowWeight">;
  readonly classes: number;
  readonly loss: Loss;
  /** Factor of every member's ‖W‖₁. */
  readonly l1: number;
  readonly fitIntercept: boolean;
  /** Train as if the columns were scaled, by each weighting's own moments; undefined: columns as they are. */
  readonly standardize: Standardization | undefined;
  readonly members: readonly JoinedMember[];
}
