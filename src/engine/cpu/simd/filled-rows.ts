/**
 * Lists of the quads of a block's rows that are not blank, and bins of them for the gradient: what is blank is not multiplied. Going by
 * lists or taking all quads shows in no bit, so each block goes the way that costs less, and blocks without blanks are looked
 * at only now and then.
 */
import { ELEMENT_BYTES } from "../wasm/decode.js";
import type { FilledForward } from "../wasm/filled-forward.js";
import type { FilledGradient } from "../wasm/filled-gradient.js";
import type { FindFilled } from "../wasm/filled-quads.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import type { BlockRows, FeatureBlocks } from "./feature-blocks.js";
import { wholeQuads } from "./staging.js";

/** Blocks of which a larger share is filled are taken whole. With few columns to multiply there is less to save. */
const largestShare = (columns: number): number => (columns > 4 ? 0.5 : 0.3);
/** After such a block, so many are not looked at. */
const BLOCKS_UNSEEN = 15;

/** A u16 for each quad, and what is written past them. All parts of scratch begin where 16 bytes do. */
const listBytes = ({ width }: FeatureBlocks): number => Math.ceil(width / 32) * 16 + 16;

/** Of each piece a count for every row, and their sum. */
const countBytes = ({ rows, pieces }: FeatureBlocks): number => Math.ceil((pieces.length * (rows + 1)) / 4) * 16;

export class FilledRows {
  readonly #memory: KernelMemory;
  readonly #blocks: FeatureBlocks;
  readonly #hasBins: boolean;
  readonly #find: FindFilled;
  readonly #elementBytes: number;
  readonly #values: number;
  readonly #factors: number;
  readonly #ends: number;
  readonly #lists: number;
  readonly #counts: number;
  readonly #mostFilled: number;
  #unseen = 0;

  /** Scratch for lists, and bins where they are wanted. */
  static bytes(blocks: FeatureBlocks, bins: boolean): number {
    const binned = bins ? blocks.width * (5 * blocks.rows + 1) : 0;
    return binned + countBytes(blocks) + blocks.rows * listBytes(blocks);
  }

  /** For products with so many columns. Undefined where a quad without bits is not one of zeros. `scratch` begins where 16 bytes do. */
  static create(
    memory: KernelMemory,
    blocks: FeatureBlocks,
    columns: number,
    bins: boolean,
    scratch: number,
  ): FilledRows | undefined {
    return blocks.encoding.affine ? undefined : new FilledRows(memory, blocks, columns, bins, scratch);
  }

  private constructor(memory: KernelMemory, blocks: FeatureBlocks, columns: number, bins: boolean, scratch: number) {
    const { rows, width, encoding } = blocks;
    this.#memory = memory;
    this.#blocks = blocks;
    this.#hasBins = bins;
    this.#find = memory.kernels.findFilled(encoding.type);
    this.#elementBytes = ELEMENT_BYTES[encoding.type];
    this.#mostFilled = (largestShare(columns) * width) / 4;
    this.#counts = scratch;
    this.#lists = this.#counts + countBytes(blocks);
    this.#factors = this.#lists + rows * listBytes(blocks);
    this.#values = this.#factors + rows * width;
    this.#ends = this.#values + 4 * rows * width;
  }

  /** Before the first block: looks at it, whatever the last ones were like. */
  begin(): void {
    this.#unseen = 0;
  }

  /** A kernel for so many columns; the first that a block is given fills the bins, if there are any. */
  forward(columns: number, isFirst: boolean): FilledForward {
    const keep = this.#hasBins && isFirst;
    return this.#memory.kernels.filledForward({ type: this.#blocks.encoding.type, columns, keep });
  }

  /** Makes the lists of a block's rows; false where it is to be taken whole. */
  find({ address, stride, order, rows }: BlockRows): boolean {
    if (this.#unseen > 0) {
      this.#unseen--;
      return false;
    }
    const { pieces } = this.#blocks;
    let filled = 0;
    for (let p = 0; p < pieces.length; p++) {
      const { column, columns } = pieces[p];
      const counts = this.#countsOf(p);
      const x = address + column * this.#elementBytes;
      const lists = this.#lists + column / 2;
      this.#find(x, stride, order ?? 0, lists, listBytes(this.#blocks), counts, rows, Math.floor(columns / 4));
      filled += this.#memory.allIntegers[counts / 4 + rows];
    }
    if (filled <= this.#mostFilled * rows) return true;
    this.#unseen = BLOCKS_UNSEEN;
    return false;
  }

  /** By a kernel of {@link forward}, a piece of the block that {@link find} has seen. */
  multiply(
    kernel: FilledForward,
    { address, stride, order, rows }: BlockRows,
    p: number,
    weights: number,
    from: number,
    fromStride: number,
    out: number,
    outStride: number,
  ): void {
    const { column, columns } = this.#blocks.pieces[p];
    const x = address + column * this.#elementBytes;
    const bin = this.#blocks.rows;
    // Written out: a call that spreads an array leaves it as garbage.
    kernel(
      x,
      stride,
      order ?? 0,
      weights,
      from,
      fromStride,
      out,
      outStride,
      rows,
      columns,
      this.#lists + column / 2,
      listBytes(this.#blocks),
      this.#countsOf(p),
      this.#values + 4 * column * bin,
      this.#factors + column * bin,
      // Rows of G are as long as those of the result.
      outStride,
      this.#ends + column,
      bin,
    );
  }

  /** Adds the products of a piece's bins and some columns of G, which begin at `g`, to sums. */
  addUp(kernel: FilledGradient, p: number, g: number, sums: number, sumsStride: number): void {
    const { column, columns } = this.#blocks.pieces[p];
    const bin = this.#blocks.rows;
    const [values, factors] = [this.#values + 4 * column * bin, this.#factors + column * bin];
    kernel(values, factors, this.#ends + column, bin, g, sums, sumsStride, wholeQuads(columns) / 4);
  }

  #countsOf(p: number): number {
    return this.#counts + 4 * p * (this.#blocks.rows + 1);
  }
}
