/** Softmax and cross-entropy, block of rows by block of rows. */
import type { CrossEntropyArguments } from "../../../ops/cross-entropy.js";
import { at } from "../../../ops/host-matrix.js";
import type { HostMatrix, On } from "../../../ops/op.js";
import type { SoftmaxArguments } from "../../../ops/softmax.js";
import { rowWeightAt } from "../../../ops/targets.js";
import type { Resolve, SlicedWork } from "../sliced-work.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";

/** Rows whose labels and weights are prepared together, a multiple of the four that kernels take at once. */
const BLOCK_ROWS = 512;
/** An exponential and its share of the rest, against a multiplication. */
const ELEMENT_COST = 16;

/** Bytes that the kernels' powers take. */
const powersBytes = (columns: number): number => 16 * columns;

export function softmaxWork(resolve: Resolve<SoftmaxArguments>, memory: KernelMemory): SlicedWork | undefined {
  const { logits, out, log } = resolve();
  const { rows, columns } = logits;
  if (memory.addressOf(logits) === undefined || memory.addressOf(out) === undefined) return undefined;
  const powers = memory.scratch(powersBytes(columns));
  if (powers === undefined) return undefined;
  return {
    name: "softmax rows",
    rows,
    rowCost: ELEMENT_COST * columns,
    grain: 1,
    run(first, count) {
      const args = resolve();
      const [from, to] = [args.logits, args.out].map((m) => (memory.addressOf(m) as number) + 4 * first * columns);
      memory.kernels.softmax(log)(from, to, count, columns, powers);
    },
    finish() {},
  };
}

/** Scratch of {@link CrossEntropyRows}. */
export const crossEntropyBytes = (columns: number): number => powersBytes(columns) + 4 * columns + 16 * BLOCK_ROWS + 16;

/** Cross-entropy of blocks of rows of logits that lie at an address: what the op and the fused pass share. */
export class CrossEntropyRows {
  static readonly mostRows: number = BLOCK_ROWS;
  readonly #memory: KernelMemory;
  readonly #columns: number;
  readonly #scratch: number;

  constructor(memory: KernelMemory, columns: number, classWeight: HostMatrix | undefined, scratch: number) {
    this.#memory = memory;
    this.#columns = columns;
    this.#scratch = scratch;
    const weights = memory.floats(this.#classWeight, columns);
    for (let j = 0; j < columns; j++) weights[j] = classWeight ? at(classWeight, 0, j) : 1;
  }

  get #classWeight(): number {
    return this.#scratch + powersBytes(this.#columns);
  }

  /** Vectors of labels, weights, factors and losses, one a row. */
  #vector(index: number): number {
    return Math.ceil((this.#classWeight + 4 * this.#columns) / 16) * 16 + 4 * BLOCK_ROWS * index;
  }

  /**
   * Rows `first …` of the arguments, at most {@link mostRows}, whose logits lie at `logits`. Writes the losses to the arguments' own
   * matrix, and the gradient to `gradient` unless that is undefined. False where soft targets are out of the kernels' reach.
   */
  run(
    args: On<CrossEntropyArguments, HostMatrix>,
    first: number,
    rows: number,
    logits: number,
    gradient: number | undefined,
  ): boolean {
    const columns = this.#columns;
    const memory = this.#memory;
    const soft = args.soft && memory.addressOf(args.soft);
    if (args.soft && soft === undefined) return false;
    const divisor = args.denominator ? at(args.denominator, 0, 0) : 1;
    const factor = divisor === 0 ? 0 : args.scale / divisor;
    const [labels, weights, factors, losses] = [0, 1, 2, 3].map((v) => this.#vector(v));
    // Kernels take four rows at once and the last one again in lanes without a row: whole fours.
    const lanes = Math.ceil(rows / 4) * 4;
    const [weightOf, factorOf] = [memory.floats(weights, lanes), memory.floats(factors, lanes)];
    const labelOf = new Int32Array(memory.buffer, labels, lanes);
    for (let r = 0; r < lanes; r++) {
      const row = first + Math.min(r, rows - 1);
      const weight = rowWeightAt(args, row, columns);
      weightOf[r] = weight;
      factorOf[r] = factor * weight;
      if (args.labels) labelOf[r] = args.labels.data[row];
    }
    const variant = {
      soft: soft !== undefined,
      classWeight: args.classWeight !== undefined,
      gradient: gradient !== undefined,
    };
    memory.kernels.crossEntropy(variant)(
      logits,
      soft === undefined ? labels : soft + 4 * first * columns,
      this.#classWeight,
      weights,
      factors,
      losses,
      gradient ?? 0,
      rows,
      columns,
      1 - args.labelSmoothing,
      args.labelSmoothing / columns,
      this.#scratch,
    );
    args.loss.data.set(memory.floats(losses, rows), first);
    return true;
  }
}

export function crossEntropyWork(
  resolve: Resolve<CrossEntropyArguments>,
  memory: KernelMemory,
): SlicedWork | undefined {
  const { logits, gradient, soft } = resolve();
  const { rows, columns } = logits;
  for (const m of [logits, gradient, soft]) if (m && memory.addressOf(m) === undefined) return undefined;
  const scratch = memory.scratch(crossEntropyBytes(columns));
  if (scratch === undefined) return undefined;
  const kernel = new CrossEntropyRows(memory, columns, resolve().classWeight, scratch);
  return {
    name: "cross-entropy rows",
    rows,
    rowCost: ELEMENT_COST * columns,
    grain: 1,
    run(first, count) {
      const args = resolve();
      const z = memory.addressOf(args.logits) as number;
      const d = args.gradient && memory.addressOf(args.gradient);
      for (let i = first; i < first + count; i += BLOCK_ROWS) {
        const from = 4 * i * columns;
        kernel.run(args, i, Math.min(BLOCK_ROWS, first + count - i), z + from, d === undefined ? d : d + from);
      }
    },
    finish() {},
  };
}
