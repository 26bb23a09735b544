/** `μ = Xᵀr / Σr` for several row weightings r at once: one pass over X for all of them. */
import type { Workspace } from "../solvers/workspace.js";
import type { DataProducts } from "./data-products.js";
import type { RowWeighting } from "./joined-problem.js";

/** [d] each, in the order of the weightings. */
export async function weightedMeans(
  workspace: Workspace,
  products: DataProducts,
  weightings: readonly RowWeighting[],
): Promise<Float32Array[]> {
  const { rows, columns } = products;
  const count = weightings.length;
  const stacked = new Float32Array(rows * count);
  weightings.forEach(({ weights }, j) => {
    for (let i = 0; i < rows; i++) stacked[i * count + j] = weights ? weights[i] : 1;
  });
  const r = workspace.tensor({ data: stacked, shape: [rows, count] });
  const sums = workspace.empty([columns, count]);
  await products.multiplyBack(r, false, sums);
  const [data] = await workspace.engine.read(sums);
  // Not needed any more, while what comes next is large.
  workspace.free(r, sums);
  return weightings.map(({ total }, j) =>
    // A column whose sum is beyond float32 stays as it is: if it can be learnt from at all, then so.
    Float32Array.from({ length: columns }, (_, l) => {
      const mean = data[l * count + j] / total;
      return Number.isFinite(mean) ? mean : 0;
    }),
  );
}
