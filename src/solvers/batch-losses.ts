/** What the losses of a fit's batches tell, step by step: nothing here depends on when somebody looks. Imports types only. */
import type { BatchObjective } from "./batch-objective.js";

/** Mean loss, in multiples of the first batch's, past which training is going nowhere. */
const DIVERGED = 1000;
/** Steps between two looks at the mean loss. A batch whose loss is no number is found at once. */
const EVERY = 64;

export class BatchLosses {
  /** Steps that may pass from one look at the ring to the next. */
  readonly mostBetween: number;
  /** Of the first batch that has a weight: what later ones are held against. */
  first: number | undefined;
  readonly #objective: BatchObjective;
  /** Batches that a mean is of: an epoch's, or the last of them. What a look must see beside the steps since the last one. */
  readonly #window: number;

  constructor(objective: BatchObjective) {
    this.#objective = objective;
    this.mostBetween = objective.ringLength / 2;
    this.#window = Math.min(objective.batches, objective.ringLength / 4);
  }

  /** Mean loss over the last batches of `taken` steps, without penalty; of rows that have one. */
  meanAfter(rings: readonly Float32Array[], taken: number): number {
    let [sum, total] = [0, 0];
    for (let step = Math.max(0, taken - this.#window); step < taken; step++) {
      const batch = this.#objective.lossOf(rings, step);
      sum += batch.sum;
      total += batch.weight;
    }
    return total > 0 ? sum / total : 0;
  }

  /** After how many steps, past `from` and up to `to`, the loss was first seen to be lost; undefined: it is sound. */
  lostAfter(rings: readonly Float32Array[], from: number, to: number): number | undefined {
    for (let step = from; step < to; step++) {
      const { sum, weight, faults } = this.#objective.lossOf(rings, step);
      const taken = step + 1;
      if (faults > 0 || !Number.isFinite(sum)) return taken;
      if (weight > 0) this.first ??= sum / weight;
      if (taken % EVERY === 0 && !this.isInRange(this.meanAfter(rings, taken))) return taken;
    }
    return undefined;
  }

  isInRange(loss: number): boolean {
    return loss <= DIVERGED * Math.max(1, this.first ?? 1);
  }
}
