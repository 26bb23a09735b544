/** Tells when a solver goes on without getting anywhere, since float32 cannot tell better points from worse ones any more. */

/** J must fall by this share of itself, a few roundings, to count as progress; */
const LEAST_FALL = 2 ** -22;
/** or max |dJ| to this share of its smallest value. */
const LEAST_DESCENT = 0.9;
/** Iterations without either. */
const PATIENCE = 20;

export class Stall {
  #loss = Number.POSITIVE_INFINITY;
  #gradientNorm = Number.POSITIVE_INFINITY;
  #since = 0;

  /** Told after each iteration; true when it is the twentieth in a row without progress in loss or gradient. */
  isReached(iteration: number, loss: number, gradientNorm: number): boolean {
    const falls = loss < this.#loss - LEAST_FALL * Math.abs(loss);
    const descends = gradientNorm < LEAST_DESCENT * this.#gradientNorm;
    if (falls) this.#loss = loss;
    if (descends) this.#gradientNorm = gradientNorm;
    if (falls || descends) this.#since = iteration;
    return iteration - this.#since >= PATIENCE;
  }
}
