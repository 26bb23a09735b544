/** `out = α · X · op(B) + bias` for few columns, a block of X's rows at a time: the logits of a linear model. */
import { at } from "../../../ops/host-matrix.js";
import type { HostMatrix } from "../../../ops/op.js";
import { ELEMENT_BYTES } from "../wasm/decode.js";
import type { FilledForward } from "../wasm/filled-forward.js";
import type { Forward } from "../wasm/forward.js";
import { WIDEST_PANEL } from "../wasm/forward.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import type { BlockRows, FeatureBlocks, FeatureRows } from "./feature-blocks.js";
import { balanced } from "./feature-blocks.js";
import type { FilledRows } from "./filled-rows.js";
import { stage, stagingBytes } from "./staging.js";

/** What is multiplied by: it may change from one use of a pass to the next. */
export interface ForwardWeights {
  readonly b: HostMatrix;
  readonly transposeB: boolean;
  readonly bias: HostMatrix | undefined;
  readonly alpha: number;
}

export interface ForwardForm {
  /** Columns of the result. */
  readonly columns: number;
  /** Whether rows of X may be named by a list. */
  readonly ordered: boolean;
  /** Keep each block of X as f32 in rows of whole quads, unless it lies as f32 where it is. */
  readonly keep: boolean;
  /** To skip what is blank, where that can be. */
  readonly filled: FilledRows | undefined;
}

const PLAIN = { type: "f32", affine: false, ordered: false, keep: false } as const;

/** What the weights take, packed. */
export const forwardBytes = (width: number, columns: number): number => 4 * columns * (width + 1) + 64;

/** What B takes besides while it is packed. */
export const weightBytes = (memory: KernelMemory, b: HostMatrix): number =>
  memory.addressOf(b) === undefined ? stagingBytes(b.rows, b.columns) : 0;

/** Weights packed for the kernels at a place in scratch: `begin` puts them there. */
export class ForwardPass {
  readonly stride: number;
  readonly #memory: KernelMemory;
  readonly #staging: number;
  readonly #features: number;
  readonly #blocks: FeatureBlocks;
  readonly #bias: number;
  readonly #decoding: readonly [number, number];
  readonly #panels: readonly {
    readonly first: number;
    readonly columns: number;
    readonly weights: number;
    /** From X as it is stored, with or without a list of its rows; and from the block as it has been kept. */
    readonly kernels: readonly [Forward, Forward, Forward];
    /** By lists of filled quads. */
    readonly byLists: FilledForward | undefined;
  }[];
  readonly #keeps: boolean;
  readonly #filled: FilledRows | undefined;
  readonly #elementBytes: number;

  /** `scratch` has room for `forwardBytes`, `staging` for `weightBytes`. */
  constructor(
    memory: KernelMemory,
    blocks: FeatureBlocks,
    x: HostMatrix,
    form: ForwardForm,
    scratch: number,
    staging: number,
  ) {
    const { columns, keep, filled } = form;
    const { width, encoding } = blocks;
    this.stride = 4 * columns;
    this.#memory = memory;
    this.#staging = staging;
    this.#features = x.columns;
    this.#blocks = blocks;
    this.#filled = filled;
    this.#keeps = keep && encoding.type !== "f32";
    this.#decoding = [x.scale, x.offset];
    this.#elementBytes = ELEMENT_BYTES[encoding.type];
    this.#panels = balanced(columns, WIDEST_PANEL).map((panel) => {
      const own = { ...encoding, columns: panel.columns };
      const kernel = (ordered: boolean): Forward =>
        memory.kernels.forward({ ...own, ordered, keep: ordered || this.#keeps });
      const plain = memory.kernels.forward({ ...PLAIN, columns: panel.columns });
      const kernels = [kernel(false), form.ordered ? kernel(true) : plain, plain] as const;
      const byLists = filled?.forward(panel.columns, panel.first === 0);
      return { ...panel, weights: scratch + 4 * width * panel.first, kernels, byLists };
    });
    this.#bias = scratch + 4 * width * columns;
  }

  /** Packs the weights, before the first block. */
  begin({ b, transposeB, bias, alpha }: ForwardWeights): void {
    const memory = this.#memory;
    const whole = { row: 0, rows: b.rows, column: 0, columns: b.columns };
    const { address, stride } = stage(memory, b, whole, false, this.#staging);
    const [featureStride, columnStride] = transposeB ? [4, stride] : [stride, 4];
    for (const panel of this.#panels) {
      memory.kernels.packWeights()(
        address + panel.first * columnStride,
        ...([featureStride, columnStride, panel.weights, this.#features, panel.columns] as const),
        alpha * this.#blocks.factor,
      );
    }
    const { allFloats: floats } = memory;
    const columns = this.stride / 4;
    for (let j = 0; j < columns; j++) floats[this.#bias / 4 + j] = bias ? at(bias, 0, j) : 0;
  }

  /** Writes the logits of a block's rows to `out`, and returns where its features lie now; `kept` has room for `keptBytes`. */
  run(block: BlockRows, kept: number, out: number): FeatureRows | FilledRows {
    if (this.#filled?.find(block)) return this.#runFilled(block, this.#filled, out);
    const { address, stride, order, rows } = block;
    const { pieces, width } = this.#blocks;
    const [scale, offset] = this.#decoding;
    const keeps = this.#keeps || order !== undefined;
    for (let p = 0; p < pieces.length; p++) {
      const { column, columns } = pieces[p];
      const x = address + column * this.#elementBytes;
      const [to, toStride] = [kept + 4 * column, 4 * width];
      for (let g = 0; g < this.#panels.length; g++) {
        const panel = this.#panels[g];
        const weights = panel.weights + 4 * column * panel.columns;
        const target = out + 4 * panel.first;
        const from = p === 0 ? this.#bias + 4 * panel.first : target;
        const fromStride = p === 0 ? 0 : this.stride;
        // Later panels find the features decoded.
        const again = g > 0 && keeps;
        const kernel = panel.kernels[again ? 2 : order === undefined ? 0 : 1];
        kernel(
          again ? to : x,
          again ? toStride : stride,
          again ? 0 : (order ?? 0),
          again ? 0 : to,
          again ? 0 : toStride,
          weights,
          from,
          fromStride,
          target,
          this.stride,
          rows,
          columns,
          scale,
          offset,
        );
      }
    }
    return keeps ? { address: kept, stride: 4 * width } : block;
  }

  #runFilled(block: BlockRows, filled: FilledRows, out: number): FilledRows {
    for (let p = 0; p < this.#blocks.pieces.length; p++) {
      const { column } = this.#blocks.pieces[p];
      for (const { first, columns, weights, byLists } of this.#panels) {
        const target = out + 4 * first;
        const from = p === 0 ? this.#bias + 4 * first : target;
        const fromStride = p === 0 ? 0 : this.stride;
        const own = weights + 4 * column * columns;
        filled.multiply(byLists as FilledForward, block, p, own, from, fromStride, target, this.stride);
      }
    }
    return filled;
  }
}
