/** `softmax(z / T)` of a row at a time in float64, from scores in float32. */
import { likeliest } from "../metrics/likeliest.js";

export class ExactSoftmax {
  /** `[k]` of the row that was taken last. */
  readonly probabilities: Float64Array;
  /** The first of the classes with the largest score, as `predict` has it. */
  best = 0;
  readonly #logits: Float64Array;
  readonly #beta: number;
  #logSum = 0;

  constructor(classes: number, temperature: number) {
    this.probabilities = new Float64Array(classes);
    this.#logits = new Float64Array(classes);
    this.#beta = 1 / temperature;
  }

  /** Takes the row whose scores begin at index `first`. */
  take(scores: ArrayLike<number>, first: number): void {
    const p = this.probabilities;
    const best = likeliest(scores, first, p.length);
    let sum = 0;
    for (let j = 0; j < p.length; j++) {
      this.#logits[j] = this.#beta * (scores[first + j] - scores[first + best]);
      p[j] = Math.exp(this.#logits[j]);
      sum += p[j];
    }
    for (let j = 0; j < p.length; j++) p[j] /= sum;
    this.best = best;
    this.#logSum = Math.log(sum);
  }

  /** log pⱼ, exact where pⱼ itself rounds to 0. */
  logarithm(j: number): number {
    return this.#logits[j] - this.#logSum;
  }
}
