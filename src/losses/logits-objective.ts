/**
 * What all full-batch objectives of a linear model have in common. The logits Z are kept, and D's logits while a line is searched:
 * they are linear in the step, so trial steps cost no product with X. Who makes the products is left to those that extend it.
 */
import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { finishGradient } from "../ops/finish-gradient.js";
import type { Evaluation } from "../solvers/objective.js";
import type { Workspace } from "../solvers/workspace.js";
import type { Coordinates } from "./coordinates.js";
import type { LinearProblem } from "./linear-problem.js";

/** A part of a sum is no fewer rows than this. */
const ROWS_PER_SLICE = 64;

/** A linear model, wherever its rows are. */
export interface LogitsProblem
  extends Pick<LinearProblem, "targets" | "totalWeight" | "classes" | "loss" | "l1" | "l2"> {
  readonly coordinates: Coordinates;
  /** n */
  readonly rows: number;
  /** d */
  readonly columns: number;
}

export abstract class LogitsObjective {
  /** θ [p×k] */
  readonly parameters: Tensor;
  readonly scale: number;
  readonly l1: number;
  readonly l2: number;
  readonly penalisedRows: number;
  readonly byValue: boolean;
  readonly slices: number;
  protected readonly coordinates: Coordinates;
  /** [n×k] each: Z, the direction's logits, dZ. */
  protected readonly logits: Tensor;
  protected readonly aimed: Tensor;
  protected readonly dLogits: Tensor;
  readonly #engine: TensorEngine;
  readonly #problem: LogitsProblem;

  /**
   * Takes all memory that it needs. θ is zero, and so is Z.
   * @param dLogits somebody's [n×k] for dZ, where several take turns
   */
  constructor(workspace: Workspace, problem: LogitsProblem, dLogits?: Tensor) {
    const { engine } = workspace;
    const { rows, columns, classes, coordinates } = problem;
    this.#engine = engine;
    this.#problem = problem;
    this.coordinates = coordinates;
    this.scale = 1 / problem.totalWeight;
    this.l1 = problem.l1;
    this.l2 = problem.l2;
    this.penalisedRows = columns;
    this.byValue = !problem.loss.smoothConvex;
    this.slices = Math.min(engine.slices, Math.ceil(rows / ROWS_PER_SLICE));
    this.parameters = workspace.zeros([coordinates.rows, classes]);
    this.logits = workspace.zeros([rows, classes]);
    this.aimed = workspace.empty([rows, classes]);
    this.dLogits = dLogits ?? workspace.empty([rows, classes]);
  }

  /** W, then b, as a user knows them: one read. */
  async weights(): Promise<Float32Array> {
    const [theta] = await this.#engine.read(this.parameters);
    return this.weightsOf(theta as Float32Array);
  }

  /** W, then b, from θ. */
  weightsOf(theta: Float32Array): Float32Array {
    return this.coordinates.toWeights(theta);
  }

  tryStep(state: Tensor, out: Tensor): void {
    const { targets, loss } = this.#problem;
    loss.alongLine(this.#engine, { logits: this.logits, direction: this.aimed, targets, state, out });
  }

  /** Moves Z by the step that the state tells, with dZ and the losses there. */
  protected moveLogits(state: Tensor, losses: Tensor): void {
    const { targets, loss } = this.#problem;
    loss.afterStep(this.#engine, {
      ...{ logits: this.logits, direction: this.aimed, targets, state },
      ...{ gradient: this.dLogits, scale: this.scale, out: losses },
    });
  }

  /** The solver's gradient and pair, once [Xᵀ·dZ; 1ᵀ·dZ] has been left where the coordinates want it. */
  protected finish({ state, direction, stack, pairs, gradient: out }: Evaluation): void {
    const { means } = this.coordinates;
    const raw = this.coordinates.gradient();
    const { parameters: theta, l1, l2 } = this;
    this.#engine.run(finishGradient, { raw, theta, direction, means, state, l1, l2, pairs, stack, out });
  }
}
