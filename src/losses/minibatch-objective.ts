/**
 * `J(W, b)` of one minibatch at a time: gathers its rows on the device, computes the gradient and leaves the batch's loss in a
 * ring of sums. All memory is taken at the start; a step creates nothing and reads nothing back.
 */

import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { gatherRows } from "../ops/gather-rows.js";
import { gatherValues } from "../ops/gather-values.js";
import type { Workspace } from "../solvers/workspace.js";
import type { LinearProblem } from "./linear-problem.js";

/** Batches whose losses the ring remembers. */
export const RING = 256;

/** Memory for the rows of one batch and what is computed of them. */
interface BatchMemory {
  readonly x: Tensor;
  readonly labels: Tensor | undefined;
  readonly soft: Tensor | undefined;
  readonly rowWeight: Tensor | undefined;
  readonly logits: Tensor;
  readonly dLogits: Tensor;
  readonly losses: Tensor;
}

function batchMemory(workspace: Workspace, { x, targets, classes }: LinearProblem, rows: number): BatchMemory {
  return {
    x: workspace.empty([rows, x.columns], x.type, x.scale, x.offset),
    labels: targets.labels && workspace.empty([rows], "i32"),
    soft: targets.soft && workspace.empty([rows, classes]),
    rowWeight: targets.rowWeight && workspace.empty([rows]),
    logits: workspace.empty([rows, classes]),
    dLogits: workspace.empty([rows, classes]),
    losses: workspace.empty([rows]),
  };
}

export class MinibatchObjective {
  /** [W; b], or W alone without an intercept. */
  readonly parameters: Tensor;
  readonly gradient: Tensor;
  /** [RING×4]: the summary of the rows' losses of batch t at row t mod RING. */
  readonly lossRing: Tensor;
  /** [RING×4], with row weights only: the summary of the batch's weights, whose sum divides its loss and gradient. */
  readonly weightRing: Tensor | undefined;
  readonly batchSize: number;
  /** Rows of θ that l2 applies to. */
  readonly penalisedRows: number;
  readonly #engine: TensorEngine;
  readonly #problem: LinearProblem;
  readonly #order: Tensor;
  readonly #whole: BatchMemory;
  /** For the last batch of an epoch, when it is shorter than the others. */
  readonly #short: BatchMemory;

  constructor(workspace: Workspace, problem: LinearProblem, batchSize: number) {
    const { engine } = workspace;
    const { x, targets, classes, fitIntercept, start } = problem;
    this.#engine = engine;
    this.#problem = problem;
    this.batchSize = Math.min(batchSize, x.rows);
    this.penalisedRows = x.columns;
    const rows = x.columns + (fitIntercept ? 1 : 0);
    this.parameters = workspace.zeros([rows, classes]);
    if (start) engine.write(this.parameters, start);
    this.gradient = workspace.empty([rows, classes]);
    this.lossRing = workspace.zeros([RING, 4]);
    this.weightRing = targets.rowWeight && workspace.zeros([RING, 4]);
    this.#order = workspace.empty([x.rows], "i32");
    this.#whole = batchMemory(workspace, problem, this.batchSize);
    const rest = x.rows % this.batchSize;
    this.#short = rest === 0 ? this.#whole : batchMemory(workspace, problem, rest);
  }

  get batches(): number {
    return Math.ceil(this.#problem.x.rows / this.batchSize);
  }

  /** The order in which the next epoch takes the rows. */
  setOrder(order: Int32Array): void {
    this.#engine.write(this.#order, order);
  }

  /** Rows in batch `batch` of an epoch: the last one may be short. */
  rowsOf(batch: number): number {
    return Math.min(this.batchSize, this.#problem.x.rows - batch * this.batchSize);
  }

  /** Records loss and gradient of batch `batch` of the epoch, the penalty left out; the loss goes to slot `step` mod RING. */
  evaluate(batch: number, step: number): void {
    const engine = this.#engine;
    const { x, targets, loss, fitIntercept } = this.#problem;
    const count = this.rowsOf(batch);
    const memory = count === this.batchSize ? this.#whole : this.#short;
    const { logits, dLogits, losses, rowWeight } = memory;
    const denominator = this.weightRing?.row(step % RING);
    const at = { indices: this.#order, first: batch * this.batchSize };
    engine.run(gatherRows, { source: x, ...at, out: memory.x });
    if (targets.labels && memory.labels)
      engine.run(gatherValues, { source: targets.labels, ...at, out: memory.labels });
    if (targets.soft && memory.soft) engine.run(gatherRows, { source: targets.soft, ...at, out: memory.soft });
    if (targets.rowWeight && rowWeight) engine.run(gatherValues, { source: targets.rowWeight, ...at, out: rowWeight });
    if (rowWeight && denominator) engine.summarize(rowWeight, { out: denominator });
    const bias = fitIntercept ? { bias: this.parameters.row(x.columns) } : {};
    engine.matmul(memory.x, this.parameters.slice(0, x.columns), { ...bias, out: logits });
    const scale = denominator ? 1 : 1 / count;
    loss.evaluate(engine, { logits, targets: memory, losses, gradient: dLogits, scale, denominator });
    engine.summarize(losses, { out: this.lossRing.row(step % RING) });
    engine.matmul(memory.x, dLogits, { transposeA: true, ones: fitIntercept, out: this.gradient });
  }
}
