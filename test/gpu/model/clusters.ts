/** Tiny training data: a cloud of rows round a point for each class, overlapping, so that every optimum is finite. */
import { Random } from "../../../src/random.js";
import { randomValues } from "../../support/random-matrix.js";

export interface Dataset {
  readonly x: { readonly data: Float32Array; readonly shape: readonly [number, number] };
  /** Class indices; every class occurs where there are rows enough. */
  readonly y: number[];
  readonly classes: number;
}

export function clusters(rows: number, features: number, classes: number, seed = 1): Dataset {
  const centres = randomValues(classes * features, seed + 1000);
  const noise = randomValues(rows * features, seed + 2000, -1.5, 1.5);
  const random = new Random(seed);
  const y = Array.from({ length: rows }, (_, i) => (i < classes ? i : random.integer(classes)));
  const data = noise.map((v, e) => v + centres[y[Math.floor(e / features)] * features + (e % features)]);
  return { x: { data, shape: [rows, features] }, y, classes };
}

/** Some of the rows, in the order given; one may come twice. */
export function rowsOf({ x, y, classes }: Dataset, indices: readonly number[]): Dataset {
  const features = x.shape[1];
  const data = new Float32Array(indices.length * features);
  indices.forEach((from, to) => {
    data.set(x.data.subarray(from * features, (from + 1) * features), to * features);
  });
  return { x: { data, shape: [indices.length, features] }, y: indices.map((i) => y[i]), classes };
}
