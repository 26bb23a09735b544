/**
 * `out = α · [X, 1]ᵀ · G + bias` for few columns of G, a block of rows at a time. Sums are kept in f32 for a chunk of rows and in
 * float64 over chunks, cut at fixed rows: the bits depend on nothing but the data.
 */
import { at } from "../../../ops/host-matrix.js";
import type { HostMatrix } from "../../../ops/op.js";
import { WIDEST_GROUP } from "../wasm/gradient.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import type { FeatureBlocks } from "./feature-blocks.js";
import { balanced } from "./feature-blocks.js";
import type { Staged } from "./staging.js";

/** Rows of a chunk, a multiple of every block's. */
const CHUNK_ROWS = 1024;

export const gradientBytes = (width: number, columns: number): number => 4 * width * columns;

export class GradientPass {
  readonly #memory: KernelMemory;
  readonly #blocks: FeatureBlocks;
  readonly #columns: number;
  readonly #sums: number;
  readonly #groups: readonly { first: number; columns: number }[];
  readonly #totals: Float64Array;
  /** Of G's columns. */
  readonly #ones: Float64Array | undefined;
  #rowsInChunk = 0;

  /** `scratch` has room for `gradientBytes`. */
  constructor(memory: KernelMemory, blocks: FeatureBlocks, columns: number, ones: boolean, scratch: number) {
    this.#memory = memory;
    this.#blocks = blocks;
    this.#columns = columns;
    this.#sums = scratch;
    this.#groups = balanced(columns, WIDEST_GROUP);
    this.#totals = new Float64Array(columns * blocks.width);
    this.#ones = ones ? new Float64Array(columns) : undefined;
    this.#chunk.fill(0);
  }

  get #chunk(): Float32Array {
    return this.#memory.floats(this.#sums, this.#totals.length);
  }

  /** Adds piece `p` of a block of rows; `g` holds their rows of G, `gStride` in bytes. */
  run(x: Staged, p: number, rows: number, g: number, gStride: number): void {
    const { column, quads } = this.#blocks.pieces[p];
    const { width } = this.#blocks;
    for (const { first, columns } of this.#groups) {
      const sums = this.#sums + 4 * (first * width + column);
      this.#memory.kernels.gradient(columns)(x.address, x.stride, g + 4 * first, gStride, sums, 4 * width, rows, quads);
    }
  }

  /** After the last piece of a block. */
  endBlock(rows: number, g: number, gStride: number): void {
    if (this.#ones) this.#addRows(this.#ones, rows, g, gStride);
    this.#rowsInChunk += rows;
    if (this.#rowsInChunk >= CHUNK_ROWS) this.#flush(true);
  }

  #addRows(ones: Float64Array, rows: number, g: number, gStride: number): void {
    const step = gStride / 4;
    const values = this.#memory.floats(g, (rows - 1) * step + this.#columns);
    for (let r = 0, from = 0; r < rows; r++, from += step) {
      for (let j = 0; j < ones.length; j++) ones[j] += values[from + j];
    }
  }

  #flush(more: boolean): void {
    const [chunk, totals] = [this.#chunk, this.#totals];
    for (let e = 0; e < totals.length; e++) totals[e] += chunk[e];
    if (more) chunk.fill(0);
    this.#rowsInChunk = 0;
  }

  /** Writes `factor` times the sums, plus the bias. */
  finish(out: HostMatrix, features: number, factor: number, bias: HostMatrix | undefined): void {
    this.#flush(false);
    const totals = this.#totals;
    const { width } = this.#blocks;
    const columns = this.#columns;
    const { data } = out;
    const shift = Float64Array.from({ length: columns }, (_, j) => (bias ? at(bias, 0, j) : 0));
    for (let l = 0, to = 0; l < features; l++) {
      for (let j = 0; j < columns; j++) data[to++] = factor * totals[j * width + l] + shift[j];
    }
    this.#ones?.forEach((sum, j) => {
      data[features * columns + j] = factor * sum + shift[j];
    });
  }
}
