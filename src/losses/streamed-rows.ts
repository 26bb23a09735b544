/** X whose rows do not fit on the device together: each product goes over the batches, which are brought in anew. */
import type { SparseTensor } from "../engine/sparse-tensor.js";
import type { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import type { DataProducts } from "./data-products.js";

/** Rows `first …` of X, on the device until the next ones are asked for. */
export interface RowsFrom {
  readonly x: Tensor | SparseTensor;
  readonly first: number;
}

export class StreamedRows implements DataProducts {
  readonly rows: number;
  readonly columns: number;
  readonly #engine: TensorEngine;
  readonly #pass: () => AsyncIterable<RowsFrom>;

  /** @param pass all rows of X [n×d], in the same order each time */
  constructor(engine: TensorEngine, rows: number, columns: number, pass: () => AsyncIterable<RowsFrom>) {
    this.#engine = engine;
    this.#pass = pass;
    this.rows = rows;
    this.columns = columns;
  }

  async multiply(w: Tensor, shift: Tensor | undefined, out: Tensor): Promise<void> {
    const bias = shift && { bias: shift };
    for await (const { x, first } of this.#pass()) {
      this.#engine.matmul(x, w, { ...bias, out: out.slice(first, x.rows) });
    }
  }

  async multiplyBack(g: Tensor, ones: boolean, out: Tensor): Promise<void> {
    const engine = this.#engine;
    const part = engine.empty([out.rows, out.columns]);
    try {
      for await (const { x, first } of this.#pass()) {
        engine.matmul(x, g.slice(first, x.rows), { transposeA: true, ones, out: first === 0 ? out : part });
        if (first > 0) engine.addScaled(out, 1, part);
      }
    } finally {
      part.dispose();
    }
  }
}
