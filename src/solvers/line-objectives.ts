/** What a solver of several full-batch problems at once sees: their products with the data are made together. */
import type { Tensor } from "../engine/tensor.js";
import type { LineObjective } from "./objective.js";

/**
 * One of the problems. `refresh` and `aim` only say what is wanted: `LineObjectives.multiply` does it. `evaluate` finds what
 * `move` and `LineObjectives.multiplyBack` have left.
 */
export interface JoinedObjective extends LineObjective {
  /** Moves the logits by the step that the state tells, with the losses there, into `losses` [r×4]. */
  move(state: Tensor, losses: Tensor): void;
  /** Gives back the memory that is this problem's alone. */
  dispose(): void;
}

export interface LineObjectives {
  /** Those that are still solved. */
  readonly members: readonly JoinedObjective[];
  /** Products with the data so far, each for all members at once. */
  readonly passes: number;
  /** The logits that `refresh` and `aim` asked for. One pass, two where θ's were asked for as well. */
  multiply(): void;
  /** The gradients where `move` has led. One pass. */
  multiplyBack(): void;
  /** Goes on with these alone. */
  retain(members: readonly JoinedObjective[]): void;
}
