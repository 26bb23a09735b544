/** X whose rows do not fit on the device together: each product goes over the batches, which are brought in anew. */
import type { SparseTensor } from "../engine/sparse-tensor.js";
import type { Tensor } from "../engine/tensor.js";
import type { Workspace } from "../solvers/workspace.js";
import type { DataProducts } from "./data-products.js";

/** Rows `first …` of X, on the device until the next ones are asked for. */
export interface RowsFrom {
  readonly x: Tensor | SparseTensor;
  readonly first: number;
}

export class StreamedRows implements DataProducts {
  readonly rows: number;
  readonly columns: number;
  readonly #workspace: Workspace;
  readonly #pass: () => AsyncIterable<RowsFrom>;
  /** A batch's part of Xᵀ·g: as large as it was asked for last. */
  #part: Tensor | undefined;

  /** @param pass all rows of X [n×d], in the same order each time */
  constructor(workspace: Workspace, rows: number, columns: number, pass: () => AsyncIterable<RowsFrom>) {
    this.#workspace = workspace;
    this.#pass = pass;
    this.rows = rows;
    this.columns = columns;
  }

  async multiply(w: Tensor, shift: Tensor | undefined, out: Tensor): Promise<void> {
    const bias = shift && { bias: shift };
    for await (const { x, first } of this.#pass()) {
      this.#workspace.engine.matmul(x, w, { ...bias, out: out.slice(first, x.rows) });
    }
  }

  async multiplyBack(g: Tensor, ones: boolean, out: Tensor): Promise<void> {
    const { engine } = this.#workspace;
    const part = this.#partLike(out);
    for await (const { x, first } of this.#pass()) {
      engine.matmul(x, g.slice(first, x.rows), { transposeA: true, ones, out: first === 0 ? out : part });
      if (first > 0) engine.addScaled(out, 1, part);
    }
  }

  #partLike({ rows, columns }: Tensor): Tensor {
    const before = this.#part;
    if (before?.rows === rows && before.columns === columns) return before;
    if (before) this.#workspace.free(before);
    this.#part = this.#workspace.empty([rows, columns]);
    return this.#part;
  }
}
