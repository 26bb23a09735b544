/**
 * `J(W, b)` over rows whose features do not fit on the device: as {@link LinearObjective}, but each product with X goes over the
 * batches, which are brought in anew. Labels, weights and the logits [n×k] stay on the device.
 */
import type { SparseTensor } from "../engine/sparse-tensor.js";
import type { Tensor } from "../engine/tensor.js";
import { finishGradient } from "../ops/finish-gradient.js";
import type { Evaluation, ResumableObjective } from "../solvers/objective.js";
import type { Workspace } from "../solvers/workspace.js";
import { moveIntercept, ROWS_PER_SLICE } from "./linear-objective.js";
import type { LinearProblem } from "./linear-problem.js";

/** Rows `first …` of X, on the device until the next ones are asked for. */
export interface StreamedRows {
  readonly x: Tensor | SparseTensor;
  readonly first: number;
}

/** A linear model whose X is read in passes. */
export interface StreamedProblem extends Omit<LinearProblem, "x"> {
  /** n */
  readonly rows: number;
  /** d */
  readonly columns: number;
  /** All rows of X, in the same order each time. */
  readonly pass: () => AsyncIterable<StreamedRows>;
}

export class StreamedObjective implements ResumableObjective {
  readonly parameters: Tensor;
  readonly scale: number;
  readonly l2: number;
  readonly penalisedRows: number;
  readonly byValue: boolean;
  readonly slices: number;
  passes: number;
  readonly #workspace: Workspace;
  readonly #problem: StreamedProblem;
  /** μ on the host and on the device; undefined without an intercept. */
  readonly #means: Float32Array | undefined;
  readonly #meansTensor: Tensor | undefined;
  /** [n×k] each: Z, the direction's logits, dZ. */
  readonly #logits: Tensor;
  readonly #aimed: Tensor;
  readonly #dLogits: Tensor;
  /** [1×k]: the intercept of uncentred features. */
  readonly #shift: Tensor;
  /** [p×k] each: Xᵀ·dZ, and a batch's part of it. */
  readonly #raw: Tensor;
  readonly #part: Tensor;
  #untouched: boolean;

  /** With an intercept it costs one pass, for the column means. */
  static async create(workspace: Workspace, problem: StreamedProblem): Promise<StreamedObjective> {
    const means = problem.fitIntercept ? await columnMeans(workspace, problem) : undefined;
    return new StreamedObjective(workspace, problem, means);
  }

  private constructor(workspace: Workspace, problem: StreamedProblem, means: Float32Array | undefined) {
    const { rows: n, columns: d, classes, start } = problem;
    const rows = d + (means ? 1 : 0);
    this.#workspace = workspace;
    this.#problem = problem;
    this.#means = means;
    this.#meansTensor = means && workspace.tensor({ data: means, shape: [1, d] });
    this.scale = 1 / problem.totalWeight;
    this.l2 = problem.l2;
    this.penalisedRows = d;
    this.byValue = !problem.loss.smoothConvex;
    this.slices = Math.min(workspace.engine.slices, Math.ceil(n / ROWS_PER_SLICE));
    this.passes = means ? 1 : 0;
    this.parameters = workspace.zeros([rows, classes]);
    this.#logits = workspace.zeros([n, classes]);
    this.#aimed = workspace.empty([n, classes]);
    this.#dLogits = workspace.empty([n, classes]);
    this.#shift = workspace.empty([1, classes]);
    this.#raw = workspace.empty([rows, classes]);
    this.#part = workspace.empty([rows, classes]);
    this.#untouched = start === undefined;
    if (start) workspace.engine.write(this.parameters, moveIntercept(start, means, classes, 1));
  }

  /** W, then b, as a user knows them: one read. */
  async weights(): Promise<Float32Array> {
    const [theta] = await this.#workspace.engine.read(this.parameters);
    return this.weightsOf(theta as Float32Array);
  }

  /** W, then b, from θ. */
  weightsOf(theta: Float32Array): Float32Array {
    return moveIntercept(theta, this.#means, this.#problem.classes, -1);
  }

  restore(theta: Float32Array, passes: number): void {
    this.#workspace.engine.write(this.parameters, theta);
    this.passes = passes;
    this.#untouched = false;
  }

  /** X · t_W + (t_c − μᵀ t_W), one pass. */
  async #logitsOf(t: Tensor, out: Tensor): Promise<void> {
    const { engine } = this.#workspace;
    const { columns, pass } = this.#problem;
    const w = t.slice(0, columns);
    this.passes++;
    if (this.#meansTensor) engine.matmul(this.#meansTensor, w, { alpha: -1, bias: t.row(columns), out: this.#shift });
    const bias = this.#meansTensor && { bias: this.#shift.row(0) };
    for await (const { x, first } of pass()) engine.matmul(x, w, { ...bias, out: out.slice(first, x.rows) });
  }

  async refresh(): Promise<void> {
    if (!this.#untouched) await this.#logitsOf(this.parameters, this.#logits);
    this.#untouched = false;
  }

  aim(direction: Tensor): Promise<void> {
    return this.#logitsOf(direction, this.#aimed);
  }

  tryStep(state: Tensor, out: Tensor): void {
    const { targets, loss } = this.#problem;
    loss.alongLine(this.#workspace.engine, { logits: this.#logits, direction: this.#aimed, targets, state, out });
  }

  async evaluate({ state, direction, stack, pairs, losses, gradient }: Evaluation): Promise<void> {
    const { engine } = this.#workspace;
    const { targets, loss, l2, pass } = this.#problem;
    const [raw, part, means] = [this.#raw, this.#part, this.#meansTensor];
    loss.afterStep(engine, {
      ...{ logits: this.#logits, direction: this.#aimed, targets, state },
      ...{ gradient: this.#dLogits, scale: this.scale, out: losses },
    });
    this.passes++;
    for await (const { x, first } of pass()) {
      const rows = this.#dLogits.slice(first, x.rows);
      engine.matmul(x, rows, { transposeA: true, ones: means !== undefined, out: first === 0 ? raw : part });
      if (first > 0) engine.addScaled(raw, 1, part);
    }
    const theta = this.parameters;
    engine.run(finishGradient, { raw, theta, direction, means, state, l2, pairs, stack, out: gradient });
  }
}

/** μ = Xᵀr / Σr. One pass. */
async function columnMeans(workspace: Workspace, problem: StreamedProblem): Promise<Float32Array> {
  const { engine } = workspace;
  const { columns, rowWeight, totalWeight, pass } = problem;
  const sums = workspace.zeros([columns, 1]);
  const part = workspace.empty([columns, 1]);
  for await (const { x, first } of pass()) {
    const data = rowWeight?.slice(first, first + x.rows) ?? new Float32Array(x.rows).fill(1);
    const column = workspace.tensor({ data, shape: [x.rows, 1] });
    engine.matmul(x, column, { transposeA: true, alpha: 1 / totalWeight, out: part });
    engine.addScaled(sums, 1, part);
    workspace.free(column);
  }
  const [means] = await engine.read(sums);
  workspace.free(sums, part);
  // A column whose sum is beyond float32 stays as it is: if it can be learnt from at all, then so.
  return (means as Float32Array).map((mean) => (Number.isFinite(mean) ? mean : 0));
}
