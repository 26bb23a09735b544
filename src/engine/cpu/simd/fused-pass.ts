/**
 * Forward, softmax, cross-entropy and gradient of a linear model in one pass: each block of rows of X is read once and serves
 * both products while it lies in the core's cache. The logits exist for one block only.
 */
import type { CrossEntropyArguments } from "../../../ops/cross-entropy.js";
import { hostMatrix } from "../../../ops/host-matrix.js";
import type { HostMatrix, On } from "../../../ops/op.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import { FeatureBlocks } from "./feature-blocks.js";
import { ForwardPass, forwardBytes } from "./forward-pass.js";
import { GradientPass, gradientBytes } from "./gradient-pass.js";
import { CrossEntropyRows, targetBytes } from "./row-work.js";

/** Cross-entropy of `X · W + b`; `loss` [1×n] is written, as the op does. */
export interface FusedArguments extends Omit<On<CrossEntropyArguments, HostMatrix>, "logits" | "gradient"> {
  readonly x: HostMatrix;
  /** [d×k] */
  readonly weights: HostMatrix;
  /** [1×k] */
  readonly bias: HostMatrix | undefined;
}

export class FusedPass {
  /** Begin at multiples of so many rows: where sums are cut shows in their bits. */
  readonly grain: number;
  readonly #memory: KernelMemory;
  readonly #resolve: () => FusedArguments;
  readonly #blocks: FeatureBlocks;
  readonly #forward: ForwardPass;
  readonly #rows: CrossEntropyRows;
  readonly #gradient: GradientPass;
  readonly #staging: number;
  readonly #logits: number;
  readonly #dLogits: number;

  /** Undefined when there is no memory, or where kernels cannot reach soft targets. `ones`: the intercept's gradient too. */
  static create(memory: KernelMemory, resolve: () => FusedArguments, ones: boolean): FusedPass | undefined {
    const { x, weights, soft } = resolve();
    if (soft && memory.addressOf(soft) === undefined) return undefined;
    const blocks = new FeatureBlocks(x);
    const { columns } = weights;
    const blockBytes = 4 * blocks.rows * columns;
    const sizes = [
      blocks.bytes,
      forwardBytes(blocks.width, columns),
      targetBytes(columns),
      blockBytes,
      blockBytes,
      gradientBytes(blocks.width, columns),
    ].map((bytes) => Math.ceil(bytes / 64) * 64);
    const scratch = memory.scratch(sizes.reduce((sum, size) => sum + size));
    if (scratch === undefined) return undefined;
    let end = scratch;
    const places = sizes.map((size) => {
      end += size;
      return end - size;
    });
    return new FusedPass(memory, resolve, blocks, places, ones);
  }

  private constructor(
    memory: KernelMemory,
    resolve: () => FusedArguments,
    blocks: FeatureBlocks,
    [staging, packed, rows, logits, dLogits, sums]: number[],
    ones: boolean,
  ) {
    const { weights, bias, classWeight } = resolve();
    const { columns } = weights;
    this.grain = blocks.rows;
    this.#memory = memory;
    this.#resolve = resolve;
    this.#blocks = blocks;
    this.#staging = staging;
    this.#logits = logits;
    this.#dLogits = dLogits;
    this.#forward = new ForwardPass(memory, blocks, { b: weights, transposeB: false, bias, alpha: 1, columns }, packed);
    this.#rows = new CrossEntropyRows(memory, columns, classWeight, rows);
    this.#gradient = new GradientPass(memory, blocks, columns, ones, sums);
  }

  /** Rows `first …`, in order and without gaps from call to call. */
  run(first: number, count: number): void {
    const { x, weights, bias, ...targets } = this.#resolve();
    const { rows, pieces } = this.#blocks;
    const { columns } = weights;
    const stride = 4 * columns;
    // Not read: the kernels get addresses.
    const args = { ...targets, logits: hostMatrix(new Float32Array(0), x.rows, columns), gradient: undefined };
    for (let i = first; i < first + count; i += rows) {
      const block = Math.min(rows, first + count - i);
      let staged = { address: 0, stride: 0 };
      for (let p = 0; p < pieces.length; p++) {
        staged = this.#blocks.stage(this.#memory, x, i, block, p, this.#staging);
        this.#forward.run(staged, p, block, this.#logits, stride);
      }
      this.#rows.run(args, i, block, this.#logits, this.#dLogits);
      for (let p = 0; p < pieces.length; p++) {
        // A single piece still lies where it was decoded.
        if (pieces.length > 1) staged = this.#blocks.stage(this.#memory, x, i, block, p, this.#staging);
        this.#gradient.run(staged, p, block, this.#dLogits, stride);
      }
      this.#gradient.endBlock(block, this.#dLogits, stride);
    }
  }

  /** After the last row: `[X, 1]ᵀ · dZ` or `Xᵀ · dZ`. */
  finish(out: HostMatrix): void {
    this.#gradient.finish(out, this.#resolve().x.columns, 1, undefined);
  }
}
