/** A linear model to be trained: data and targets on the device, loss and penalty. */
import type { SparseTensor } from "../engine/sparse-tensor.js";
import type { Tensor } from "../engine/tensor.js";
import type { ColumnScaling } from "./column-scaling.js";
import type { Loss, TrainingTargets } from "./loss.js";

export interface LinearProblem {
  /** [n×d] */
  readonly x: Tensor | SparseTensor;
  readonly targets: TrainingTargets;
  /** `[n]` on the host, as `targets.rowWeight` is on the device. */
  readonly rowWeight: Float32Array | undefined;
  /** Σᵢ rᵢ, n without weights. */
  readonly totalWeight: number;
  readonly classes: number;
  readonly loss: Loss;
  /** Factor of ‖W‖₁, which the intercept is no part of. */
  readonly l1: number;
  /** Factor of ‖W‖²/2; the intercept is never penalised. */
  readonly l2: number;
  readonly fitIntercept: boolean;
  /** W then b, row by row: (d+1)·k values, d·k without an intercept. Zeros unless given. */
  readonly start: Float32Array | undefined;
  /** Whether directions are to be preconditioned by a Gram matrix: where it shows that it pays, or in any case. For dense rows without l1. */
  readonly gram?: "auto" | "always" | undefined;
  /** Train as if the columns were scaled; `l2` applies to the weights of those. Undefined: columns as they are. */
  readonly scaling?: ColumnScaling | undefined;
}
