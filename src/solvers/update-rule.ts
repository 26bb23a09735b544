/**
 * How a gradient moves the weights. What tells minibatch solvers apart are their `UpdateMoves`; what goes with any of them is here:
 * the gradient clipped before, the proximal step of an l1 penalty after, and the mean of the weights on the way.
 */
import type { Tensor } from "../engine/tensor.js";
import { clipGradient } from "../ops/clip-gradient.js";
import type { LinearStepArguments } from "../ops/linear-step.js";
import type { SmallBatchArguments } from "../ops/small-batch-arguments.js";
import type { Workspace } from "./workspace.js";

/** Which step it is: `number` counts from 1. */
export interface UpdateStep {
  readonly learningRate: number;
  readonly number: number;
}

/** Several of them: `number` is the first's, and the last learning rate holds for all that have none of their own. */
export interface UpdateSteps {
  readonly learningRates: readonly number[];
  readonly number: number;
  /** How many. */
  readonly count: number;
}

/** The rows of a batch of a linear softmax model; `loss` [4] is written. */
export type LinearBatch = Omit<LinearStepArguments<Tensor>, "theta"> & { readonly loss: Tensor };

/** Several batches of it; `losses` [slots×4] is written, a row for each. */
export type LinearBatches = Pick<
  SmallBatchArguments<Tensor>,
  "x" | "labels" | "soft" | "rowWeight" | "labelSmoothing" | "ignoreIndex" | "order" | "first" | "rows" | "batchSize"
> &
  Pick<SmallBatchArguments<Tensor>, "losses" | "firstSlot">;

/** A gradient of the mean loss, without its penalty. */
export type GradientStep = UpdateStep & { readonly gradient: Tensor };

export interface UpdateRule {
  /** What it remembers from step to step, by name: with θ and the number of steps all that the next step depends on. */
  readonly memory: Readonly<Record<string, Tensor>>;
  /** What a model is given after the steps so far: θ, or the mean of its values once that has begun. */
  readonly result: Tensor;
  /** So many steps were taken before; memory and θ are what they left. */
  goOnFrom(steps: number): void;
  /** Moves the weights by the gradient, in place, on the device. The gradient is used up. */
  apply(step: GradientStep): void;
  /** Computes the gradient of a batch of a linear softmax model and moves the weights by it, in two launches. */
  advance(batch: LinearBatch, step: UpdateStep): void;
  /** Does so for several batches, one after the other, in one launch. */
  advanceMany(batches: LinearBatches, steps: UpdateSteps): void;
}

/** What an update rule is made for. */
export interface UpdateTarget {
  /** θ [p×k] */
  readonly weights: Tensor;
  readonly l1: number;
  readonly l2: number;
  /** λ: beside each step `θ ← θ − rate·λ·θ`. */
  readonly weightDecay: number;
  /** l1, l2 and λ apply to so many first rows of θ. */
  readonly penalisedRows: number;
  /** The longest that a gradient, with l2's, may be; undefined: any length. Then all steps come by `apply`. */
  readonly clipNorm: number | undefined;
  /** The mean of θ after each step past the first `after` ones is kept; undefined: θ is all there is. */
  readonly average: { readonly after: number } | undefined;
  /** Steps come by `advanceMany` alone; else by the other ways. */
  readonly many: boolean;
}

/** What one solver does with a gradient; where, the maker knows. */
export interface UpdateMoves {
  readonly memory: UpdateRule["memory"];
  /** @param l2 0 where the gradient has its penalty */
  apply(step: GradientStep, l2: number): void;
  advance(batch: LinearBatch, step: UpdateStep): void;
  advanceMany(batches: LinearBatches, steps: UpdateSteps): void;
  /** The proximal step of l1 > 0. */
  shrink(step: UpdateStep): void;
}

/** Matrices of the shape of θ below each other, for `advanceMany`: so many that a solver remembers, then θ̄ if it is wanted. */
export function stackFor(workspace: Workspace, target: UpdateTarget, count: number): Tensor {
  const { weights, average } = target;
  const matrices = Math.max(1, count + Number(average !== undefined));
  return workspace.zeros(target.many ? [matrices * weights.rows, weights.columns] : [1]);
}

/** @param stack of the solver's, where steps come many at once */
export function updateRule(workspace: Workspace, target: UpdateTarget, moves: UpdateMoves, stack: Tensor): UpdateRule {
  const { engine } = workspace;
  const { weights, l1, l2, penalisedRows, clipNorm: limit, average, many } = target;
  const { rows } = weights;
  const mean = average && (many ? stack.slice(stack.rows - rows, rows) : workspace.zeros([rows, weights.columns]));
  let taken = 0;
  /** What follows a step that was a launch of its own. */
  const finish = (step: UpdateStep): void => {
    if (l1 > 0) moves.shrink(step);
    taken = step.number;
    const averaged = average ? taken - average.after : 0;
    if (mean && averaged >= 1) engine.addScaled(mean, 1 / averaged, weights, { keep: 1 - 1 / averaged });
  };
  return {
    memory: many || !mean ? moves.memory : { ...moves.memory, average: mean },
    get result() {
      return mean && average && taken > average.after ? mean : weights;
    },
    goOnFrom: (steps) => {
      taken = steps;
    },
    apply: (step) => {
      const { gradient } = step;
      if (limit !== undefined) engine.run(clipGradient, { gradient, weights, l2, penalisedRows, limit });
      moves.apply(step, limit === undefined ? l2 : 0);
      finish(step);
    },
    advance: (batch, step) => {
      moves.advance(batch, step);
      finish(step);
    },
    advanceMany: (batches, steps) => {
      moves.advanceMany(batches, steps);
      taken = steps.number + steps.count - 1;
    },
  };
}

/** The rule for steps that are counted from an earlier one. */
export function shifted(rule: UpdateRule, before: number): UpdateRule {
  const later = <Step extends { readonly number: number }>(step: Step): Step => ({
    ...step,
    number: step.number + before,
  });
  return {
    memory: rule.memory,
    get result() {
      return rule.result;
    },
    goOnFrom: (steps) => rule.goOnFrom(steps + before),
    apply: (step) => rule.apply(later(step)),
    advance: (batch, step) => rule.advance(batch, later(step)),
    advanceMany: (batches, steps) => rule.advanceMany(batches, later(steps)),
  };
}
