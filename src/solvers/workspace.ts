/**
 * The device memory of one piece of work: taken bit by bit, given back all at once, also when taking some of it fails.
 * Whoever begins the work disposes of the workspace; what is built in it needs no `dispose` of its own.
 */
import type { DenseMatrix } from "../data/matrix.js";
import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine, TensorInput } from "../engine/tensor-engine.js";
import type { ElementType } from "../ops/op.js";

export class Workspace {
  readonly engine: TensorEngine;
  readonly #held = new Set<Tensor>();

  constructor(engine: TensorEngine) {
    this.engine = engine;
  }

  /** Takes over a tensor made elsewhere. */
  keep(t: Tensor): Tensor {
    this.#held.add(t);
    return t;
  }

  /** Gives some back before the rest; a tensor of somebody else's is left alone. */
  free(...tensors: readonly Tensor[]): void {
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
