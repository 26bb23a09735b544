/**
 * One minibatch by separate ops, for what the fused step does not take: gathers the batch's rows on the device, multiplies, takes
 * loss and gradient of the logits (on a GPU in one op with the product), and multiplies back. All memory is taken at the start.
 */
import type { Tensor } from "../engine/tensor.js";
import { isSparseTensor } from "../engine/tensor-engine.js";
import { gatherRows } from "../ops/gather-rows.js";
import { gatherValues } from "../ops/gather-values.js";
import type { Workspace } from "../solvers/workspace.js";
import type { BatchFeatures } from "./batch-features.js";
import type { MakeBatchFeatures } from "./batch-features-of.js";
import type { LinearProblem } from "./linear-problem.js";

/** Memory for what belongs to the rows of one batch. */
interface BatchMemory {
  readonly labels: Tensor | undefined;
  readonly soft: Tensor | undefined;
  readonly rowWeight: Tensor | undefined;
  readonly labelSmoothing: number;
  /** Undefined where no op needs them. */
  readonly logits: Tensor | undefined;
  readonly dLogits: Tensor;
  readonly losses: Tensor;
}

/** Whether product and loss are one op. The CPU's fast paths are each by itself. */
const isJoined = ({ engine }: Workspace, { loss, x }: LinearProblem): boolean =>
  engine.device !== "cpu" && loss.evaluateLinear !== undefined && !isSparseTensor(x);

function batchMemory(workspace: Workspace, problem: LinearProblem, rows: number): BatchMemory {
  const { targets, classes } = problem;
  return {
    labels: targets.labels && workspace.empty([rows], "i32"),
    soft: targets.soft && workspace.empty([rows, classes]),
    rowWeight: targets.rowWeight && workspace.empty([rows]),
    labelSmoothing: targets.labelSmoothing,
    logits: isJoined(workspace, problem) ? undefined : workspace.empty([rows, classes]),
    dLogits: workspace.empty([rows, classes]),
    losses: workspace.empty([rows]),
  };
}

/** Which rows, and where the batch's sums go. */
export interface BatchRows {
  readonly order: Tensor;
  readonly first: number;
  readonly rows: number;
  /** `[4]` each, written: the summary of the rows' losses, and with row weights that of the weights. */
  readonly losses: Tensor;
  readonly weights: Tensor | undefined;
}

export class SeparateBatches {
  /** Of the shape of [W; b]: dJ of the last batch, the penalty left out. */
  readonly gradient: Tensor;
  readonly #workspace: Workspace;
  readonly #problem: LinearProblem;
  readonly #parameters: Tensor;
  readonly #features: BatchFeatures;
  readonly #whole: BatchMemory;
  /** For the last batch of an epoch, when it is shorter than the others. */
  readonly #short: BatchMemory;

  constructor(
    workspace: Workspace,
    problem: LinearProblem,
    parameters: Tensor,
    batchSize: number,
    features: MakeBatchFeatures,
  ) {
    this.#workspace = workspace;
    this.#problem = problem;
    const { x, scaling } = problem;
    this.#parameters = scaling?.weights ?? parameters;
    this.gradient = scaling?.raw ?? workspace.empty([parameters.rows, parameters.columns]);
    this.#features = features(workspace, batchSize);
    this.#whole = batchMemory(workspace, problem, batchSize);
    const rest = x.rows % batchSize;
    this.#short = rest === 0 ? this.#whole : batchMemory(workspace, problem, rest);
  }

  setOrder(order: Int32Array): void {
    this.#features.setOrder(order);
  }

  evaluate({ order, first, rows, losses, weights }: BatchRows): void {
    const { engine } = this.#workspace;
    const { x, targets, loss } = this.#problem;
    // b is there without an intercept too, where columns are scaled.
    const fitIntercept = this.#parameters.rows > x.columns;
    const memory = rows === this.#whole.losses.columns ? this.#whole : this.#short;
    const { logits, dLogits, rowWeight } = memory;
    const at = { indices: order, first };
    const taken = this.#features.rowsAt(order, first, rows);
    if (targets.labels && memory.labels)
      engine.run(gatherValues, { source: targets.labels, ...at, out: memory.labels });
    if (targets.soft && memory.soft) engine.run(gatherRows, { source: targets.soft, ...at, out: memory.soft });
    if (targets.rowWeight && rowWeight) engine.run(gatherValues, { source: targets.rowWeight, ...at, out: rowWeight });
    if (rowWeight && weights) engine.summarize(rowWeight, { out: weights });
    const bias = fitIntercept ? this.#parameters.row(x.columns) : undefined;
    const w = this.#parameters.slice(0, x.columns);
    const scale = weights ? 1 : 1 / rows;
    const evaluation = { targets: memory, losses: memory.losses, gradient: dLogits, scale, denominator: weights };
    if (logits) {
      engine.matmul(taken, w, { ...(bias && { bias }), out: logits });
      loss.evaluate(engine, { ...evaluation, logits });
    } else {
      // A sparse batch has logits.
      loss.evaluateLinear?.(engine, { ...evaluation, x: taken as Tensor, w, bias });
    }
    engine.summarize(memory.losses, { out: losses });
    engine.matmul(taken, dLogits, { transposeA: true, ones: fitIntercept, out: this.gradient });
  }
}
