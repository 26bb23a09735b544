/** The steps of a fit by minibatches, one epoch after the other: what each batch is and how long its step. Nothing is read here. */
import { Random } from "../random.js";
import type { BatchObjective, MinibatchOptions } from "./batch-objective.js";
import type { UpdateRule } from "./update-rule.js";

export class MinibatchSteps {
  taken = 0;
  readonly #objective: BatchObjective;
  readonly #rule: UpdateRule;
  readonly #options: Pick<MinibatchOptions, "rows" | "learningRate" | "shuffle" | "seed">;
  #random = new Random(0);
  #order = new Uint32Array(0);
  /** The epoch whose order that is; −1 before the first. */
  #epoch = -1;

  constructor(objective: BatchObjective, rule: UpdateRule, options: MinibatchOptions) {
    this.#objective = objective;
    this.#rule = rule;
    this.#options = options;
    this.#beginOrders();
  }

  /** Goes on from where so many steps have led: θ and what the rule remembers are as those left them. */
  goOnFrom(taken: number): void {
    this.taken = taken;
    this.#rule.goOnFrom(taken);
    this.#beginOrders();
  }

  /** The seed tells the order of the rows: those of the epochs before are drawn again. */
  #beginOrders(): void {
    this.#random = new Random(this.#options.seed);
    this.#order = Uint32Array.from({ length: this.#options.rows }, (_, i) => i);
    this.#epoch = -1;
  }

  /** Records the next step, or as many as go at once; none of them is of another epoch. */
  advance(): void {
    const { batches, stepsAtOnce, ratesAtOnce } = this.#objective;
    const { learningRate } = this.#options;
    const { taken } = this;
    this.#takeOrder(Math.floor(taken / batches));
    const batch = taken % batches;
    const most = Math.min(stepsAtOnce, batches - batch);
    const rates = [learningRate(taken)];
    let count = 1;
    for (; count < most; count++) {
      const rate = learningRate(taken + count);
      if (rates.length < ratesAtOnce) rates.push(rate);
      else if (rate !== rates.at(-1)) break;
    }
    this.#objective.advance(batch, taken, count, this.#rule, rates);
    this.taken += count;
  }

  #takeOrder(epoch: number): void {
    const { shuffle } = this.#options;
    if (epoch === this.#epoch) return;
    const isFirst = this.#epoch < 0;
    for (; this.#epoch < epoch; this.#epoch++) if (shuffle) this.#random.shuffle(this.#order);
    if (shuffle || isFirst) this.#objective.setOrder(new Int32Array(this.#order.buffer));
  }
}
