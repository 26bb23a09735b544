/** One of several linear models that share their products with X: what `LinearObjective` is to a model of its own. */
import type { Tensor } from "../engine/tensor.js";
import type { JoinedObjective } from "../solvers/line-objectives.js";
import type { Evaluation } from "../solvers/objective.js";
import type { Workspace } from "../solvers/workspace.js";
import { LogitsObjective, type LogitsProblem } from "./logits-objective.js";

/** What the members have together. */
export interface SharedPart {
  /** [n×k]: dZ on its way to the stack, one member's at a time. */
  readonly dLogits: Tensor;
  /** Brings a member's dZ into the stack, and its Xᵀ·dZ from there to where its coordinates want it. */
  readonly store: (member: MemberObjective) => void;
  readonly fetch: (member: MemberObjective, raw: Tensor) => void;
  readonly passes: () => number;
}

export class MemberObjective extends LogitsObjective implements JoinedObjective {
  /** Whether θ's logits are wanted, and the direction whose logits are. */
  refreshing = false;
  aiming: Tensor | undefined;
  readonly #workspace: Workspace;
  readonly #shared: SharedPart;

  constructor(workspace: Workspace, problem: LogitsProblem, shared: SharedPart) {
    super(workspace, problem, shared.dLogits);
    this.#workspace = workspace;
    this.#shared = shared;
  }

  get passes(): number {
    return this.#shared.passes();
  }

  refresh(): void {
    this.refreshing = true;
  }

  aim(direction: Tensor): void {
    this.aiming = direction;
  }

  /** What X is to be multiplied by, and what to be added; until another member is asked. */
  layDown(wish: "refreshing" | "aiming"): { readonly w: Tensor; readonly shift: Tensor | undefined } {
    return this.coordinates.lay(wish === "aiming" && this.aiming ? this.aiming : this.parameters);
  }

  /** Where the logits go; the wish is fulfilled. */
  takeUp(wish: "refreshing" | "aiming"): Tensor {
    if (wish === "aiming") this.aiming = undefined;
    else this.refreshing = false;
    return wish === "aiming" ? this.aimed : this.logits;
  }

  move(state: Tensor, losses: Tensor): void {
    this.moveLogits(state, losses);
    // A member that still searches stores what another has left there, and reads nothing of what becomes of it.
    this.#shared.store(this);
  }

  evaluate(evaluation: Evaluation): void {
    this.#shared.fetch(this, this.coordinates.raw);
    this.finish(evaluation);
  }

  /** Gives back what only this member needs. */
  dispose(): void {
    this.#workspace.free(this.parameters, this.logits, this.aimed);
  }
}
