/** `U = L⁻¹` of `A = L·Lᵀ`, so that `A⁻¹ = Uᵀ·U`: in float64, row by row, on the host. */
import type { InPieces } from "../data/pieces.js";

/** Multiplications between two chances for the page. */
const PIECE_OPERATIONS = 2 ** 20;

/** Σ x·y over `count` values, in four sums that do not wait for each other. */
function dot(x: Float64Array, from: number, y: Float64Array, with_: number, count: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = count - (count % 4);
  for (let i = 0; i < whole; i += 4) {
    a += x[from + i] * y[with_ + i];
    b += x[from + i + 1] * y[with_ + i + 1];
    c += x[from + i + 2] * y[with_ + i + 2];
    d += x[from + i + 3] * y[with_ + i + 3];
  }
  for (let i = whole; i < count; i++) a += x[from + i] * y[with_ + i];
  return a + b + (c + d);
}

/**
 * U [p×p], lower triangular, of a symmetric A [p×p], which is written over; p³/3 multiplications. Undefined where A is not positive
 * definite in float64.
 */
export function* inverseFactor(a: Float64Array, p: number): InPieces<Float64Array | undefined> {
  let operations = 0;
  // L takes the place of A's lower triangle: each value is a product of two rows before it (Cholesky).
  for (let i = 0; i < p; i++) {
    const row = i * p;
    for (let j = 0; j < i; j++) {
      a[row + j] = (a[row + j] - dot(a, row, a, j * p, j)) / a[j * p + j];
    }
    const pivot = a[row + i] - dot(a, row, a, row, i);
    if (!(pivot > 0 && Number.isFinite(pivot))) return undefined;
    a[row + i] = Math.sqrt(pivot);
    operations += (i * i) / 2;
    if (operations < PIECE_OPERATIONS) continue;
    operations = 0;
    yield;
  }
  // Columns of L⁻¹ lie in rows, so that the products are of what lies together.
  const columns = new Float64Array(p * p);
  for (let j = 0; j < p; j++) {
    const column = j * p;
    columns[column + j] = 1 / a[column + j];
    for (let i = j + 1; i < p; i++) {
      columns[column + i] = -dot(a, i * p + j, columns, column + j, i - j) / a[i * p + i];
    }
    operations += ((p - j) * (p - j)) / 2;
    if (operations < PIECE_OPERATIONS) continue;
    operations = 0;
    yield;
  }
  return columns;
}
