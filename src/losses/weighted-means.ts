/** `μ = Xᵀr / Σr` for several row weightings r at once: one pass over X for all of them. */
import type { SparseTensor } from "../engine/sparse-tensor.js";
import type { Tensor } from "../engine/tensor.js";
import type { Workspace } from "../solvers/workspace.js";
import type { RowWeighting } from "./joined-problem.js";

/** [d] each, in the order of the weightings. */
export async function weightedMeans(
  workspace: Workspace,
  x: Tensor | SparseTensor,
  weightings: readonly RowWeighting[],
): Promise<Float32Array[]> {
  const count = weightings.length;
  const stacked = new Float32Array(x.rows * count);
  weightings.forEach(({ weights }, j) => {
    for (let i = 0; i < x.rows; i++) stacked[i * count + j] = weights ? weights[i] : 1;
  });
  const columns = workspace.tensor({ data: stacked, shape: [x.rows, count] });
  const sums = workspace.keep(workspace.engine.matmul(x, columns, { transposeA: true }));
  const [data] = await workspace.engine.read(sums);
  // Not needed any more, while what comes next is large.
  workspace.free(columns, sums);
  return weightings.map(({ total }, j) =>
    // A column whose sum is beyond float32 stays as it is: if it can be learnt from at all, then so.
    Float32Array.from({ length: x.columns }, (_, l) => {
      const mean = data[l * count + j] / total;
      return Number.isFinite(mean) ? mean : 0;
    }),
  );
}
