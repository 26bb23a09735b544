/** One of several linear models that share their products with X: what `LinearObjective` is to a model of its own. */
import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { finishGradient } from "../ops/finish-gradient.js";
import type { JoinedObjective } from "../solvers/line-objectives.js";
import type { Evaluation } from "../solvers/objective.js";
import type { Workspace } from "../solvers/workspace.js";
import { moveIntercept, ROWS_PER_SLICE } from "./linear-objective.js";
import type { Loss, TrainingTargets } from "./loss.js";

export interface MemberPart {
  readonly targets: TrainingTargets;
  /** μ by this member's row weights, on the host and on the device; undefined without an intercept. */
  readonly means: Float32Array | undefined;
  readonly meansTensor: Tensor | undefined;
  readonly loss: Loss;
  readonly l1: number;
  readonly l2: number;
  /** 1 / Σr */
  readonly scale: number;
  /** n, p and k. */
  readonly samples: number;
  readonly rows: number;
  readonly classes: number;
  /** [n×k], [p×k]: what is on its way to the stack, and from there. */
  readonly dLogits: Tensor;
  readonly raw: Tensor;
  readonly store: (member: MemberObjective) => void;
  readonly fetch: (member: MemberObjective) => void;
  readonly passes: () => number;
}

export class MemberObjective implements JoinedObjective {
  readonly parameters: Tensor;
  readonly scale: number;
  readonly l1: number;
  readonly l2: number;
  readonly penalisedRows: number;
  readonly byValue: boolean;
  readonly slices: number;
  /** Whether θ's logits are wanted, and the direction whose logits are. */
  refreshing = false;
  aiming: Tensor | undefined;
  readonly #engine: TensorEngine;
  readonly #workspace: Workspace;
  readonly #part: MemberPart;
  /** [n×k] each: Z and the direction's logits. */
  readonly #logits: Tensor;
  readonly #aimed: Tensor;
  /** [1×k] */
  readonly #shift: Tensor;

  constructor(workspace: Workspace, part: MemberPart) {
    const { engine } = workspace;
    const { samples, rows, classes, means } = part;
    this.#engine = engine;
    this.#workspace = workspace;
    this.#part = part;
    this.scale = part.scale;
    this.l1 = part.l1;
    this.l2 = part.l2;
    this.byValue = !part.loss.smoothConvex;
    this.penalisedRows = means ? rows - 1 : rows;
    this.slices = Math.min(engine.slices, Math.ceil(samples / ROWS_PER_SLICE));
    this.parameters = workspace.zeros([rows, classes]);
    // θ is zero, and so is Z.
    this.#logits = workspace.zeros([samples, classes]);
    this.#aimed = workspace.empty([samples, classes]);
    this.#shift = workspace.empty([1, classes]);
  }

  get passes(): number {
    return this.#part.passes();
  }

  /** W, then b, as a user knows them, from θ. */
  weightsOf(theta: Float32Array): Float32Array {
    return moveIntercept(theta, this.#part.means, this.#part.classes, -1);
  }

  refresh(): void {
    this.refreshing = true;
  }

  aim(direction: Tensor): void {
    this.aiming = direction;
  }

  /** What X is to be multiplied by, and what to be added: t_W, and t_c − μᵀ t_W. */
  layDown(wish: "refreshing" | "aiming"): { readonly w: Tensor; readonly shift: Tensor | undefined } {
    const t = wish === "aiming" && this.aiming ? this.aiming : this.parameters;
    const w = t.slice(0, this.penalisedRows);
    const { meansTensor } = this.#part;
    if (!meansTensor) return { w, shift: undefined };
    this.#engine.matmul(meansTensor, w, { alpha: -1, bias: t.row(this.penalisedRows), out: this.#shift });
    return { w, shift: this.#shift };
  }

  /** Where the logits go; the wish is fulfilled. */
  takeUp(wish: "refreshing" | "aiming"): Tensor {
    if (wish === "aiming") this.aiming = undefined;
    else this.refreshing = false;
    return wish === "aiming" ? this.#aimed : this.#logits;
  }

  tryStep(state: Tensor, out: Tensor): void {
    const { targets, loss } = this.#part;
    loss.alongLine(this.#engine, { logits: this.#logits, direction: this.#aimed, targets, state, out });
  }

  move(state: Tensor, losses: Tensor): void {
    const { targets, loss, dLogits, scale } = this.#part;
    loss.afterStep(this.#engine, {
      ...{ logits: this.#logits, direction: this.#aimed, targets, state },
      ...{ gradient: dLogits, scale, out: losses },
    });
    // A member that still searches stores what another has left there, and reads nothing of what becomes of it.
    this.#part.store(this);
  }

  evaluate({ state, direction, stack, pairs, gradient }: Evaluation): void {
    const { raw, meansTensor: means, l1, l2 } = this.#part;
    this.#part.fetch(this);
    const theta = this.parameters;
    this.#engine.run(finishGradient, { raw, theta, direction, means, state, l1, l2, pairs, stack, out: gradient });
  }

  /** Gives back what only this member needs. */
  dispose(): void {
    this.#workspace.free(this.parameters, this.#logits, this.#aimed, this.#shift);
  }
}
