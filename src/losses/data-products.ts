/** The two products of a full batch with its rows: all that an objective asks of X. */
import type { SparseTensor } from "../engine/sparse-tensor.js";
import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import type { Waits } from "../solvers/waits.js";

/** X [n×d], wherever its rows are. Each call is one pass. */
export interface DataProducts {
  /** n */
  readonly rows: number;
  /** d */
  readonly columns: number;
  /** `out = X·w + shift`: w [d×m], shift [1×m], out [n×m]. */
  multiply(w: Tensor, shift: Tensor | undefined, out: Tensor): Waits;
  /** `out = Xᵀ·g`, with `ones` `[Xᵀ·g; 1ᵀ·g]`: g [n×m]. */
  multiplyBack(g: Tensor, ones: boolean, out: Tensor): Waits;
}

/** All rows lie on the device. */
export class WholeRows implements DataProducts {
  readonly rows: number;
  readonly columns: number;
  readonly #engine: TensorEngine;
  readonly #x: Tensor | SparseTensor;

  constructor(engine: TensorEngine, x: Tensor | SparseTensor) {
    this.#engine = engine;
    this.#x = x;
    this.rows = x.rows;
    this.columns = x.columns;
  }

  multiply(w: Tensor, shift: Tensor | undefined, out: Tensor): void {
    this.#engine.matmul(this.#x, w, { ...(shift && { bias: shift }), out });
  }

  multiplyBack(g: Tensor, ones: boolean, out: Tensor): void {
    this.#engine.matmul(this.#x, g, { transposeA: true, ones, out });
  }
}
