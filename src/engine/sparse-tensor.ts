/// <reference lib="esnext.disposable" preserve="true" />
/** A sparse matrix for one engine's device: its rows for X·W and its columns for Xᵀ·G, each uploaded when it is first asked for. */
import type { SparseMatrix } from "../data/matrix.js";
import { sparseRowRange } from "../data/sparse-matrix.js";
import { DisposedError } from "../errors.js";
import type { Matrix } from "../ops/op.js";
import type { ColumnArrays, ColumnCounts } from "./sparse-columns.js";
import { ColumnCompressor } from "./sparse-columns.js";
import type { Tensor } from "./tensor.js";

/** Rows or columns on the device, as the sparse product wants them. */
export interface SparseLines {
  readonly values: Tensor;
  readonly indices: Tensor;
  readonly starts: Tensor;
  /** Which column of X each line is, the first of them a column of ones; undefined for rows, which are all there. */
  readonly lines: Tensor | undefined;
  readonly count: number;
  readonly long: number;
  readonly middling: number;
  readonly nonzeros: number;
}

/** Some of the rows, by themselves or as columns. */
export interface SparseBlock {
  readonly firstRow: number;
  readonly rows: number;
  readonly lines: SparseLines;
}

/** Where the lines come from. */
export interface SparseSource extends Matrix {
  readonly nonzeros: number;
  byRow(): readonly SparseBlock[];
  byColumn(): readonly SparseBlock[];
  dispose(): void;
}

/**
 * A sparse matrix [n×d], the left operand of `engine.matmul`, as it is or transposed. Its values are f32. It is never made dense.
 */
export class SparseTensor implements Matrix {
  /** `[n, d]` */
  readonly shape: readonly [number, number];
  /** n */
  readonly rows: number;
  /** d */
  readonly columns: number;
  /** How many values are stored. */
  readonly nonzeros: number;
  /** @internal */
  readonly owner: object;
  readonly #source: SparseSource;
  #disposed = false;

  /** @internal Use `engine.sparse`. */
  constructor(owner: object, source: SparseSource) {
    this.owner = owner;
    this.#source = source;
    this.rows = source.rows;
    this.columns = source.columns;
    this.shape = [source.rows, source.columns];
    this.nonzeros = source.nonzeros;
  }

  /** Whether its memory has been given back. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /** @internal */
  get byRow(): readonly SparseBlock[] {
    this.#requireAlive();
    return this.#source.byRow();
  }

  /** @internal */
  get byColumn(): readonly SparseBlock[] {
    this.#requireAlive();
    return this.#source.byColumn();
  }

  #requireAlive(): void {
    if (!this.#disposed) return;
    const shape = this.shape.join(", ");
    throw new DisposedError("DISPOSED", `matmul: a sparse tensor of shape [${shape}] was used after dispose().`);
  }

  /** Gives the memory back. A second call does nothing. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#source.dispose();
  }

  /** As {@link SparseTensor.dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** A tag of its own, by which frameworks tell that this is no plain object to be wrapped in a proxy. */
  get [Symbol.toStringTag](): string {
    return "SparseTensor";
  }
}

/** A vector on the device with a copy of these values. */
export type Upload = (data: Float32Array | Int32Array) => Tensor;

/** Rows that go into one binding together with a value for each of them, none longer than `mostValues`; at least one row. */
export function rowBlocks({ starts, rows }: Pick<SparseMatrix, "starts" | "rows">, mostValues: number): number[] {
  const ends: number[] = [];
  for (let first = 0; first < rows; ) {
    let end = first + 1;
    while (end < rows && starts[end + 1] - starts[first] + (end + 2 - first) <= mostValues) end++;
    ends.push(end);
    first = end;
  }
  return ends;
}

/** All of a matrix, from memory of the host that nobody else has. */
export class WholeMatrix implements SparseSource {
  readonly rows: number;
  readonly columns: number;
  readonly nonzeros: number;
  readonly #matrix: SparseMatrix;
  readonly #ends: readonly number[];
  readonly #upload: Upload;
  readonly #held: Tensor[] = [];
  #byRow: SparseBlock[] | undefined;
  #byColumn: SparseBlock[] | undefined;

  /** `bindingBytes`: of the largest storage binding. */
  constructor(matrix: SparseMatrix, bindingBytes: number, upload: Upload) {
    this.#matrix = matrix;
    this.#ends = rowBlocks(matrix, bindingBytes / 4);
    this.#upload = upload;
    this.rows = matrix.rows;
    this.columns = matrix.columns;
    this.nonzeros = matrix.values.length;
  }

  byRow(): readonly SparseBlock[] {
    this.#byRow ??= this.#blocks((part) => {
      const { values, indices, starts, rows } = part;
      const sizes = { count: rows, long: 0, middling: 0, nonzeros: values.length };
      return { ...this.#take({ values, indices, starts }), lines: undefined, ...sizes };
    });
    return this.#byRow;
  }

  byColumn(): readonly SparseBlock[] {
    for (const step = this.compressColumns(); !step.next().done; );
    return this.#byColumn as SparseBlock[];
  }

  /** Makes and uploads the columns; yields where a page may have its turn. */
  *compressColumns(): Generator<undefined, void> {
    if (this.#byColumn) return;
    const blocks: SparseBlock[] = [];
    let firstRow = 0;
    for (const end of this.#ends) {
      const rows = end - firstRow;
      const part = sparseRowRange(this.#matrix, firstRow, rows);
      const arrays = columnArrays(part.values.length + rows, Math.min(part.columns, part.values.length) + 1);
      const compressor = new ColumnCompressor(part);
      const counts: ColumnCounts = yield* compressor.compress((i) => i, rows, arrays, { value: 0, line: 0 });
      const { values, indices, starts, lines } = arrays;
      const used = {
        ...{ values, indices },
        ...{ starts: starts.subarray(0, counts.count + 1), lines: lines.subarray(0, counts.count) },
      };
      blocks.push({ firstRow, rows, lines: { ...this.#take(used), ...counts } });
      firstRow = end;
      yield;
    }
    this.#byColumn = blocks;
  }

  #blocks(linesOf: (part: SparseMatrix) => SparseLines): SparseBlock[] {
    let firstRow = 0;
    return this.#ends.map((end) => {
      const first = firstRow;
      firstRow = end;
      return { firstRow: first, rows: end - first, lines: linesOf(sparseRowRange(this.#matrix, first, end - first)) };
    });
  }

  #take<Arrays extends Readonly<Record<string, Float32Array | Int32Array>>>(
    arrays: Arrays,
  ): { readonly [K in keyof Arrays]: Tensor } {
    const entries = Object.entries(arrays).map(([name, data]) => {
      // A matrix of zeros stores nothing, and no tensor is empty.
      const t = this.#upload(
        data.length > 0 ? data : data instanceof Int32Array ? new Int32Array(1) : new Float32Array(1),
      );
      this.#held.push(t);
      return [name, t];
    });
    return Object.fromEntries(entries) as { readonly [K in keyof Arrays]: Tensor };
  }

  dispose(): void {
    for (const t of this.#held.splice(0)) t.dispose();
  }
}

/** Memory of the host for the columns of some rows. */
export function columnArrays(values: number, lines: number): ColumnArrays {
  return {
    values: new Float32Array(values),
    indices: new Int32Array(values),
    starts: new Int32Array(lines + 1),
    lines: new Int32Array(lines),
  };
}
