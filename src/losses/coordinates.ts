/**
 * In what terms a full-batch solver moves a linear model: how θ [p×k] stands to the W and b that X is multiplied by, and its
 * gradient to `[Xᵀ·dZ; 1ᵀ·dZ]`.
 *
 * Centred, θ = [W; c] with c = b + μᵀW, μ the weighted column means: the intercept of centred features. A step of c then does not
 * disturb what W explains, which saves L-BFGS two thirds of its passes; X, W and the penalty stay what they are (to L-BFGS it is the
 * initial Hessian P = L·Lᵀ, θ = L·φ). Scaled, θ = [V; c] is that of scaled columns, which are centred already. Else θ = W.
 */
import type { Tensor } from "../engine/tensor.js";
import type { Workspace } from "../solvers/workspace.js";
import type { ColumnScaling } from "./column-scaling.js";

export interface Coordinates {
  /** p: d, and one more with an intercept. */
  readonly rows: number;
  /** Where Xᵀ·dZ is to be left; with `ones`, 1ᵀ·dZ as its last row. */
  readonly raw: Tensor;
  readonly ones: boolean;
  /** [1×d]: multiples of the intercept's gradient that are taken off the others'; undefined without an intercept. */
  readonly means: Tensor | undefined;
  /** `dJ` with respect to [W; b], or [V; c], the penalty left out [p×k]: made of `raw`. */
  gradient(): Tensor;
  /** What X is to be multiplied by and what to be added, for t in the place of θ; until the next call. */
  lay(t: Tensor): { readonly w: Tensor; readonly shift: Tensor | undefined };
  /** `x̃ = (x − shift)/unit` of each column [d]: rows that θ is the weights and the intercept of. Undefined: 0, and 1. */
  readonly standing: { readonly shift: Float32Array | undefined; readonly unit: Float32Array | undefined };
  /** W, then b where it is learnt or follows from W, of θ. */
  toWeights(theta: Float32Array): Float32Array;
  /** θ, of W and b [p·k]. */
  fromWeights(weights: Float32Array): Float32Array;
}

/** θ = [W; c], or θ = W without an intercept. */
export class CentredColumns implements Coordinates {
  readonly rows: number;
  readonly raw: Tensor;
  readonly ones: boolean;
  readonly means: Tensor | undefined;
  readonly #workspace: Workspace;
  readonly #columns: number;
  /** μ on the host. */
  readonly #means: Float32Array | undefined;
  /** [1×k]: the intercept of uncentred features. */
  readonly #shift: Tensor;

  /** @param means μ [d]; undefined without an intercept */
  constructor(workspace: Workspace, means: Float32Array | undefined, columns: number, classes: number) {
    this.#workspace = workspace;
    this.#columns = columns;
    this.#means = means;
    this.rows = columns + (means ? 1 : 0);
    this.ones = means !== undefined;
    this.means = means && workspace.tensor({ data: means, shape: [1, columns] });
    this.raw = workspace.empty([this.rows, classes]);
    this.#shift = workspace.empty([1, classes]);
  }

  gradient(): Tensor {
    return this.raw;
  }

  get standing(): Coordinates["standing"] {
    return { shift: this.#means, unit: undefined };
  }

  /** t_W, and t_c − μᵀ t_W. */
  lay(t: Tensor): { readonly w: Tensor; readonly shift: Tensor | undefined } {
    const w = t.slice(0, this.#columns);
    if (!this.means) return { w, shift: undefined };
    const shift = this.#shift;
    this.#workspace.engine.matmul(this.means, w, { alpha: -1, bias: t.row(this.#columns), out: shift });
    return { w, shift };
  }

  toWeights(theta: Float32Array): Float32Array {
    return this.#moved(theta, -1);
  }

  fromWeights(weights: Float32Array): Float32Array {
    return this.#moved(weights, 1);
  }

  /** Between the intercepts of centred features and of features as they are: adds `sign · μᵀW` to the last row. */
  #moved(theta: Float32Array, sign: 1 | -1): Float32Array {
    const moved = theta.slice();
    const means = this.#means;
    if (!means) return moved;
    const classes = this.raw.columns;
    const last = means.length * classes;
    // Row by row, as θ lies: column by column, each value of a large one would be waited for.
    const sums = new Float64Array(classes);
    for (let l = 0, e = 0; l < means.length; l++) {
      for (let j = 0; j < classes; j++, e++) sums[j] += means[l] * theta[e];
    }
    for (let j = 0; j < classes; j++) moved[last + j] = theta[last + j] + sign * sums[j];
    return moved;
  }
}

/** θ = [V; c], or θ = V without an intercept: scaled columns have their means taken off, so none are left to take off. */
export class ScaledColumns implements Coordinates {
  readonly rows: number;
  readonly raw: Tensor;
  readonly ones: boolean = true;
  readonly means: Tensor | undefined;
  readonly #scaling: ColumnScaling;
  readonly #gradient: Tensor;

  constructor(workspace: Workspace, scaling: ColumnScaling, fitIntercept: boolean) {
    const { raw } = scaling;
    const columns = raw.rows - 1;
    this.#scaling = scaling;
    this.raw = raw;
    this.rows = columns + Number(fitIntercept);
    this.means = fitIntercept ? workspace.zeros([1, columns]) : undefined;
    this.#gradient = workspace.empty([this.rows, raw.columns]);
  }

  gradient(): Tensor {
    this.#scaling.gradient(this.#gradient);
    return this.#gradient;
  }

  get standing(): Coordinates["standing"] {
    return { shift: this.#scaling.means, unit: this.#scaling.deviations };
  }

  lay(t: Tensor): { readonly w: Tensor; readonly shift: Tensor } {
    const { weights } = this.#scaling;
    this.#scaling.take(t);
    const columns = weights.rows - 1;
    return { w: weights.slice(0, columns), shift: weights.row(columns) };
  }

  toWeights(theta: Float32Array): Float32Array {
    return this.#scaling.toWeights(theta);
  }

  fromWeights(weights: Float32Array): Float32Array {
    return this.#scaling.fromWeights(weights);
  }
}
