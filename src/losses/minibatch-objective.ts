/**
 * `J(W, b)` of one minibatch at a time: by the fused step where the device's plan is that, two launches which find the batch's
 * rows by the order; else by separate ops. The batch's loss is left in a ring. All memory is taken at the start; a step
 * creates nothing and reads nothing back.
 */
import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { planOfStep } from "../ops/step-plan.js";
import type { BatchLoss, BatchObjective } from "../solvers/minibatch.js";
import type { UpdateRule } from "../solvers/update-rule.js";
import type { Workspace } from "../solvers/workspace.js";
import { crossEntropyLoss } from "./cross-entropy.js";
import type { LinearProblem } from "./linear-problem.js";
import { SeparateBatches } from "./separate-batches.js";

/** Batches whose losses the ring remembers. */
export const RING = 256;

/** No label is negative once it is encoded, so nothing is ignored. */
const PLAIN = { classWeight: undefined, ignoreIndex: -1, bias: undefined };

export class MinibatchObjective implements BatchObjective {
  /** [W; b], or W alone without an intercept. */
  readonly parameters: Tensor;
  readonly rings: readonly Tensor[];
  readonly batchSize: number;
  /** Rows of θ that l2 applies to. */
  readonly penalisedRows: number;
  readonly #engine: TensorEngine;
  readonly #problem: LinearProblem;
  readonly #order: Tensor;
  /** [RING×4]: the sums of the rows' losses of batch t at row t mod RING. */
  readonly #lossRing: Tensor;
  /** [RING×4], with row weights on the separate plan only: the summary of the batch's weights. */
  readonly #weightRing: Tensor | undefined;
  /** Undefined on the fused plan. */
  readonly #separate: SeparateBatches | undefined;

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
    this.#order = workspace.empty([x.rows], "i32");
    this.#lossRing = workspace.zeros([RING, 4]);
    const fused = isFused(engine, problem, this.batchSize);
    this.#weightRing = fused || !targets.rowWeight ? undefined : workspace.zeros([RING, 4]);
    this.rings = this.#weightRing ? [this.#lossRing, this.#weightRing] : [this.#lossRing];
    this.#separate = fused ? undefined : new SeparateBatches(workspace, problem, this.parameters, this.batchSize);
  }

  get batches(): number {
    return Math.ceil(this.#problem.x.rows / this.batchSize);
  }

  get ringLength(): number {
    return RING;
  }

  lossOf([losses, weights]: readonly Float32Array[], step: number): BatchLoss {
    const slot = 4 * (step % RING);
    const weight = this.#separate ? (weights?.[slot] ?? this.#rowsOf(step % this.batches)) : losses[slot + 1];
    return { sum: losses[slot], weight, faults: losses[slot + 3] };
  }

  setOrder(order: Int32Array): void {
    this.#engine.write(this.#order, order);
  }

  /** The last batch of an epoch may be short. */
  #rowsOf(batch: number): number {
    return Math.min(this.batchSize, this.#problem.x.rows - batch * this.batchSize);
  }

  advance(batch: number, step: number, rule: UpdateRule, learningRate: number): void {
    const { x, targets } = this.#problem;
    const { labels, soft, rowWeight, labelSmoothing } = targets;
    const losses = this.#lossRing.row(step % RING);
    const rows = { order: this.#order, first: batch * this.batchSize, rows: this.#rowsOf(batch) };
    const number = step + 1;
    if (!this.#separate) {
      rule.advance(
        { ...PLAIN, x, labels, soft, rowWeight, labelSmoothing, ...rows, loss: losses },
        { learningRate, number },
      );
      return;
    }
    this.#separate.evaluate({ ...rows, losses, weights: this.#weightRing?.row(step % RING) });
    rule.apply({ gradient: this.#separate.gradient, learningRate, number });
  }
}

function isFused(engine: TensorEngine, { x, targets, classes, loss }: LinearProblem, batchSize: number): boolean {
  if (loss !== crossEntropyLoss || x.type === "i32") return false;
  const { rows, columns: features, type: format } = x;
  // Row numbers lead into soft targets as well, which must lie in the bindings that X does: in one.
  if (targets.soft && rows * Math.ceil(classes / 4) * 16 > engine.traits.bindingBytes) return false;
  return planOfStep({ rows, features, classes, format, batchSize }, engine.traits).name === "fused";
}
