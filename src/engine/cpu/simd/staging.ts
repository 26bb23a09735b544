/** Parts of matrices where kernels can reach them: in place when they lie in the kernels' memory as f32, else decoded into scratch. */
import type { HostArray, HostMatrix } from "../../../ops/op.js";
import type { FeatureType } from "../wasm/decode.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";

/** Rows of f32 in the kernels' memory. */
export interface Staged {
  readonly address: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
}

/** The part of a matrix that is wanted. */
export interface Part {
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
}

export function featureTypeOf(data: HostArray): FeatureType | undefined {
  if (data instanceof Float32Array) return "f32";
  if (data instanceof Uint8Array) return "u8";
  return data instanceof Uint16Array ? "f16" : undefined;
}

export const wholeQuads = (columns: number): number => Math.ceil(columns / 4) * 4;

/** Scratch that {@link stage} needs for a part: its values as f32, and its elements when they come from elsewhere. */
export const stagingBytes = (rows: number, columns: number): number => 2 * 4 * rows * wholeQuads(columns) + 64;

/** `padded`: rows must be followed by zeros up to a whole quad. `to` is an address of scratch. */
export function stage(memory: KernelMemory, m: HostMatrix, part: Part, padded: boolean, to: number): Staged {
  const { row, rows, column, columns } = part;
  const first = row * m.columns + column;
  const address = memory.addressOf(m);
  if (address !== undefined && (!padded || columns % 4 === 0)) {
    return { address: address + 4 * first, stride: 4 * m.columns };
  }
  const type = featureTypeOf(m.data) as FeatureType;
  const decode = memory.kernels.decode(type);
  const stride = 4 * wholeQuads(columns);
  const size = m.data.BYTES_PER_ELEMENT;
  const inPlace = memory.holds(m.data);
  const from = inPlace ? m.data.byteOffset + first * size : to + stride * rows;
  const step = inPlace ? m.columns : columns;
  if (!inPlace) copyIn(memory, m, part, from);
  // Rows without a gap between them are one long row.
  const whole = step === columns && columns % 4 === 0;
  const [lines, length] = whole ? [1, rows * columns] : [rows, columns];
  decode(from, step * size, to, lines, length, m.scale, m.offset);
  return { address: to, stride };
}

/** Elements of an array that lies elsewhere, as they are. */
export function copyIn(memory: KernelMemory, m: HostMatrix, { row, rows, column, columns }: Part, to: number): void {
  const target = new Uint8Array(memory.buffer, to);
  const { buffer, byteOffset, BYTES_PER_ELEMENT: size } = m.data;
  const source = new Uint8Array(buffer, byteOffset, m.data.byteLength);
  for (let r = 0; r < rows; r++) {
    const from = ((row + r) * m.columns + column) * size;
    target.set(source.subarray(from, from + columns * size), r * columns * size);
  }
}
