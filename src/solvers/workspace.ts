/**
 * The device memory of one piece of work: taken bit by bit, given back all at once, also when taking some of it fails.
 * Whoever begins the work disposes of the workspace; what is built in it needs no `dispose` of its own.
 */
import type { DenseMatrix } from "../data/matrix.js";
import { type InPieces, PIECE } from "../data/pieces.js";
import type { SparseTensor } from "../engine/sparse-tensor.js";
import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import type { TensorInput } from "../engine/tensor-options.js";
import type { ElementType } from "../ops/op.js";

export class Workspace {
  readonly engine: TensorEngine;
  readonly #held = new Set<{ dispose(): void }>();

  constructor(engine: TensorEngine) {
    this.engine = engine;
  }

  /** Takes over a tensor made elsewhere. */
  keep<T extends Tensor | SparseTensor>(t: T): T {
    this.#held.add(t);
    return t;
  }

  /** Gives some back before the rest; a tensor of somebody else's is left alone. */
  free(...tensors: readonly { dispose(): void }[]): void {
    for (const t of tensors) if (this.#held.delete(t)) t.dispose();
  }

  /** As `engine.tensor`. */
  tensor(input: TensorInput): Tensor {
    return this.keep(this.engine.tensor(input));
  }

  /** As `engine.fromDense`. */
  fromDense(m: DenseMatrix): Tensor {
    return this.keep(this.engine.fromDense(m));
  }

  /** The same a piece at a time, where a copy of a large matrix would keep the page waiting. */
  *denseInPieces(m: DenseMatrix): InPieces<Tensor> {
    const { data, rows, columns } = m;
    const together = Math.max(1, Math.floor(PIECE / columns));
    if (this.engine.adopts || rows <= together) return this.fromDense(m);
    const type = data instanceof Uint8Array ? "u8" : data instanceof Uint16Array ? "f16" : "f32";
    const t = this.empty([rows, columns], type, Math.fround(m.scale), Math.fround(m.offset));
    for (let first = 0; first < rows; first += together) {
      if (first > 0) yield;
      const count = Math.min(together, rows - first);
      this.engine.write(t.slice(first, count), data.subarray(first * columns, (first + count) * columns));
    }
    return t;
  }

  /** As `engine.zeros`. */
  zeros(shape: readonly number[]): Tensor {
    return this.keep(this.engine.zeros(shape));
  }

  /** As `engine.empty`. */
  empty(shape: readonly number[], type: ElementType = "f32", scale = 1, offset = 0): Tensor {
    return this.keep(this.engine.empty(shape, type, scale, offset));
  }

  dispose(): void {
    this.free(...this.#held);
  }
}
