/** Shapes and logits for the row-wise kernels: every way in which lanes share a row, and every class of shape. */
import type { HostMatrix } from "../../src/ops/op.js";
import { Random } from "../../src/random.js";
import { FOLDED_GRID_WIDTH, f32Matrix } from "./op-cases.js";
import { extremeLogits, randomValues } from "./random-matrix.js";
import { LARGEST_GRID_DIMENSION } from "./shapes.js";

export interface RowCase {
  readonly rows: number;
  readonly columns: number;
}

/** Where row-lanes.ts changes from one number of lanes or quads to the next, and from one read of a row to two. */
const COLUMN_EDGES = [1, 2, 3, 4, 5, 10, 16, 17, 63, 64, 65, 100, 257, 1000, 4096, 4097, 5000];

/** Rows round the workgroup's 64, all column edges, 1×1, tall, wide, prime, more rows than 65,535. */
export const ROW_CASES: readonly RowCase[] = [
  { rows: 1, columns: 1 },
  ...COLUMN_EDGES.map((columns) => ({ rows: columns > 200 ? 3 : 67, columns })),
  { rows: 63, columns: 4 },
  { rows: 64, columns: 4 },
  { rows: 65, columns: 4 },
  { rows: 2003, columns: 10 },
  { rows: 101, columns: 53 },
  { rows: 2, columns: 128_256 },
  { rows: LARGEST_GRID_DIMENSION, columns: 3 },
  { rows: LARGEST_GRID_DIMENSION + 2, columns: 3 },
];

/** More groups of 64 rows than one row of a folded grid holds. */
export const FOLDED_CASE: RowCase = { rows: FOLDED_GRID_WIDTH + 101, columns: 3 };

export const nameOf = ({ rows, columns }: RowCase): string => `${rows}×${columns}`;

/** The shape of a name: a test's title then is its shape. */
export function shapeOf(name: string): RowCase {
  const [rows, columns] = name.split("×").map(Number) as [number, number];
  return { rows, columns };
}

/** Logits in [−4, 4). */
export function moderate({ rows, columns }: RowCase, seed: number = rows + columns): HostMatrix {
  return f32Matrix(rows, columns, randomValues(rows * columns, seed, -4, 4));
}

/** Logits up to ±1e4: ties, saturation, underflow. */
export function extreme({ rows, columns }: RowCase, seed: number = rows + columns): HostMatrix {
  return f32Matrix(rows, columns, extremeLogits(rows, columns, seed));
}

/** A random order of 0 … length − 1. */
export function randomOrder(length: number, seed: number): number[] {
  const order = Uint32Array.from({ length }, (_, j) => j);
  new Random(seed).shuffle(order);
  return Array.from(order);
}

/** Rows of `order.length` values, each put into that order: column j becomes what column order[j] was. */
export function permuted(data: ArrayLike<number>, order: readonly number[]): Float32Array {
  return Float32Array.from(data, (_, e) => data[e - (e % order.length) + order[e % order.length]]);
}

const NOT_FINITE_BITS: Readonly<Record<string, number>> = {
  NaN: 0x7fc00000,
  "NaN with its sign set": 0xffc00001,
  "signalling NaN": 0x7f800001,
  infinity: 0x7f800000,
  "minus infinity": 0xff800000,
};

/** Names of what `spoilt` can put in. */
export const NOT_FINITE: readonly string[] = Object.keys(NOT_FINITE_BITS);

/** A copy with one element replaced, by bits: a JavaScript NaN could be any NaN. */
export function spoilt(m: HostMatrix, index: number, kind: string): HostMatrix {
  const data = Float32Array.from(m.data);
  new Uint32Array(data.buffer)[index] = NOT_FINITE_BITS[kind] as number;
  return { ...m, data };
}
