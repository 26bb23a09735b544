/** Rows that the checks learn from: the same on every machine, overlapping, so that every optimum is finite. */
import type { CheckedRows } from "./classifier.js";

/** Numbers in [−1, 1) by a linear congruence modulo 2³² (Knuth's constants). */
export function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

export interface SampleRows {
  readonly x: CheckedRows;
  /** 0 … classes − 1, each of them. */
  readonly y: number[];
}

/** A cloud for each class, its centre at a corner of its own, multiples of 1/64 for which float32 is exact. */
export function clouds(rows: number, features: number, classes: number, seed = 1): SampleRows {
  const next = noise(seed);
  const y = Array.from({ length: rows }, (_, i) => (i * 7 + Math.floor(i / classes)) % classes);
  const x = y.map((label) =>
    Array.from({ length: features }, (_, f) => Math.round(64 * (1.5 * next() + corner(label, f))) / 64),
  );
  return { x, y };
}

/** A coordinate of the centre of a class: 1 or −1 by the bits of its number, and a little of its own. */
const corner = (label: number, feature: number): number =>
  (((label + 1) >> (feature % 3)) & 1 ? 1 : -1) + 0.25 * ((label + feature) % 3);

/** The order of `count` things that a fixed seed shuffles them into. */
export function shuffled(count: number, seed = 5): number[] {
  const next = noise(seed);
  return Array.from({ length: count }, (_, i) => ({ i, key: next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ i }) => i);
}

/** Each number many times in a text, to see whether an input has changed. */
export const snapshot = (x: CheckedRows, y: readonly unknown[]): string => JSON.stringify([x, y]);

/** The same rows in compressed sparse form, for a classifier that takes it wherever it takes rows. */
export function compressed(x: CheckedRows): CheckedRows {
  const entries = x.map((row) => row.flatMap((value, column) => (value === 0 ? [] : [{ value, column }])));
  const indptr = [0];
  for (const row of entries) indptr.push(indptr[indptr.length - 1] + row.length);
  const data = Float32Array.from(entries.flat(), ({ value }) => value);
  const indices = Int32Array.from(entries.flat(), ({ column }) => column);
  return { data, indices, indptr, shape: [x.length, x[0].length] } as unknown as CheckedRows;
}
