/** Scores of new rows, some thousand rows at a time, so that a large matrix never stands whole on the device. */
import type { DenseMatrix, FeatureStorage, SparseMatrix } from "../data/matrix.js";
import { allocated } from "../data/memory.js";
import { isSparseMatrix, sparseRowRange } from "../data/sparse-matrix.js";
import type { SparseTensor } from "../engine/sparse-tensor.js";
import { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { ShapeError } from "../errors.js";
import { Workspace } from "../solvers/workspace.js";
import type { Fitted } from "./fitted.js";
import { interceptOf, temperatureOf, weightsOf } from "./fitted.js";

/** What to make of the scores XW + b. */
export type Prediction = "scores" | "probabilities" | "log-probabilities" | "classes";

/** Bytes of features and scores that a chunk may take. */
const CHUNK_BYTES = 32 * 1024 * 1024;
const ROW_GRAIN = 64;

/** Steps of bytes are chosen for a whole matrix, but what is said of a row must not depend on the rows it comes with. */
export const storageForPrediction = (features: FeatureStorage): FeatureStorage =>
  features === "u8" ? "auto" : features;

export function requireFeatures(where: string, x: { readonly columns: number }, features: number): void {
  if (x.columns === features) return;
  throw new ShapeError(
    "SHAPE_MISMATCH",
    `${where}: X has another number of features than the model: expected ${features}, got ${x.columns}.`,
  );
}

export type RowsToPredict = DenseMatrix | SparseMatrix | Tensor;

/** [n×k] row by row, or `[n]` indices for `"classes"`. */
export async function predictRows(
  engine: TensorEngine,
  fitted: Fitted,
  x: RowsToPredict,
  wanted: Prediction,
): Promise<Float32Array | Int32Array> {
  const k = fitted.classes.length;
  const out = wanted === "classes" ? new Int32Array(x.rows) : allocated(Float32Array, x.rows, k, "predict");
  await predictChunks(engine, fitted, x, wanted, (data, first) => {
    out.set(data, wanted === "classes" ? first : first * k);
  });
  return out;
}

/** The same bit by bit: `visit` gets the answer for `count` rows from row `first` on, in order. */
export async function predictChunks(
  engine: TensorEngine,
  fitted: Fitted,
  x: RowsToPredict,
  wanted: Prediction,
  visit: (data: ArrayLike<number>, first: number, count: number) => void,
): Promise<void> {
  const { features, classes } = fitted;
  const k = classes.length;
  // Scores are raw, and the most probable class is the same at any temperature.
  const calibrated = wanted === "probabilities" || wanted === "log-probabilities";
  const alpha = calibrated ? 1 / temperatureOf(fitted) : 1;
  const ownBytes = isSparseMatrix(x) ? Math.ceil((8 * x.values.length) / x.rows) : 4 * features;
  const rowBytes = ownBytes + 8 * k;
  const chunk = Math.min(x.rows, Math.max(1, Math.floor(CHUNK_BYTES / rowBytes / ROW_GRAIN)) * ROW_GRAIN);
  const workspace = new Workspace(engine);
  try {
    const weights = workspace.tensor({ data: weightsOf(fitted), shape: [features, k] });
    const bias = workspace.tensor(interceptOf(fitted).map((b) => b * alpha));
    for (let first = 0; first < x.rows; first += chunk) {
      const count = Math.min(chunk, x.rows - first);
      const rows = await rowsOnDevice(workspace, x, first, count);
      const logits = workspace.keep(engine.matmul(rows, weights, { alpha, bias }));
      const made = workspace.keep(finish(engine, logits, wanted));
      const [data] = await engine.read(made);
      visit(data, first, count);
      // The next chunk takes their place.
      workspace.free(rows, logits, made);
    }
  } finally {
    workspace.dispose();
  }
}

function finish(engine: TensorEngine, logits: Tensor, wanted: Prediction): Tensor {
  if (wanted === "probabilities") return engine.softmax(logits);
  if (wanted === "log-probabilities") return engine.logSoftmax(logits);
  return wanted === "classes" ? engine.argmax(logits) : logits;
}

async function rowsOnDevice(
  workspace: Workspace,
  x: RowsToPredict,
  first: number,
  count: number,
): Promise<Tensor | SparseTensor> {
  if (x instanceof Tensor) return x.slice(first, count);
  if (!isSparseMatrix(x)) return workspace.fromDense(rowsOf(x, first, count));
  const { sparseTensorOn } = await import("../engine/sparse-tensor.js");
  return workspace.keep(sparseTensorOn(workspace.engine, sparseRowRange(x, first, count)));
}

function rowsOf(m: DenseMatrix, first: number, rows: number): DenseMatrix {
  return { ...m, rows, data: m.data.subarray(first * m.columns, (first + rows) * m.columns) };
}
