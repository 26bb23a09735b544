/**
 * The last m pairs (s, y) of L-BFGS as vectors on the device and their inner products on the host. The direction is a linear
 * combination of the stored vectors and the gradient, so the two-loop recursion needs no vector at all, only numbers
 * (Liu & Nocedal 1989; Chen, Wang & Zhou 2014, "Large-scale L-BFGS using MapReduce", for the vector-free form).
 */
import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import type { Workspace } from "./workspace.js";

/** A pair is kept when sᵀy > this · ‖s‖ · ‖y‖: below it the curvature is rounding noise. */
const LEAST_CURVATURE = 1e-12;

export class CurvatureMemory {
  readonly #engine: TensorEngine;
  readonly #size: number;
  readonly #rows: number;
  /** [2·m·p × k]: all s, then all y. */
  readonly stack: Tensor;
  /** `[2·m]`: factors of the stacked vectors in the direction. */
  readonly #coefficients: Tensor;
  /** `[2·m]` each: products of the stack with s, y and g, one read an iteration. */
  readonly products: readonly [Tensor, Tensor, Tensor];
  /** SY[i][j] = sᵢᵀyⱼ and YY[i][j] = yᵢᵀyⱼ by slot. */
  readonly #sy: Float64Array;
  readonly #yy: Float64Array;
  /** Slots in use, oldest first. */
  #order: number[] = [];
  #pending = 0;

  constructor(workspace: Workspace, size: number, rows: number, columns: number) {
    this.#engine = workspace.engine;
    this.#size = size;
    this.#rows = rows;
    this.stack = workspace.zeros([2 * size * rows, columns]);
    this.#coefficients = workspace.zeros([2 * size]);
    this.products = [workspace.empty([2 * size]), workspace.empty([2 * size]), workspace.empty([2 * size])];
    this.#sy = new Float64Array(size * size);
    this.#yy = new Float64Array(size * size);
  }

  get pairs(): number {
    return this.#order.length;
  }

  clear(): void {
    this.#order = [];
  }

  #vector(index: number): Tensor {
    return this.stack.slice(index * this.#rows, this.#rows);
  }

  /** Records the pair s = step · direction, y = next − last, in the oldest slot, and its products with the whole stack. */
  record(step: number, direction: Tensor, last: Tensor, next: Tensor): void {
    const engine = this.#engine;
    const free = Array.from({ length: this.#size }, (_, slot) => slot).find((slot) => !this.#order.includes(slot));
    this.#pending = free ?? (this.#order.shift() as number);
    const s = this.#vector(this.#pending);
    const y = this.#vector(this.#size + this.#pending);
    engine.addScaled(s, step, direction, { keep: 0 });
    engine.addScaled(y, 1, next, { beta: -1, y: last, keep: 0 });
    [s, y, next].forEach((vector, i) => {
      engine.dots(this.stack, vector, { out: this.products[i] });
    });
  }

  /** Takes the recorded pair in, once the products are read; a pair without curvature is dropped. */
  accept(withS: ArrayLike<number>, withY: ArrayLike<number>): void {
    const [m, slot] = [this.#size, this.#pending];
    const [sy, ss, yy] = [withY[slot], withS[slot], withY[m + slot]];
    if (!(sy > LEAST_CURVATURE * Math.sqrt(ss * yy))) return;
    for (let i = 0; i < m; i++) {
      this.#sy[i * m + slot] = withY[i];
      this.#sy[slot * m + i] = withS[m + i];
      this.#yy[i * m + slot] = withY[m + i];
      this.#yy[slot * m + i] = withY[m + i];
    }
    this.#sy[slot * m + slot] = sy;
    this.#order.push(slot);
  }

  /**
   * Writes the direction −H·g into `out` and returns gᵀ(−H·g), from `withG`, the stack's products with g, and `gg` = gᵀg.
   * H₀ = γI with γ = sᵀy / yᵀy of the newest pair. Needs at least one pair.
   */
  direction(withG: ArrayLike<number>, gg: number, gradient: Tensor, out: Tensor): number {
    const m = this.#size;
    const [sy, yy] = [this.#sy, this.#yy];
    const alpha = new Float64Array(m);
    const factor = new Float64Array(m);
    const newestFirst = this.#order.toReversed();
    for (const i of newestFirst) {
      let projection = withG[i];
      for (const j of this.#order) projection -= alpha[j] * sy[i * m + j];
      alpha[i] = projection / sy[i * m + i];
    }
    const newest = newestFirst[0];
    const gamma = sy[newest * m + newest] / yy[newest * m + newest];
    for (const i of this.#order) {
      let projection = gamma * withG[m + i];
      for (const j of this.#order) projection += factor[j] * sy[j * m + i] - gamma * alpha[j] * yy[i * m + j];
      factor[i] = alpha[i] - projection / sy[i * m + i];
    }
    const coefficients = new Float32Array(2 * m);
    let slope = -gamma * gg;
    for (const i of this.#order) {
      coefficients[i] = -factor[i];
      coefficients[m + i] = gamma * alpha[i];
      slope += -factor[i] * withG[i] + gamma * alpha[i] * withG[m + i];
    }
    this.#engine.write(this.#coefficients, coefficients);
    this.#engine.combine(out, this.stack, this.#coefficients, gradient, -gamma);
    return slope;
  }
}
