/**
 * `J(W, b) = Σᵢ rᵢ ℓ(xᵢW + b, yᵢ) / Σᵢ rᵢ + (l2/2)·‖W‖²` over all rows, as full-batch solvers see it.
 *
 * Its parameters are θ = [W; c] with c = b + μᵀW, μ the weighted column means: the intercept of centred features. A step of
 * c then does not disturb what W explains, which saves L-BFGS two thirds of its passes; X, W and the penalty stay what they are
 * (to L-BFGS it is the initial Hessian P = L·Lᵀ, θ = L·φ). The logits Z are kept, and D's logits while a line is searched.
 */

import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import type { LineObjective, LinePoint } from "../solvers/objective.js";
import type { Workspace } from "../solvers/workspace.js";
import type { LinearProblem } from "./linear-problem.js";

/** ‖W‖², ⟨W, D⟩ and ‖D‖² over the penalised rows. */
interface Norms {
  readonly weights: number;
  readonly mixed: number;
  readonly direction: number;
}

export class LinearObjective implements LineObjective {
  readonly parameters: Tensor;
  readonly summaries: { readonly losses: Tensor; readonly gradient: Tensor; readonly weights: Tensor };
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
  /** `[n]` */
  readonly #losses: Tensor;
  /** [1×k]: the intercept of uncentred features. */
  readonly #shift: Tensor;
  /** `[k]`: the gradient of the intercept. */
  readonly #dIntercept: Tensor;
  /** `[4]`, `[1]`, `[4]`: a trial step's sums, ⟨W, D⟩, the summary of D's penalised rows. */
  readonly #line: Tensor;
  readonly #alignment: Tensor;
  readonly #directionSummary: Tensor;
  #direction: Tensor | undefined;
  /** Read with the first trial step of each line. */
  #norms: Norms | undefined;
  /** θ and Z are both still zero, so Z needs no pass. */
  #untouched: boolean;

  /** Takes all memory that a fit needs. With an intercept it costs one pass, for the column means. */
  static async create(workspace: Workspace, problem: LinearProblem): Promise<LinearObjective> {
    const means = problem.fitIntercept ? await columnMeans(workspace, problem) : undefined;
    return new LinearObjective(workspace, problem, means);
  }

  private constructor(workspace: Workspace, problem: LinearProblem, means: Float32Array | undefined) {
    const { engine } = workspace;
    const { x, classes, start } = problem;
    const [n, d] = [x.rows, x.columns];
    this.#engine = engine;
    this.#problem = problem;
    this.#means = means;
    this.#meansTensor = means && workspace.tensor({ data: means, shape: [1, d] });
    this.passes = means ? 1 : 0;
    this.parameters = workspace.zeros([d + (means ? 1 : 0), classes]);
    this.summaries = { losses: workspace.empty([4]), gradient: workspace.empty([4]), weights: workspace.empty([4]) };
    this.#logits = workspace.zeros([n, classes]);
    this.#aimed = workspace.empty([n, classes]);
    this.#dLogits = workspace.empty([n, classes]);
    this.#losses = workspace.empty([n]);
    this.#shift = workspace.empty([1, classes]);
    this.#dIntercept = workspace.empty([classes]);
    this.#line = workspace.empty([4]);
    this.#alignment = workspace.empty([1]);
    this.#directionSummary = workspace.empty([4]);
    this.#untouched = start === undefined;
    if (start) engine.write(this.parameters, moveIntercept(start, means, classes, 1));
  }

  /** W, then b, as a user knows them: one read. */
  async weights(): Promise<Float32Array> {
    const [theta] = await this.#engine.read(this.parameters);
    return moveIntercept(theta as Float32Array, this.#means, this.#problem.classes, -1);
  }

  #penalised(t: Tensor): Tensor {
    return t.slice(0, this.#problem.x.columns);
  }

  /** X · t_W + (t_c − μᵀ t_W), one pass. */
  #logitsOf(t: Tensor, out: Tensor): void {
    const engine = this.#engine;
    const { x } = this.#problem;
    const w = this.#penalised(t);
    this.passes++;
    if (!this.#meansTensor) {
      engine.matmul(x, w, { out });
      return;
    }
    engine.matmul(this.#meansTensor, w, { alpha: -1, bias: t.row(x.columns), out: this.#shift });
    engine.matmul(x, w, { bias: this.#shift, out });
  }

  refresh(): void {
    if (this.#untouched) return;
    this.#logitsOf(this.parameters, this.#logits);
  }

  evaluate(gradient: Tensor): void {
    const engine = this.#engine;
    const { x, targets, totalWeight, loss, l2 } = this.#problem;
    const weights = this.#penalised(this.parameters);
    const { summaries } = this;
    loss.evaluate(engine, {
      logits: this.#logits,
      targets,
      losses: this.#losses,
      gradient: this.#dLogits,
      scale: 1 / totalWeight,
      denominator: undefined,
    });
    engine.summarize(this.#losses, { out: summaries.losses });
    engine.matmul(x, this.#dLogits, { transposeA: true, ones: this.#means !== undefined, out: gradient });
    this.passes++;
    if (l2 > 0) engine.addScaled(this.#penalised(gradient), l2, weights);
    engine.summarize(weights, { out: summaries.weights });
    // The user's gradient is summed up before it is turned into that of centred features.
    engine.summarize(gradient, { out: summaries.gradient });
    if (this.#meansTensor) {
      // A copy: an op may not read memory that it writes.
      engine.addScaled(this.#dIntercept, 1, gradient.row(x.columns), { keep: 0 });
      engine.addOuter(this.#penalised(gradient), -1, this.#meansTensor.row(0), this.#dIntercept);
    }
  }

  lossOf(losses: ArrayLike<number>, weights: ArrayLike<number>): number {
    return losses[0] / this.#problem.totalWeight + (this.#problem.l2 / 2) * weights[1];
  }

  aim(direction: Tensor): void {
    const engine = this.#engine;
    this.#direction = direction;
    this.#norms = undefined;
    this.#logitsOf(direction, this.#aimed);
    const d = this.#penalised(direction);
    engine.dots(this.#penalised(this.parameters), d, { out: this.#alignment });
    engine.summarize(d, { out: this.#directionSummary });
  }

  async lineAt(step: number): Promise<LinePoint> {
    const { targets, totalWeight, loss, l2 } = this.#problem;
    loss.alongLine(this.#engine, {
      logits: this.#logits,
      direction: this.#aimed,
      targets,
      step,
      out: this.#line,
    });
    const [line, ...rest] = this.#norms
      ? await this.#engine.read(this.#line)
      : await this.#engine.read(this.#line, this.#alignment, this.#directionSummary, this.summaries.weights);
    this.#norms ??= { mixed: rest[0][0], direction: rest[1][1], weights: rest[2][1] };
    const { weights, mixed, direction } = this.#norms;
    return {
      loss: line[0] / totalWeight + (l2 / 2) * (weights + 2 * step * mixed + step * step * direction),
      slope: line[1] / totalWeight + l2 * (mixed + step * direction),
      curvature: line[2] / totalWeight + l2 * direction,
    };
  }

  advance(step: number): void {
    this.#untouched = false;
    this.#engine.addScaled(this.parameters, step, this.#direction as Tensor);
    this.#engine.addScaled(this.#logits, step, this.#aimed);
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
function moveIntercept(
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
