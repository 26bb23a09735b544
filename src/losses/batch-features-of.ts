/** Who brings the features of minibatches, by what X is. */
import type { SparseMatrix } from "../data/matrix.js";
import type { SparseTensor } from "../engine/sparse-tensor.js";
import type { Tensor } from "../engine/tensor.js";
import { isSparseTensor } from "../engine/tensor-engine.js";
import type { Workspace } from "../solvers/workspace.js";
import { type BatchFeatures, GatheredRows } from "./batch-features.js";

/** Takes the memory that batches of so many rows need. */
export type MakeBatchFeatures = (workspace: Workspace, batchSize: number) => BatchFeatures;

/** What it takes for sparse rows is loaded here: most rows are dense. */
export async function batchFeaturesOf(x: Tensor | SparseTensor): Promise<MakeBatchFeatures> {
  if (!isSparseTensor(x)) return (workspace, batchSize) => new GatheredRows(workspace, x, batchSize);
  const { SparseBatches } = await import("./sparse-batches.js");
  // Only batches themselves are nowhere on the host.
  return (workspace, batchSize) => new SparseBatches(workspace, x.matrix as SparseMatrix, batchSize);
}
