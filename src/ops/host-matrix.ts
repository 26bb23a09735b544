/** Reading and slicing of matrices in host memory, for the references and for the CPU device. */
import { halfValues } from "../half-float.js";
import type { HostArray, HostMatrix } from "./op.js";

/** A matrix over an array that holds plain values. */
export function hostMatrix(data: HostArray, rows: number, columns: number, scale = 1, offset = 0): HostMatrix {
  return { data, rows, columns, scale, offset };
}

/** The value at row i, column j. */
export function at(m: HostMatrix, i: number, j: number): number {
  const element = m.data[i * m.columns + j];
  return (m.data instanceof Uint16Array ? halfValues()[element] : element) * m.scale + m.offset;
}

/** Rows `first … first + rows − 1`, sharing memory. */
export function rowsOf(m: HostMatrix, first: number, rows: number): HostMatrix {
  return { ...m, rows, data: m.data.subarray(first * m.columns, (first + rows) * m.columns) };
}

/** Values `first … first + count − 1` of a vector, sharing memory. */
export function valuesOf(v: HostMatrix, first: number, count: number): HostMatrix {
  return { ...v, columns: count, data: v.data.subarray(first, first + count) };
}
