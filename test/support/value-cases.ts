/** Shapes for ops that work value by value: round the workgroup's 64 quads and the ends of quads, tall, wide, prime. */
import type { HostMatrix } from "../../src/ops/op.js";
import { FOLDED_GRID_WIDTH, f32Matrix } from "./op-cases.js";
import { randomValues } from "./random-matrix.js";
import type { RowCase } from "./row-cases.js";
import { LARGEST_GRID_DIMENSION } from "./shapes.js";

export const VALUE_CASES: readonly RowCase[] = [
  ...[1, 2, 3, 4, 5, 255, 256, 257].map((columns) => ({ rows: 1, columns })),
  { rows: 5, columns: 1 },
  { rows: 7, columns: 5 },
  { rows: 63, columns: 3 },
  { rows: 64, columns: 4 },
  { rows: 65, columns: 5 },
  { rows: 2003, columns: 10 },
  { rows: 101, columns: 53 },
  { rows: 3, columns: 5000 },
  { rows: LARGEST_GRID_DIMENSION + 2, columns: 3 },
];

/** More quads than a folded grid has workgroups in a row. */
export const FOLDED_VALUES: RowCase = { rows: FOLDED_GRID_WIDTH + 101, columns: 3 };

/** Values in [−1, 1). */
export function valuesFor({ rows, columns }: RowCase, seed: number): HostMatrix {
  return f32Matrix(rows, columns, randomValues(rows * columns, seed + 31 * rows + columns));
}
