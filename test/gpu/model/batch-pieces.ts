/** Rows of small clusters in batches of unlike sizes, and a model for them. */
import { type Engine, type RowBatch, SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";
import { usable } from "../../support/usable-options.js";
import { clusters, type Dataset, rowsOf } from "./clusters.js";

export const ROWS = 90;
export const FEATURES = 9;
export const CLASSES = 4;
export const data: Dataset = clusters(ROWS, FEATURES, CLASSES);
export const classes: readonly number[] = [0, 1, 2, 3];
/** Where the rows are cut: pieces of unlike sizes, none of them a multiple of four. */
export const CUTS: readonly number[] = [0, 7, 37, 38, 90];

export const piece = (from: number, to: number, all: Dataset = data): Dataset =>
  rowsOf(
    all,
    Array.from({ length: to - from }, (_, i) => from + i),
  );

export async function* inPieces(
  cuts: readonly number[] = CUTS,
  sampleWeight?: readonly number[],
  all: Dataset = data,
): AsyncGenerator<RowBatch> {
  for (let i = 1; i < cuts.length; i++) {
    await Promise.resolve();
    const { x, y } = piece(cuts[i - 1], cuts[i], all);
    yield { x, y, ...(sampleWeight && { sampleWeight: sampleWeight.slice(cuts[i - 1], cuts[i]) }) };
  }
}

export const thetaOf = (model: SoftmaxRegression): Float32Array =>
  Float32Array.of(...model.coef.data, ...model.intercept);

export const create = (engine: Engine, options: SoftmaxRegressionOptions): SoftmaxRegression =>
  new SoftmaxRegression(usable({ engine, classes, batchSize: 8, epochs: 3, l2: 0.01, ...options }));
