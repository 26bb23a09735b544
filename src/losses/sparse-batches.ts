/**
 * Minibatches of sparse rows. A batch's columns are in no matrix of the device: the host, which knows the order, picks the rows of some
 * batches ahead, makes their columns, and writes both to memory that was taken at the start. That takes a few milliseconds for the
 * values of many steps, so that a step costs no upload of its own, and a matrix larger than the device's memory is no matter.
 */
import type { SparseMatrix } from "../data/matrix.js";
import { atOnce } from "../data/pieces.js";
import type { ColumnArrays } from "../engine/sparse-columns.js";
import { ColumnCompressor } from "../engine/sparse-columns.js";
import type { SparseBlock, SparseLines, SparseSource } from "../engine/sparse-source.js";
import { columnArrays, SparseTensor } from "../engine/sparse-tensor.js";
import type { Tensor } from "../engine/tensor.js";
import type { Workspace } from "../solvers/workspace.js";
import type { BatchFeatures } from "./batch-features.js";

/** Values that are picked at once, a few milliseconds' work, unless one batch has more; and batches. */
const MOST = { values: 1 << 18, batches: 64 };

/** Vectors are cut at multiples of four. */
const padded = (length: number): number => 4 * Math.ceil(length / 4);

/** The rows of some batches on the host, where columns have arrays of their own. */
interface RowArrays {
  readonly values: Float32Array;
  readonly indices: Int32Array;
  readonly starts: Int32Array;
}

/** Where the next batch goes. */
interface Place {
  rowValue: number;
  rowStart: number;
  columnValue: number;
  line: number;
}

type OnDevice<Arrays> = { readonly [K in keyof Arrays]: Tensor };

export class SparseBatches implements BatchFeatures {
  readonly #workspace: Workspace;
  readonly #matrix: SparseMatrix;
  readonly #batchSize: number;
  readonly #compressor: ColumnCompressor;
  readonly #rows: RowArrays;
  readonly #columns: ColumnArrays;
  readonly #rowMemory: OnDevice<RowArrays>;
  readonly #columnMemory: OnDevice<ColumnArrays>;
  #order: Int32Array = new Int32Array(0);
  /** By the first of their places in the order; none until they are asked for. */
  readonly #picked = new Map<number, SparseTensor>();

  constructor(workspace: Workspace, matrix: SparseMatrix, batchSize: number) {
    const mostValues = Math.max(longestBatch(matrix, batchSize), Math.min(MOST.values, matrix.values.length));
    const mostRows = Math.min(MOST.batches * batchSize, matrix.rows);
    const batches = Math.ceil(mostRows / batchSize);
    // Each batch begins at a multiple of four, and has a column of ones and an end.
    const lines = padded(Math.min(mostValues, batches * matrix.columns) + 5 * batches);
    this.#workspace = workspace;
    this.#matrix = matrix;
    this.#batchSize = batchSize;
    this.#compressor = new ColumnCompressor(matrix);
    this.#rows = {
      values: new Float32Array(padded(mostValues)),
      indices: new Int32Array(padded(mostValues)),
      starts: new Int32Array(batches * padded(batchSize + 1)),
    };
    this.#columns = columnArrays(padded(mostValues + mostRows), lines);
    this.#rowMemory = memoryFor(workspace, this.#rows);
    this.#columnMemory = memoryFor(workspace, this.#columns);
  }

  setOrder(order: Int32Array): void {
    this.#order = order;
    this.#picked.clear();
  }

  rowsAt(_: Tensor, first: number): SparseTensor {
    if (!this.#picked.has(first)) this.#pick(first);
    return this.#picked.get(first) as SparseTensor;
  }

  /** As many batches from place `first` of the order on as there is room for. */
  #pick(first: number): void {
    this.#picked.clear();
    const place: Place = { rowValue: 0, rowStart: 0, columnValue: 0, line: 0 };
    const { starts } = this.#matrix;
    for (let from = first; from < this.#order.length && this.#picked.size < MOST.batches; from += this.#batchSize) {
      const rows = this.#order.subarray(from, from + this.#batchSize);
      const stored = rows.reduce((sum, row) => sum + starts[row + 1] - starts[row], 0);
      if (place.rowValue + stored > this.#rows.values.length) break;
      this.#picked.set(from, this.#batchOf(rows, stored, place));
    }
    this.#write(this.#rowMemory, this.#rows, {
      values: place.rowValue,
      indices: place.rowValue,
      starts: place.rowStart,
    });
    const { columnValue, line } = place;
    const used = { values: columnValue, indices: columnValue, starts: line, lines: line };
    this.#write(this.#columnMemory, this.#columns, used);
  }

  #batchOf(rows: Int32Array, stored: number, place: Place): SparseTensor {
    const byRow = this.#copyRows(rows, stored, place);
    const byColumn = this.#makeColumns(rows, place);
    const { columns } = this.#matrix;
    const blocks = (lines: SparseLines): readonly SparseBlock[] => [{ firstRow: 0, rows: rows.length, lines }];
    const source: SparseSource = {
      ...{ rows: rows.length, columns, nonzeros: stored },
      byRow: () => blocks(byRow),
      byColumn: () => blocks(byColumn),
      *prepareColumns() {},
      dispose() {},
    };
    return new SparseTensor(this.#workspace.engine, source);
  }

  #copyRows(rows: Int32Array, stored: number, place: Place): SparseLines {
    const { values, indices, starts } = this.#matrix;
    const into = this.#rows;
    const { rowStart } = place;
    rows.forEach((row, i) => {
      const [begin, end] = [starts[row], starts[row + 1]];
      into.starts[rowStart + i] = place.rowValue;
      into.values.set(values.subarray(begin, end), place.rowValue);
      into.indices.set(indices.subarray(begin, end), place.rowValue);
      place.rowValue += end - begin;
    });
    into.starts[rowStart + rows.length] = place.rowValue;
    place.rowStart += padded(rows.length + 1);
    return {
      ...this.#rowMemory,
      starts: this.#rowMemory.starts.slice(rowStart, place.rowStart - rowStart),
      lines: undefined,
      ...{ count: rows.length, long: 0, middling: 0, nonzeros: stored },
    };
  }

  #makeColumns(rows: Int32Array, place: Place): SparseLines {
    const at = { value: place.columnValue, line: place.line };
    const counts = atOnce(this.#compressor.compress((i) => rows[i], rows.length, this.#columns, at));
    place.columnValue += counts.nonzeros;
    place.line += padded(counts.count + 1);
    const cut = (t: Tensor): Tensor => t.slice(at.line, place.line - at.line);
    const { values, indices, starts, lines } = this.#columnMemory;
    return { values, indices, starts: cut(starts), lines: cut(lines), ...counts };
  }

  #write<Arrays extends object>(
    memory: OnDevice<Arrays>,
    arrays: Arrays,
    used: Readonly<Record<keyof Arrays, number>>,
  ): void {
    for (const key of Object.keys(used) as (keyof Arrays)[]) {
      const length = padded(used[key]);
      if (length === 0) continue;
      const data = (arrays[key] as Float32Array | Int32Array).subarray(0, length);
      this.#workspace.engine.write(memory[key].slice(0, length), data);
    }
  }
}

/** Values in the longest rows, as many as a batch has: no batch has more, and none less than one. */
function longestBatch({ starts, rows }: SparseMatrix, batchSize: number): number {
  const lengths = Int32Array.from({ length: rows }, (_, row) => starts[row + 1] - starts[row]).sort();
  return Math.max(
    1,
    lengths.subarray(Math.max(0, rows - batchSize)).reduce((sum, length) => sum + length, 0),
  );
}

function memoryFor<Arrays extends object>(workspace: Workspace, arrays: Arrays): OnDevice<Arrays> {
  const entries = Object.entries(arrays).map(([name, data]: [string, Float32Array | Int32Array]) => [
    name,
    workspace.empty([data.length], data instanceof Int32Array ? "i32" : "f32"),
  ]);
  return Object.fromEntries(entries) as OnDevice<Arrays>;
}
