/** The features of one minibatch after the other, and where they come from: dense rows are gathered on the device. */
import type { SparseTensor } from "../engine/sparse-tensor.js";
import type { Tensor } from "../engine/tensor.js";
import { gatherRows } from "../ops/gather-rows.js";
import type { Workspace } from "../solvers/workspace.js";

export interface BatchFeatures {
  /** The order of the next epoch, as the device has it too. */
  setOrder(order: Int32Array): void;
  /** Those of rows `order[first …]`, until the next call. */
  rowsAt(order: Tensor, first: number, rows: number): Tensor | SparseTensor;
}

/** Rows of a tensor, gathered on the device. */
export class GatheredRows implements BatchFeatures {
  readonly #workspace: Workspace;
  readonly #x: Tensor;
  readonly #whole: Tensor;
  /** For the last batch of an epoch, when it is shorter than the others. */
  readonly #short: Tensor;

  constructor(workspace: Workspace, x: Tensor, batchSize: number) {
    const memory = (rows: number): Tensor => workspace.empty([rows, x.columns], x.type, x.scale, x.offset);
    const rest = x.rows % batchSize;
    this.#workspace = workspace;
    this.#x = x;
    this.#whole = memory(batchSize);
    this.#short = rest === 0 ? this.#whole : memory(rest);
  }

  /** The device has it. */
  setOrder(): void {}

  rowsAt(indices: Tensor, first: number, rows: number): Tensor {
    const out = rows === this.#whole.rows ? this.#whole : this.#short;
    this.#workspace.engine.run(gatherRows, { source: this.#x, indices, first, out });
    return out;
  }
}
