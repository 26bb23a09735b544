/**
 * `J(W, b) = Σᵢ rᵢ ℓ(xᵢW + b, yᵢ) / Σᵢ rᵢ + l1·‖W‖₁ + (l2/2)·‖W‖²` over all rows, as full-batch solvers see it.
 *
 * Its parameters are θ = [W; c] with c = b + μᵀW, μ the weighted column means: the intercept of centred features. A step of
 * c then does not disturb what W explains, which saves L-BFGS two thirds of its passes; X, W and the penalty stay what they are
 * (to L-BFGS it is the initial Hessian P = L·Lᵀ, θ = L·φ). The logits Z are kept, and D's logits while a line is searched.
 * Where columns are scaled, θ = [V; c] is that of the scaled columns, which are centred already.
 */

import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { finishGradient } from "../ops/finish-gradient.js";
import type { Evaluation, ResumableObjective } from "../solvers/objective.js";
import type { Workspace } from "../solvers/workspace.js";
import type { LinearProblem } from "./linear-problem.js";

/** A part of a sum is no fewer rows than this. */
export const ROWS_PER_SLICE = 64;

export class LinearObjective implements ResumableObjective {
  readonly parameters: Tensor;
  readonly scale: number;
  readonly l1: number;
  readonly l2: number;
  readonly penalisedRows: number;
  readonly byValue: boolean;
  readonly slices: number;
  passes: number;
  readonly #engine: TensorEngine;
  readonly #problem: LinearProblem;
  /** μ on the host and on the device; undefined without an intercept. */
  readonly #means: Float32Array | undefined;
  readonly #meansTensor: Tensor | undefined;
  /** [n×k] each: Z, the direction's logits, dZ. */
  readonly #logits: Tensor;
  readonly #aimed: Tensor;
  readonly #dLogits: Tensor;
  /** [1×k]: the intercept of uncentred features. */
  readonly #shift: Tensor;
  /** [p×k]: Xᵀ·dZ. */
  readonly #raw: Tensor;
  /** θ and Z are both still zero, so Z needs no pass. */
  #untouched: boolean;

  /** Takes all memory that a fit needs. With an intercept it costs one pass, for the column means. */
  static async create(workspace: Workspace, problem: LinearProblem): Promise<LinearObjective> {
    const { scaling, x } = problem;
    // Scaled columns have their means taken off: what is left is 0.
    const meansOf = async (): Promise<Float32Array> =>
      scaling ? new Float32Array(x.columns) : columnMeans(workspace, problem);
    const means = problem.fitIntercept ? await meansOf() : undefined;
    return new LinearObjective(workspace, problem, means);
  }

  private constructor(workspace: Workspace, problem: LinearProblem, means: Float32Array | undefined) {
    const { engine } = workspace;
    const { x, classes, start, scaling } = problem;
    const [n, d] = [x.rows, x.columns];
    const rows = d + (means ? 1 : 0);
    this.#engine = engine;
    this.#problem = problem;
    this.#means = means;
    this.#meansTensor = means && workspace.tensor({ data: means, shape: [1, d] });
    this.scale = 1 / problem.totalWeight;
    this.l1 = problem.l1;
    this.l2 = problem.l2;
    this.penalisedRows = d;
    this.byValue = !problem.loss.smoothConvex;
    this.slices = Math.min(engine.slices, Math.ceil(n / ROWS_PER_SLICE));
    this.passes = means || scaling ? 1 : 0;
    this.parameters = workspace.zeros([rows, classes]);
    this.#logits = workspace.zeros([n, classes]);
    this.#aimed = workspace.empty([n, classes]);
    this.#dLogits = workspace.empty([n, classes]);
    this.#shift = workspace.empty([1, classes]);
    this.#raw = workspace.empty([rows, classes]);
    this.#untouched = start === undefined;
    if (start) engine.write(this.parameters, scaling?.fromWeights(start) ?? moveIntercept(start, means, classes, 1));
  }

  /** W, then b, as a user knows them: one read. */
  async weights(): Promise<Float32Array> {
    const [theta] = await this.#engine.read(this.parameters);
    return this.weightsOf(theta as Float32Array);
  }

  /** W, then b, from θ. */
  weightsOf(theta: Float32Array): Float32Array {
    return this.#problem.scaling?.toWeights(theta) ?? moveIntercept(theta, this.#means, this.#problem.classes, -1);
  }

  /** X · t_W + (t_c − μᵀ t_W), one pass. */
  #logitsOf(t: Tensor, out: Tensor): void {
    const engine = this.#engine;
    const { x, scaling } = this.#problem;
    this.passes++;
    if (scaling) {
      scaling.take(t);
      engine.matmul(x, scaling.weights.slice(0, x.columns), { bias: scaling.weights.row(x.columns), out });
      return;
    }
    const w = t.slice(0, x.columns);
    if (!this.#meansTensor) {
      engine.matmul(x, w, { out });
      return;
    }
    engine.matmul(this.#meansTensor, w, { alpha: -1, bias: t.row(x.columns), out: this.#shift });
    engine.matmul(x, w, { bias: this.#shift, out });
  }

  restore(theta: Float32Array, passes: number): void {
    this.#engine.write(this.parameters, theta);
    this.passes = passes;
    this.#untouched = false;
  }

  refresh(): void {
    if (!this.#untouched) this.#logitsOf(this.parameters, this.#logits);
    this.#untouched = false;
  }

  aim(direction: Tensor): void {
    this.#logitsOf(direction, this.#aimed);
  }

  tryStep(state: Tensor, out: Tensor): void {
    const { targets, loss } = this.#problem;
    loss.alongLine(this.#engine, { logits: this.#logits, direction: this.#aimed, targets, state, out });
  }

  evaluate({ state, direction, stack, pairs, losses, gradient }: Evaluation): void {
    const engine = this.#engine;
    const { x, targets, loss, l1, l2, scaling } = this.#problem;
    const raw = this.#raw;
    loss.afterStep(engine, {
      ...{ logits: this.#logits, direction: this.#aimed, targets, state },
      ...{ gradient: this.#dLogits, scale: this.scale, out: losses },
    });
    const ones = scaling !== undefined || this.#means !== undefined;
    engine.matmul(x, this.#dLogits, { transposeA: true, ones, out: scaling?.raw ?? raw });
    scaling?.gradient(raw);
    this.passes++;
    const means = this.#meansTensor;
    const theta = this.parameters;
    engine.run(finishGradient, { raw, theta, direction, means, state, l1, l2, pairs, stack, out: gradient });
  }
}

/** μ = Xᵀr / Σr. One pass. */
async function columnMeans(workspace: Workspace, { x, rowWeight, totalWeight }: LinearProblem): Promise<Float32Array> {
  const { engine } = workspace;
  const column = workspace.tensor({ data: rowWeight ?? new Float32Array(x.rows).fill(1), shape: [x.rows, 1] });
  const means = workspace.keep(engine.matmul(x, column, { transposeA: true, alpha: 1 / totalWeight }));
  const [data] = await engine.read(means);
  // Not needed any more, while what comes next is large.
  workspace.free(column, means);
  // A column whose sum is beyond float32 stays as it is: if it can be learnt from at all, then so.
  return (data as Float32Array).map((mean) => (Number.isFinite(mean) ? mean : 0));
}

/** The last row of [W; b] with sign · μᵀW added to it; a copy. */
export function moveIntercept(
  theta: Float32Array,
  means: Float32Array | undefined,
  classes: number,
  sign: 1 | -1,
): Float32Array {
  const moved = theta.slice();
  if (!means) return moved;
  const last = means.length * classes;
  for (let j = 0; j < classes; j++) {
    let sum = 0;
    for (let l = 0; l < means.length; l++) sum += means[l] * theta[l * classes + j];
    moved[last + j] = theta[last + j] + sign * sum;
  }
  return moved;
}
