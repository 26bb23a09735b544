/** Weighted means and variances of the columns of X: of rows on the device, and of rows that come in parts. */
import type { SparseMatrix } from "../data/matrix.js";
import type { SparseTensor } from "../engine/sparse-tensor.js";
import type { Tensor } from "../engine/tensor.js";
import { isSparseTensor } from "../engine/tensor-engine.js";
import { columnMoments } from "../ops/column-moments.js";
import type { Workspace } from "../solvers/workspace.js";
import { sparseMoments } from "./sparse-moments.js";

/** [3×d]: m, Σ r·(x − m)², Σr, as `columnMoments` gives them. One pass over X, and one read where it is dense. */
export async function momentsOf(
  workspace: Workspace,
  x: Tensor | SparseTensor,
  rowWeight: { readonly onHost: Float32Array | undefined; readonly onDevice: Tensor | undefined },
): Promise<Float32Array> {
  // Only minibatches are nowhere on the host.
  if (isSparseTensor(x)) return sparseMoments(x.matrix as SparseMatrix, rowWeight.onHost);
  const [moments] = await momentsByWeights(workspace, x, [rowWeight.onDevice]);
  return moments;
}

/** The same of dense rows for each of several ways in which they count: a pass over X each, and one read for all. */
export async function momentsByWeights(
  workspace: Workspace,
  x: Tensor,
  rowWeights: readonly (Tensor | undefined)[],
): Promise<Float32Array[]> {
  const { engine } = workspace;
  const outs = rowWeights.map((rowWeight) => {
    const out = workspace.empty([3, x.columns]);
    engine.run(columnMoments, { x, rowWeight, out });
    return out;
  });
  const moments = (await engine.read(...outs)) as Float32Array[];
  for (const out of outs) workspace.free(out);
  return moments;
}

/**
 * Moments of all rows from those of parts of them, in float64 (Chan, Golub & LeVeque 1983): what two parts' means are apart is squared,
 * never a mean itself.
 */
export class MergedMoments {
  readonly #means: Float64Array;
  readonly #squares: Float64Array;
  #total = 0;

  constructor(columns: number) {
    this.#means = new Float64Array(columns);
    this.#squares = new Float64Array(columns);
  }

  /** @param part [3×d]; its weights count `unit` times what it says */
  add(part: Float32Array | Float64Array, unit = 1): void {
    const [means, squares] = [this.#means, this.#squares];
    const d = means.length;
    const weight = unit * part[2 * d];
    if (weight === 0) return;
    const before = this.#total;
    this.#total += weight;
    const share = weight / this.#total;
    for (let l = 0; l < d; l++) {
      const apart = part[l] - means[l];
      means[l] += apart * share;
      squares[l] += unit * part[d + l] + apart * apart * before * share;
    }
  }

  /** [3×d]: m, Σ r·(x − m)², Σr. */
  get moments(): Float64Array {
    const d = this.#means.length;
    const moments = new Float64Array(3 * d).fill(this.#total);
    moments.set(this.#means);
    moments.set(this.#squares, d);
    return moments;
  }
}
