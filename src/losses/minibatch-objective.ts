/**
 * `J(W, b)` of one minibatch after the other: many of them in one launch, or by the fused step's two launches, as the device's
 * plan is; both find the batch's rows by the order. Else by separate ops. Where columns are scaled, or the gradient is clipped, it is
 * taken by itself, in either way, since it changes before the weights move. The batch's loss is left in a ring. All memory is taken
 * at the start; a step creates nothing and reads nothing back.
 */
import { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { linearGradient } from "../ops/linear-gradient.js";
import { MOST_RATES } from "../ops/small-batch-arguments.js";
import type { StepPlan } from "../ops/step-plan.js";
import { planOfStep } from "../ops/step-plan.js";
import type { BatchLoss, BatchObjective } from "../solvers/batch-objective.js";
import type { UpdateRule } from "../solvers/update-rule.js";
import type { Workspace } from "../solvers/workspace.js";
import type { MakeBatchFeatures } from "./batch-features-of.js";
import { crossEntropyLoss } from "./cross-entropy.js";
import type { LinearProblem } from "./linear-problem.js";
import { SeparateBatches } from "./separate-batches.js";

/** Batches whose losses the ring remembers: what steps while a report is on its way, and those that a mean is of. 32 kB. */
const RING = 2048;

/** No label is negative once it is encoded, so nothing is ignored. */
const PLAIN = { ignoreIndex: -1 };
const ONE = { classWeight: undefined, bias: undefined };
/** The gradient of the mean; its penalty is added by who moves the weights. */
const MEAN = { mean: true, l2: 0, penalisedRows: 0, dBias: undefined };

/** How batches are gone through. */
export interface BatchWay {
  readonly batchSize: number;
  /** Those of the problem's X. */
  readonly features: MakeBatchFeatures;
  /**
   * θ of somebody else's, which has moved already; then every step has launches of its own, so that what the update rule remembers is
   * the same for all objectives of these parameters.
   */
  readonly parameters?: Tensor;
  /** The whole gradient is there before any weight moves: the rule looks at its length. */
  readonly byGradient: boolean;
}

export class MinibatchObjective implements BatchObjective {
  /** [W; b], or W alone without an intercept. */
  readonly parameters: Tensor;
  readonly rings: readonly Tensor[];
  readonly batchSize: number;
  /** Rows of θ that l2 applies to. */
  readonly penalisedRows: number;
  readonly stepsAtOnce: number;
  readonly ratesAtOnce: number = MOST_RATES;
  /** Steps go many to a launch. */
  readonly many: boolean;
  readonly ringLength: number = RING;
  readonly #engine: TensorEngine;
  readonly #problem: LinearProblem;
  readonly #order: Tensor;
  /** [ring×4]: the sums of the rows' losses of batch t at row t mod ring. */
  readonly #lossRing: Tensor;
  /** [ring×4], with row weights on the separate plan only: the summary of the batch's weights. */
  readonly #weightRing: Tensor | undefined;
  /** Of the shape of θ: what the rule moves it by. Undefined where that stays inside of launches. */
  readonly #gradient: Tensor | undefined;
  /** Undefined on the fused plan. */
  readonly #separate: SeparateBatches | undefined;

  constructor(workspace: Workspace, problem: LinearProblem, { batchSize, features, parameters, byGradient }: BatchWay) {
    const { engine } = workspace;
    const { x, targets, classes, fitIntercept, start, scaling } = problem;
    this.#engine = engine;
    this.#problem = problem;
    this.batchSize = Math.min(batchSize, x.rows);
    this.penalisedRows = x.columns;
    const rows = x.columns + (fitIntercept ? 1 : 0);
    this.parameters = parameters ?? workspace.zeros([rows, classes]);
    if (start && !parameters) this.restart();
    this.#order = workspace.empty([x.rows], "i32");
    const plan = fusedPlan(engine, problem, this.batchSize);
    const fused = plan !== undefined;
    // A proximal step is a launch of its own after each step, and between a scaled column's weights and the product lies one too.
    const isOwn = parameters || problem.l1 > 0 || scaling || byGradient;
    this.many = plan?.stepsPerDispatch !== undefined && !isOwn;
    this.stepsAtOnce = this.many ? (plan?.stepsPerDispatch ?? 1) : 1;
    this.#lossRing = workspace.zeros([this.ringLength, 4]);
    this.#weightRing = fused || !targets.rowWeight ? undefined : workspace.zeros([this.ringLength, 4]);
    this.rings = this.#weightRing ? [this.#lossRing, this.#weightRing] : [this.#lossRing];
    this.#separate = fused
      ? undefined
      : new SeparateBatches(workspace, problem, this.parameters, this.batchSize, features);
    const alone = scaling || (byGradient && fused);
    this.#gradient = alone ? workspace.empty([rows, classes]) : this.#separate?.gradient;
  }

  get batches(): number {
    return Math.ceil(this.#problem.x.rows / this.batchSize);
  }

  restart(): void {
    const { start, scaling } = this.#problem;
    const { rows, columns } = this.parameters;
    const before = start ? (scaling?.fromWeights(start) ?? start) : new Float32Array(rows * columns);
    this.#engine.write(this.parameters, before);
  }

  lossOf([losses, weights]: readonly Float32Array[], step: number): BatchLoss {
    const slot = 4 * (step % this.ringLength);
    const weight = this.#separate ? (weights?.[slot] ?? this.#rowsOf(step % this.batches)) : losses[slot + 1];
    return { sum: losses[slot], weight, faults: losses[slot + 3] };
  }

  setOrder(order: Int32Array): void {
    this.#engine.write(this.#order, order);
    this.#separate?.setOrder(order);
  }

  /** The last batch of an epoch may be short. */
  #rowsOf(batch: number, count = 1): number {
    return Math.min(count * this.batchSize, this.#problem.x.rows - batch * this.batchSize);
  }

  advance(batch: number, step: number, count: number, rule: UpdateRule, learningRates: readonly number[]): void {
    const { x, targets, scaling } = this.#problem;
    const { labels, soft, rowWeight, labelSmoothing } = targets;
    const firstSlot = step % this.ringLength;
    const rows = { order: this.#order, first: batch * this.batchSize, rows: this.#rowsOf(batch, count) };
    const number = step + 1;
    const losses = this.#lossRing.row(firstSlot);
    const [learningRate] = learningRates;
    // What is not in one tensor has no fused plan.
    const data = { ...PLAIN, x: x as Tensor, labels, soft, rowWeight, labelSmoothing, ...rows };
    if (this.many) {
      const { batchSize } = this;
      rule.advanceMany({ ...data, batchSize, losses: this.#lossRing, firstSlot }, { learningRates, number, count });
      return;
    }
    const gradient = this.#gradient;
    if (!gradient) {
      rule.advance({ ...data, ...ONE, loss: losses }, { learningRate, number });
      return;
    }
    scaling?.take(this.parameters);
    if (this.#separate) this.#separate.evaluate({ ...rows, losses, weights: this.#weightRing?.row(firstSlot) });
    else {
      const theta = scaling?.weights ?? this.parameters;
      this.#engine.run(linearGradient, {
        ...data,
        ...ONE,
        ...MEAN,
        theta,
        gradient: scaling?.raw ?? gradient,
        loss: losses,
      });
    }
    scaling?.gradient(gradient);
    rule.apply({ gradient, learningRate, number });
  }
}

function fusedPlan(
  engine: TensorEngine,
  { x, targets, classes, loss }: LinearProblem,
  batchSize: number,
): StepPlan | undefined {
  if (loss !== crossEntropyLoss || !(x instanceof Tensor) || x.type === "i32") return undefined;
  const { rows, columns: features, type: format } = x;
  // Row numbers lead into soft targets as well, which must lie in the bindings that X does: in one.
  if (targets.soft && rows * Math.ceil(classes / 4) * 16 > engine.traits.bindingBytes) return undefined;
  const plan = planOfStep({ rows, features, classes, format, batchSize }, engine.traits);
  return plan.name === "fused" ? plan : undefined;
}
