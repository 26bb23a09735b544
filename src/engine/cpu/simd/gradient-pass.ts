/**
 * `out = α · [X, 1]ᵀ · G + bias` for few columns of G, a block of rows at a time. Sums are kept in f32 for a chunk of rows and in
 * float64 over chunks, cut at fixed rows: the bits depend on nothing but the data.
 */
import type { HostMatrix } from "../../../ops/op.js";
import type { Encoding } from "../wasm/decode.js";
import { ELEMENT_BYTES } from "../wasm/decode.js";
import type { FilledForward } from "../wasm/filled-forward.js";
import type { FilledGradient } from "../wasm/filled-gradient.js";
import { WIDEST_FILLED_GROUP } from "../wasm/filled-gradient.js";
import type { Gradient } from "../wasm/gradient.js";
import { WIDEST_GROUP } from "../wasm/gradient.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import type { BlockRows, FeatureBlocks, FeatureRows, Piece } from "./feature-blocks.js";
import { balanced } from "./feature-blocks.js";
import { FilledRows } from "./filled-rows.js";
import { wholeQuads } from "./staging.js";

/** Rows of a chunk, a multiple of every block's. */
const CHUNK_ROWS = 1024;

const PLAIN: Encoding = { type: "f32", affine: false };

/** Sums in f32, then totals and those of G's columns in float64. */
export const gradientBytes = (width: number, columns: number): number => 12 * width * columns + 8 * columns + 64;

interface Group {
  readonly first: number;
  readonly columns: number;
  /** From X as it is stored, keeping it or not, and from the block as it has been kept. */
  readonly kernels: readonly [Gradient, Gradient, Gradient];
}

export interface GradientForm {
  /** Of G. */
  readonly columns: number;
  /** The sums of G's columns too. */
  readonly ones: boolean;
  /** To skip what is blank, where that can be. */
  readonly filled: FilledRows | undefined;
}

export class GradientPass {
  readonly #memory: KernelMemory;
  readonly #blocks: FeatureBlocks;
  readonly #columns: number;
  readonly #sums: number;
  readonly #totals: number;
  readonly #groups: readonly Group[];
  /** The same from bins of filled quads, and what fills the bins. */
  readonly #filledGroups: readonly { readonly first: number; readonly kernel: FilledGradient }[];
  readonly #filled: FilledRows | undefined;
  readonly #sort: FilledForward | undefined;
  readonly #decoding: readonly [number, number];
  readonly #ones: boolean;
  #rowsInChunk = 0;

  /** `scratch` has room for `gradientBytes`. */
  constructor(
    memory: KernelMemory,
    blocks: FeatureBlocks,
    x: HostMatrix,
    { columns, ones, filled }: GradientForm,
    scratch: number,
  ) {
    const { encoding, width } = blocks;
    this.#memory = memory;
    this.#blocks = blocks;
    this.#columns = columns;
    this.#ones = ones;
    this.#decoding = [x.scale, x.offset];
    this.#totals = Math.ceil(scratch / 16) * 16;
    this.#sums = this.#totals + 8 * columns * (width + 1);
    this.#groups = balanced(columns, WIDEST_GROUP).map((group) => {
      const kernel = (from: Encoding, keep: boolean): Gradient =>
        memory.kernels.gradient({ ...from, columns: group.columns, keep });
      return { ...group, kernels: [kernel(encoding, false), kernel(encoding, true), kernel(PLAIN, false)] };
    });
    this.#filled = filled;
    this.#sort = filled?.forward(0, true);
    this.#filledGroups = balanced(filled ? columns : 0, WIDEST_FILLED_GROUP).map((group) => ({
      first: group.first,
      kernel: memory.kernels.filledGradient(group.columns),
    }));
  }

  /** Clears the sums, before the first block. */
  begin(): void {
    const bytes = this.#columns * (12 * this.#blocks.width + 8);
    this.#memory.allFloats.fill(0, this.#totals / 4, (this.#totals + bytes) / 4);
    this.#rowsInChunk = 0;
  }

  /** Adds a block of rows as they are stored; `g` holds their rows of G. `kept` has room for `keptBytes`. */
  run(block: BlockRows, kept: number, g: number): void {
    const { address, stride, rows } = block;
    const filled = this.#filled;
    if (filled?.find(block)) {
      const sort = this.#sort as FilledForward;
      for (let p = 0; p < this.#blocks.pieces.length; p++)
        filled.multiply(sort, block, p, 0, 0, 0, 0, 4 * this.#columns);
      this.runKept(filled, rows, g, rows);
      return;
    }
    const { pieces, width, encoding } = this.#blocks;
    const inPlace = encoding.type === "f32";
    for (const piece of pieces) {
      const { column } = piece;
      const x = address + column * ELEMENT_BYTES[encoding.type];
      const to = kept + 4 * column;
      for (let index = 0; index < this.#groups.length; index++) {
        const group = this.#groups[index];
        // The first group leaves the features decoded for the others.
        const [plain, keeping, again] = group.kernels;
        if (inPlace || this.#groups.length === 1) this.#add(plain, group, piece, rows, x, stride, 0, g);
        else if (index === 0) this.#add(keeping, group, piece, rows, x, stride, to, g);
        else this.#add(again, group, piece, rows, to, 4 * width, 0, g);
      }
    }
    this.#endBlock(rows, rows, g);
  }

  /** The same of rows that lie as f32 or in bins, all that are left of `count`. */
  runKept(features: FeatureRows | FilledRows, rows: number, g: number, count: number): void {
    if (features instanceof FilledRows) this.#runFilled(features, g);
    else this.#runPlain(features, rows, g);
    this.#endBlock(rows, count, g);
  }

  #runFilled(filled: FilledRows, g: number): void {
    const { width, pieces } = this.#blocks;
    for (let p = 0; p < pieces.length; p++) {
      for (const { first, kernel } of this.#filledGroups) {
        filled.addUp(kernel, p, g + 4 * first, this.#sums + 4 * (first * width + pieces[p].column), 4 * width);
      }
    }
  }

  #runPlain({ address, stride }: FeatureRows, rows: number, g: number): void {
    for (const piece of this.#blocks.pieces) {
      for (const group of this.#groups) {
        this.#add(group.kernels[2], group, piece, rows, address + 4 * piece.column, stride, 0, g);
      }
    }
  }

  /** A piece of rows of X at an address; `kept`: where it is to be left decoded, or 0. */
  #add(
    kernel: Gradient,
    { first }: Group,
    { column, columns }: Piece,
    rows: number,
    x: number,
    stride: number,
    kept: number,
    g: number,
  ): void {
    const { width } = this.#blocks;
    const sums = this.#sums + 4 * (first * width + column);
    const keptStride = kept === 0 ? 0 : 4 * width;
    const [scale, offset] = this.#decoding;
    const from = g + 4 * first;
    const quads = wholeQuads(columns) / 4;
    // Written out: a call that spreads an array leaves it as garbage.
    kernel(x, stride, kept, keptStride, from, 4 * this.#columns, sums, 4 * width, rows, quads, scale, offset);
  }

  /** Chunks are cut by the rows that there were. */
  #endBlock(rows: number, count: number, g: number): void {
    const { width } = this.#blocks;
    const columns = this.#columns;
    if (this.#ones) this.#memory.kernels.addRows()(g, 4 * columns, rows, columns, this.#totals + 8 * columns * width);
    this.#rowsInChunk += count;
    if (this.#rowsInChunk >= CHUNK_ROWS) this.#flush();
  }

  #flush(): void {
    this.#memory.kernels.flush()(this.#sums, this.#totals, this.#columns * this.#blocks.width);
    this.#rowsInChunk = 0;
  }

  /** `factor` times the sums, features by columns, at an address; then those of the ones. */
  finish(out: number, features: number, factor: number): void {
    this.#flush();
    const { width, factor: scale } = this.#blocks;
    const columns = this.#columns;
    const unpack = this.#memory.kernels.unpack();
    unpack(this.#totals, width, out, features, columns, factor * scale);
    if (this.#ones) {
      unpack(this.#totals + 8 * columns * width, 1, out + 4 * features * columns, 1, columns, factor);
    }
  }
}
