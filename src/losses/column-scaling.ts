/**
 * Training as if columns were `(x − μ)/σ` while X stays what it is: parameters are θ = [V; c] of the scaled columns, and
 * `x·W + b = ((x − μ)/σ)·V + c` for `W = V/σ`, `b = c − μᵀW`. So products are with W and b, and from the gradient
 * `[G; g] = [Xᵀ·dZ; 1ᵀ·dZ]` of those comes that of V: `(G − μ·g)/σ`, of c: g. Penalties, steps and tolerances are those of V.
 */
import type { SparseTensor } from "../engine/sparse-tensor.js";
import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { scaleRows } from "../ops/scale-rows.js";
import type { Workspace } from "../solvers/workspace.js";
import type { TrainingTargets } from "./loss.js";
import { momentsOf } from "./moments.js";

/** `true`: by mean and standard deviation; `"center"`: by the mean alone. */
export type Standardization = true | "center";

/** What is to be scaled, and for which model. */
export interface ScaledRows {
  /** [n×d] */
  readonly x: Tensor | SparseTensor;
  readonly targets: Pick<TrainingTargets, "rowWeight">;
  /** `[n]` on the host, as the targets have it on the device; undefined: every row counts 1. */
  readonly rowWeight: Float32Array | undefined;
  readonly classes: number;
  readonly fitIntercept: boolean;
}

/** Spacing of float32 at 1: a column that varies by no more of its mean is constant but for rounding. */
const SPACING = 2 ** -23;

export class ColumnScaling {
  /** μ and σ [d], as float32 has them. */
  readonly means: Float32Array;
  readonly deviations: Float32Array;
  /** [W; b] as it was set last, [(d+1)×k]: b is there without an intercept too, where it is −μᵀW. */
  readonly weights: Tensor;
  /** [(d+1)×k]: where [Xᵀ·dZ; 1ᵀ·dZ] is to be left. */
  readonly raw: Tensor;
  readonly #engine: TensorEngine;
  readonly #fitIntercept: boolean;
  /** [1×d]: 1/σ and μ/σ. */
  readonly #inverses: Tensor;
  readonly #shares: Tensor;
  /** [1×p]: 1/σ and μ, and for the intercept 1 and 0. */
  readonly #scales: Tensor;
  readonly #shifts: Tensor;

  /** Means and variances of the columns, weighted as the rows are: one pass over X, and one read. */
  static async create(
    workspace: Workspace,
    { x, targets, rowWeight, classes, fitIntercept }: ScaledRows,
    how: Standardization,
  ): Promise<ColumnScaling> {
    const moments = await momentsOf(workspace, x, { onHost: rowWeight, onDevice: targets.rowWeight });
    return new ColumnScaling(workspace, moments, how, { classes, fitIntercept });
  }

  /** @param moments m, Σ r·(x − m)², Σr of each column [3×d] */
  constructor(
    workspace: Workspace,
    moments: Float32Array | Float64Array,
    how: Standardization,
    { classes, fitIntercept }: Pick<ScaledRows, "classes" | "fitIntercept">,
  ) {
    const d = moments.length / 3;
    this.#engine = workspace.engine;
    this.#fitIntercept = fitIntercept;
    // A column whose sum is beyond float32 stays as it is: if it can be learnt from at all, then so.
    this.means = Float32Array.from(moments.subarray(0, d)).map((mean) => (Number.isFinite(mean) ? mean : 0));
    const spreads = this.means.map((mean, l) => deviationOf(mean, moments[d + l] / moments[2 * d + l]));
    // Nor can a column be divided by what is beyond float32.
    this.deviations = spreads.map((spread) =>
      how === "center" || spread === 0 || !Number.isFinite(spread) ? 1 : spread,
    );
    const inverses = this.deviations.map((deviation) => 1 / deviation);
    const rows = d + Number(fitIntercept);
    const padded = (values: Float32Array, last: number): Float32Array =>
      Float32Array.from({ length: rows }, (_, l) => (l < d ? values[l] : last));
    const vector = (values: Float32Array): Tensor => workspace.tensor({ data: values, shape: [1, values.length] });
    this.#inverses = vector(inverses);
    this.#shares = vector(this.means.map((mean, l) => mean * inverses[l]));
    // Less its mean a constant column is 0, and so is its gradient, to the bit.
    this.#scales = vector(
      padded(
        inverses.map((inverse, l) => (spreads[l] === 0 ? 0 : inverse)),
        1,
      ),
    );
    this.#shifts = vector(padded(this.means, 0));
    this.weights = workspace.zeros([d + 1, classes]);
    this.raw = workspace.empty([d + 1, classes]);
  }

  /** Sets `weights` to the W and b of θ [p×k]: `W = V/σ`, `b = c − (μ/σ)ᵀV`. */
  take(theta: Tensor): void {
    const d = this.means.length;
    const v = theta.slice(0, d);
    const engine = this.#engine;
    engine.run(scaleRows, { x: v, scale: this.#inverses, shift: undefined, out: this.weights.slice(0, d) });
    const bias = this.#fitIntercept ? { bias: theta.row(d) } : {};
    engine.matmul(this.#shares, v, { alpha: -1, ...bias, out: this.weights.row(d) });
  }

  /** The gradient with respect to θ [p×k], of `raw`. */
  gradient(out: Tensor): void {
    this.#engine.run(scaleRows, { x: this.raw, scale: this.#scales, shift: this.#shifts, out });
  }

  /** W and b [(d+1)·k], from θ on the host. */
  toWeights(theta: Float32Array): Float32Array {
    const { means, deviations } = this;
    const d = means.length;
    const classes = this.weights.columns;
    const full = new Float32Array((d + 1) * classes);
    full.set(theta);
    for (let j = 0; j < classes; j++) {
      let sum = 0;
      for (let l = 0; l < d; l++) {
        const weight = Math.fround(theta[l * classes + j] / deviations[l]);
        full[l * classes + j] = weight;
        sum += means[l] * weight;
      }
      full[d * classes + j] = (this.#fitIntercept ? theta[d * classes + j] : 0) - sum;
    }
    return full;
  }

  /** θ, from W and b [p·k] on the host. */
  fromWeights(weights: Float32Array): Float32Array {
    const { means, deviations } = this;
    const d = means.length;
    const classes = this.weights.columns;
    const theta = weights.slice();
    for (let j = 0; j < classes; j++) {
      let sum = 0;
      for (let l = 0; l < d; l++) {
        const weight = weights[l * classes + j];
        theta[l * classes + j] = weight * deviations[l];
        sum += means[l] * weight;
      }
      if (this.#fitIntercept) theta[d * classes + j] = weights[d * classes + j] + sum;
    }
    return theta;
  }
}

/** √variance; 0 for a column that is constant, be it but for rounding, or that varies by less than float32 can divide by. */
function deviationOf(mean: number, variance: number): number {
  const deviation = Math.fround(Math.sqrt(variance));
  return deviation > SPACING * Math.abs(mean) && Number.isFinite(Math.fround(1 / deviation)) ? deviation : 0;
}
