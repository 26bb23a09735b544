/// <reference lib="esnext.disposable" preserve="true" />
/** A sparse matrix for one engine's device: its rows for X·W and its columns for Xᵀ·G, each uploaded when it is first asked for. */
import type { SparseMatrix } from "../data/matrix.js";
import { atOnce, type InPieces } from "../data/pieces.js";
import { sparseRowRange } from "../data/sparse-matrix.js";
import { DisposedError, ShapeError } from "../errors.js";
import type { ElementType, HostArray, Matrix } from "../ops/op.js";
import { inTurns } from "./in-turns.js";
import type { MatmulOptions } from "./matmul-options.js";
import type { ColumnArrays, ColumnCounts } from "./sparse-columns.js";
import { ColumnCompressor } from "./sparse-columns.js";
import type { SparseMatmul } from "./sparse-matmul.js";
import { sparseMatmul } from "./sparse-matmul.js";
import type { SparseBlock, SparseLines, SparseSource } from "./sparse-source.js";
import type { Tensor } from "./tensor.js";

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
  /** @internal */
  readonly matrix: SparseMatrix | undefined;
  readonly #source: SparseSource;
  #disposed = false;

  /** @internal Use `engine.sparse`. `owner`: the engine. `matrix`: the same on the host, where it is there. */
  constructor(owner: object, source: SparseSource, matrix?: SparseMatrix) {
    this.owner = owner;
    this.matrix = matrix;
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

  /** @internal What `engine.matmul` does, with this as its left operand. @throws ShapeError, DataError, OptionError, DisposedError */
  multiply(owner: object, b: Tensor, options: MatmulOptions): SparseMatmul {
    if (this.#disposed) {
      const shape = this.shape.join(", ");
      throw new DisposedError("DISPOSED", `matmul: a sparse tensor of shape [${shape}] was used after dispose().`);
    }
    if (this.owner !== owner) {
      throw new ShapeError(
        "SHAPE_MISMATCH",
        "matmul: a sparse tensor belongs to another engine. Make it anew with this one.",
      );
    }
    return sparseMatmul(this.#source, b, options);
  }

  /** Makes ready what `transposeA` needs, bit by bit, so that the page stays responsive. Without it the first such product does. */
  async prepareTranspose(): Promise<void> {
    await inTurns(this.#source.prepareColumns(), () => undefined);
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

/** What of an engine is asked for. */
export interface SparseEngine {
  readonly traits: { readonly bindingBytes: number };
  empty(shape: readonly number[], type: ElementType): Tensor;
  write(t: Tensor, data: HostArray): void;
}

/** A matrix that has been through the door already, and that nobody changes any more. */
export function sparseTensorOn(engine: SparseEngine, matrix: SparseMatrix): SparseTensor {
  return new SparseTensor(engine, new WholeMatrix(engine, matrix), matrix);
}

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
  readonly #engine: SparseEngine;
  readonly #held: Tensor[] = [];
  #byRow: SparseBlock[] | undefined;
  #byColumn: SparseBlock[] | undefined;

  constructor(engine: SparseEngine, matrix: SparseMatrix) {
    this.#engine = engine;
    this.#matrix = matrix;
    this.#ends = rowBlocks(matrix, engine.traits.bindingBytes / 4);
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
    atOnce(this.prepareColumns());
    return this.#byColumn as SparseBlock[];
  }

  /** Makes and uploads the columns; yields where a page may have its turn. */
  *prepareColumns(): InPieces<void> {
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
      const type = data instanceof Int32Array ? "i32" : "f32";
      // A matrix of zeros stores nothing, and no tensor is empty.
      const t = this.#engine.empty([Math.max(1, data.length)], type);
      this.#held.push(t);
      if (data.length > 0) this.#engine.write(t, data);
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
