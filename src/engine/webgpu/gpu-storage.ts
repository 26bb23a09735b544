/** A matrix in GPU buffers: rows padded to quads, cut into blocks where one binding is too small. */
import { DeviceError } from "../../errors.js";
import { QUAD_BYTES } from "../../ops/element-size.js";
import type { DeviceBlock, DeviceMatrix, ElementType, HostArray } from "../../ops/op.js";
import type { Storage, StoredMatrix } from "../backend.js";
import type { PooledBuffer } from "./buffer-pool.js";

export interface GpuBlock {
  readonly firstRow: number;
  readonly rows: number;
  readonly buffer: PooledBuffer;
}

export interface GpuStorage extends Storage {
  /** Quads from row to row. */
  readonly stride: number;
  readonly blocks: readonly GpuBlock[];
  /** The buffer is somebody else's. */
  readonly borrowed?: boolean;
}

/** Blocks of rows are multiples of this, except the last. */
const ROW_GRAIN = 64;

/** 128 GiB at the default limits: more is a mistake, and would fill the page with lists of buffers first. */
const MOST_BLOCKS = 1024;

/** Rows that fit one binding. Throws LIMIT_EXCEEDED when not even 64 do, though there are more. */
export function rowsPerBlock(rows: number, columns: number, type: ElementType, bindingBytes: number): number {
  const rowBytes = Math.ceil(columns / 4) * QUAD_BYTES[type];
  if (rows * rowBytes <= bindingBytes) return rows;
  const fitting = Math.floor(bindingBytes / rowBytes / ROW_GRAIN) * ROW_GRAIN;
  if (fitting > 0 && rows / fitting <= MOST_BLOCKS) return fitting;
  throw new DeviceError(
    "LIMIT_EXCEEDED",
    `engine: a matrix of ${rows} × ${columns} does not fit this GPU's limit maxStorageBufferBindingSize: expected rows of at most ` +
      `${Math.floor(bindingBytes / ROW_GRAIN)} bytes, ${MOST_BLOCKS * fitting} of them, got ${rowBytes}. Use fewer, or device: "cpu".`,
  );
}

/** What part of a storage to see; all of it unless said otherwise. */
export interface Part {
  readonly firstRow?: number;
  readonly rows?: number;
  /** For a slice of a vector: where it begins, a multiple of 4, and its length. */
  readonly firstColumn?: number;
  readonly columns?: number;
  readonly scale?: number;
  readonly offset?: number;
}

/** A part of a storage as ops see it. */
export function deviceMatrix(storage: GpuStorage, part: Part = {}): DeviceMatrix {
  const { firstRow = 0, rows = storage.rows, firstColumn = 0, columns = storage.columns, scale = 1, offset = 0 } = part;
  const blocks: DeviceBlock[] = [];
  for (const block of storage.blocks) {
    const begin = Math.max(firstRow, block.firstRow);
    const end = Math.min(firstRow + rows, block.firstRow + block.rows);
    if (begin >= end) continue;
    const inBlock = (begin - block.firstRow) * storage.stride + firstColumn / 4;
    blocks.push({ firstRow: begin - firstRow, rows: end - begin, buffer: block.buffer, offset: inBlock });
  }
  const stride = columns === storage.columns ? storage.stride : Math.ceil(columns / 4);
  return { rows, columns, type: storage.type, scale, offset, stride, blocks };
}

export const matrixOf = (t: StoredMatrix): DeviceMatrix => deviceMatrix(t.memory.storage as GpuStorage, t);

const ARRAY = { f32: Float32Array, f16: Uint16Array, u8: Uint8Array, i32: Int32Array } as const;

/** Rows `first …` of packed `data` with each row padded to whole quads; `data` itself when there is nothing to pad. */
export function padRows(data: HostArray, first: number, rows: number, columns: number, type: ElementType): HostArray {
  const padded = Math.ceil(columns / 4) * 4;
  const from = first * columns;
  const typed = data instanceof ARRAY[type];
  // WebGPU takes nothing from memory that may change its size.
  const { resizable, growable } = data.buffer as { resizable?: boolean; growable?: boolean };
  if (padded === columns && typed && !resizable && !growable) return data.subarray(from, from + rows * columns);
  const out = new ARRAY[type](rows * padded);
  for (let i = 0; i < rows; i++) out.set(data.subarray(from + i * columns, from + (i + 1) * columns), i * padded);
  return out;
}

/** The reverse: takes the padding out of rows as they stand in a buffer. */
export function unpadRows(bytes: ArrayBuffer, rows: number, columns: number, type: ElementType): HostArray {
  const padded = Math.ceil(columns / 4) * 4;
  const all = new ARRAY[type](bytes, 0, rows * padded);
  if (padded === columns) return all;
  const out = new ARRAY[type](rows * columns);
  for (let i = 0; i < rows; i++) out.set(all.subarray(i * padded, i * padded + columns), i * columns);
  return out;
}

/** The contents of several buffers as one. */
export function joined(parts: readonly ArrayBuffer[]): ArrayBuffer {
  if (parts.length === 1) return parts[0] as ArrayBuffer;
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return all.buffer;
}
