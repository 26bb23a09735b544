/** Means and deviations of rows that come in batches, each brought onto the device for its own. Loaded where columns are to be scaled. */
import { isSparseMatrix } from "../data/sparse-matrix.js";
import { inTurns } from "../engine/in-turns.js";
import { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { ColumnScaling, type Standardization } from "../losses/column-scaling.js";
import { MergedMoments, momentsOf } from "../losses/moments.js";
import { sparseMoments } from "../losses/sparse-moments.js";
import { Workspace } from "../solvers/workspace.js";
import { digestOf } from "../storage/digest.js";
import type { CheckedBatch } from "./batch-source.js";
import { evened } from "./training-data.js";
import { featuresOnDevice } from "./uploaded-rows.js";

export class BatchMoments {
  readonly #engine: TensorEngine;
  readonly #throwIfStopped: () => void;
  #merged: MergedMoments | undefined;

  constructor(engine: TensorEngine, throwIfStopped: () => void) {
    this.#engine = engine;
    this.#throwIfStopped = throwIfStopped;
  }

  async add({ x, weights }: CheckedBatch): Promise<void> {
    this.#merged ??= new MergedMoments(x.columns);
    const even = weights && evened(weights);
    // As far as they were brought near 1, by a power of two.
    const first = weights?.findIndex((w) => w > 0) ?? 0;
    const unit = weights && even ? weights[first] / even[first] : 1;
    this.#merged.add(isSparseMatrix(x) ? sparseMoments(x, even) : await this.#ofDense(x, even), unit);
  }

  async #ofDense(x: CheckedBatch["x"], weights: Float32Array | undefined): Promise<Float32Array> {
    const workspace = new Workspace(this.#engine);
    try {
      if (x instanceof Tensor) this.#engine.requireOwn("fit", x);
      const here = await inTurns(featuresOnDevice(workspace, x), this.#throwIfStopped);
      return await momentsOf(workspace, here, { onHost: weights, onDevice: weights && workspace.tensor(weights) });
    } finally {
      workspace.dispose();
    }
  }

  /** By all batches so far, one at least. */
  scaling(
    workspace: Workspace,
    how: Standardization,
    model: { readonly classes: number; readonly fitIntercept: boolean },
  ): ColumnScaling {
    return new ColumnScaling(workspace, (this.#merged as MergedMoments).moments, how, model);
  }

  /** Tells other rows, as far as their means or deviations are other ones. */
  get digest(): string {
    return digestOf((this.#merged as MergedMoments).moments);
  }
}
