/**
 * `J(W, b)` of one minibatch at a time: gathers its rows on the device, computes the gradient and leaves the batch's loss in a
 * ring of sums. All memory is taken at the start; a step creates nothing and reads nothing back.
 */

import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { gatherRows } from "../ops/gather-rows.js";
import { gatherValues } from "../ops/gather-values.js";
import type { LinearProblem } from "./linear-problem.js";

/** Batches whose losses the ring remembers. */
export const RING = 256;

export class MinibatchObjective {
  /** [W; b], or W alone without an intercept. */
  readonly parameters: Tensor;
  readonly gradient: Tensor;
  /** [RING×4]: the summary of the rows' losses of batch t at row t mod RING. */
  readonly lossRing: Tensor;
  /** [RING×4], with row weights only: the summary of the batch's weights, which divide its loss. */
  readonly weightRing: Tensor | undefined;
  readonly batchSize: number;
  /** Rows of θ that l2 applies to. */
  readonly penalisedRows: number;
  readonly #engine: TensorEngine;
  readonly #problem: LinearProblem;
  readonly #order: Tensor;
  readonly #x: Tensor;
  readonly #labels: Tensor | undefined;
  readonly #soft: Tensor | undefined;
  readonly #weights: Tensor | undefined;
  readonly #logits: Tensor;
  readonly #dLogits: Tensor;
  readonly #losses: Tensor;

  constructor(engine: TensorEngine, problem: LinearProblem, batchSize: number) {
    const { x, targets, classes, fitIntercept, start } = problem;
    this.#engine = engine;
    this.#problem = problem;
    this.batchSize = Math.min(batchSize, x.rows);
    this.penalisedRows = x.columns;
    const rows = x.columns + (fitIntercept ? 1 : 0);
    this.parameters = engine.zeros([rows, classes]);
    if (start) engine.write(this.parameters, start);
    this.gradient = engine.empty([rows, classes]);
    this.lossRing = engine.zeros([RING, 4]);
    this.weightRing = targets.rowWeight && engine.zeros([RING, 4]);
    this.#order = engine.empty([x.rows], "i32");
    this.#x = engine.empty([this.batchSize, x.columns], x.type, x.scale, x.offset);
    this.#labels = targets.labels && engine.empty([this.batchSize], "i32");
    this.#soft = targets.soft && engine.empty([this.batchSize, classes]);
    this.#weights = targets.rowWeight && engine.empty([this.batchSize]);
    this.#logits = engine.empty([this.batchSize, classes]);
    this.#dLogits = engine.empty([this.batchSize, classes]);
    this.#losses = engine.empty([this.batchSize]);
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
    const at = { indices: this.#order, first: batch * this.batchSize };
    const rows = (t: Tensor): Tensor => (count === this.batchSize ? t : t.slice(0, count));
    const taken = <T extends Tensor | undefined>(
      source: T,
      into: T,
      op: typeof gatherRows | typeof gatherValues,
    ): T => {
      if (!source || !into) return undefined as T;
      const out = rows(into) as Tensor & T;
      engine.run(op, { source, ...at, out });
      return out;
    };
    const xs = taken(x, this.#x, gatherRows);
    const rowWeight = taken(targets.rowWeight, this.#weights, gatherValues);
    const batchTargets = {
      labels: taken(targets.labels, this.#labels, gatherValues),
      soft: taken(targets.soft, this.#soft, gatherRows),
      rowWeight,
    };
    const denominator = this.weightRing?.row(step % RING);
    if (rowWeight && denominator) engine.summarize(rowWeight, { out: denominator });
    const [logits, gradient, losses] = [rows(this.#logits), rows(this.#dLogits), rows(this.#losses)];
    const bias = fitIntercept ? { bias: this.parameters.row(x.columns) } : {};
    engine.matmul(xs, this.parameters.slice(0, x.columns), { ...bias, out: logits });
    const scale = denominator ? 1 : 1 / count;
    loss.evaluate(engine, { logits, targets: batchTargets, losses, gradient, scale, denominator });
    engine.summarize(losses, { out: this.lossRing.row(step % RING) });
    engine.matmul(xs, gradient, { transposeA: true, ones: fitIntercept, out: this.gradient });
  }

  dispose(): void {
    const all = [
      this.parameters,
      this.gradient,
      this.lossRing,
      this.weightRing,
      this.#order,
      this.#x,
      this.#labels,
      this.#soft,
      this.#weights,
      this.#logits,
      this.#dLogits,
      this.#losses,
    ];
    for (const t of all) t?.dispose();
  }
}
