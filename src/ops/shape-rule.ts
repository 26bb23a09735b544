/** The one sentence in which every op complains about sizes. */
import { ShapeError } from "../errors.js";
import type { Matrix } from "./op.js";

/** `784 × 10` */
export const describe = (m: Matrix): string => `${m.rows} × ${m.columns}`;

/** Throws unless `m` is `rows × columns`. */
export function requireShape(op: string, name: string, m: Matrix, rows: number, columns: number): void {
  if (m.rows === rows && m.columns === columns) return;
  throw new ShapeError(
    "SHAPE_MISMATCH",
    `${op}: ${name} has the wrong shape: expected ${rows} × ${columns}, got ${describe(m)}. Check the operands' shapes and transposes.`,
  );
}
