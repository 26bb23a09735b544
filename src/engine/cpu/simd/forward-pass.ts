/** `out = α · X · op(B) + bias` for few columns, a block of X's rows at a time: the logits of a linear model. */
import { at } from "../../../ops/host-matrix.js";
import type { HostMatrix } from "../../../ops/op.js";
import { WIDEST_PANEL } from "../wasm/forward.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import type { FeatureBlocks } from "./feature-blocks.js";
import { balanced } from "./feature-blocks.js";
import type { Staged } from "./staging.js";

export interface ForwardArguments {
  readonly b: HostMatrix;
  readonly transposeB: boolean;
  readonly bias: HostMatrix | undefined;
  readonly alpha: number;
  /** Columns of the result. */
  readonly columns: number;
}

export const forwardBytes = (width: number, columns: number): number => 4 * columns * (width + 1) + 64;

/** Weights packed for the kernels at a place in scratch. */
export class ForwardPass {
  readonly #memory: KernelMemory;
  readonly #blocks: FeatureBlocks;
  readonly #columns: number;
  readonly #bias: number;
  readonly #panels: readonly { first: number; columns: number; weights: number }[];

  constructor(memory: KernelMemory, blocks: FeatureBlocks, args: ForwardArguments, scratch: number) {
    const { columns } = args;
    const { width } = blocks;
    this.#memory = memory;
    this.#blocks = blocks;
    this.#columns = columns;
    this.#panels = balanced(columns, WIDEST_PANEL).map((panel) => ({
      ...panel,
      weights: scratch + 4 * width * panel.first,
    }));
    this.#bias = scratch + 4 * width * columns;
    const packed = memory.floats(scratch, columns * (width + 1));
    for (const panel of this.#panels) packPanel(packed.subarray(width * panel.first), args, panel, width);
    for (let j = 0; j < columns; j++) packed[width * columns + j] = args.bias ? at(args.bias, 0, j) : 0;
  }

  /** Adds piece `p` of a block to the rows at `out`, which begin as the bias; `outStride` in bytes. */
  run(x: Staged, p: number, rows: number, out: number, outStride: number): void {
    const { column, quads } = this.#blocks.pieces[p];
    for (const { first, columns, weights } of this.#panels) {
      const to = out + 4 * first;
      const [from, fromStride] = p === 0 ? [this.#bias + 4 * first, 0] : [to, outStride];
      const kernel = this.#memory.kernels.forward(columns);
      kernel(x.address, x.stride, weights + 4 * column * columns, from, fromStride, to, outStride, rows, quads);
    }
  }

  get stride(): number {
    return 4 * this.#columns;
  }
}

/** [quads][columns][4], zeros where there is no feature. */
function packPanel(
  packed: Float32Array,
  { b, transposeB, alpha }: ForwardArguments,
  { first, columns }: { readonly first: number; readonly columns: number },
  width: number,
): void {
  const [featureStep, columnStep] = transposeB ? [1, b.columns] : [b.columns, 1];
  const features = transposeB ? b.columns : b.rows;
  const { data, scale, offset } = b;
  for (let l = 0; l < width; l++) {
    const to = (l - (l % 4)) * columns + (l % 4);
    const from = l * featureStep + first * columnStep;
    for (let j = 0; j < columns; j++) {
      packed[to + 4 * j] = l < features ? alpha * (data[from + j * columnStep] * scale + offset) : 0;
    }
  }
}
