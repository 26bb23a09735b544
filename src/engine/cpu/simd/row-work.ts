/** Softmax and losses, block of rows by block of rows. */
import type { CrossEntropyArguments } from "../../../ops/cross-entropy.js";
import { at } from "../../../ops/host-matrix.js";
import type { HostMatrix, On } from "../../../ops/op.js";
import { gradientFactor } from "../../../ops/row-loss.js";
import type { ScoreLossArguments } from "../../../ops/score-loss.js";
import type { SoftmaxArguments } from "../../../ops/softmax.js";
import type { TargetArguments } from "../../../ops/targets.js";
import type { Resolve, SlicedWork } from "../sliced-work.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";

/** Rows whose labels and weights are prepared together, a multiple of the four that kernels take at once. */
export const BLOCK_ROWS = 512;
/** An exponential and its share of the rest, against a multiplication. */
export const ELEMENT_COST = 16;

/** From here on a row's columns are taken four at once, not four rows. */
const WIDE_COLUMNS = 16;

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
      if (columns >= WIDE_COLUMNS) memory.kernels.wideSoftmax(log)(from, to, count, columns);
      else memory.kernels.softmax(log)(from, to, count, columns, powers);
    },
    finish() {},
  };
}

/** Scratch of {@link TargetBlock}. */
export const targetBytes = (columns: number): number => powersBytes(columns) + 4 * columns + 20 * BLOCK_ROWS + 16;

/** What kernels are told of the targets of a block of rows, and room for what they say of each row. */
export class TargetBlock {
  readonly powers: number;
  readonly classWeight: number;
  readonly #memory: KernelMemory;
  readonly #columns: number;
  readonly #vectors: number;

  constructor(memory: KernelMemory, columns: number, classWeight: HostMatrix | undefined, scratch: number) {
    this.#memory = memory;
    this.#columns = columns;
    this.powers = scratch;
    this.classWeight = scratch + powersBytes(columns);
    this.#vectors = Math.ceil((this.classWeight + 4 * columns) / 16) * 16;
    const weights = memory.floats(this.classWeight, columns);
    for (let j = 0; j < columns; j++) weights[j] = classWeight ? at(classWeight, 0, j) : 1;
  }

  /** The address of one of five vectors with a value for each row; labels are the first. */
  vector(index: number): number {
    return this.#vectors + 4 * BLOCK_ROWS * index;
  }

  /** The address of the targets of rows `first …`. Labels are copied to whole fours, as kernels take them: the last one again. */
  targets({ soft, labels }: TargetArguments<HostMatrix>, first: number, rows: number): number {
    if (soft) return (this.#memory.addressOf(soft) as number) + 4 * first * this.#columns;
    const to = new Int32Array(this.#memory.buffer, this.vector(0), Math.ceil(rows / 4) * 4);
    const from = (labels as HostMatrix).data;
    for (let r = 0; r < to.length; r++) to[r] = from[first + Math.min(r, rows - 1)];
    return this.vector(0);
  }
}

export const variantOf = (t: TargetArguments<HostMatrix>): { soft: boolean; classWeight: boolean } => ({
  soft: t.soft !== undefined,
  classWeight: t.classWeight !== undefined,
});

/** `rowWeightAt` of rows `first …`, in as many values as there are places: the last one again past the last row. */
export function weighRows(
  { rowWeight, labels, ignoreIndex }: TargetArguments<HostMatrix>,
  first: number,
  rows: number,
  columns: number,
  to: Float32Array,
): void {
  const [given, classes] = [rowWeight?.data, labels?.data];
  for (let r = 0; r < rows; r++) {
    let weight = given ? given[first + r] : 1;
    if (given && !Number.isFinite(weight)) weight = Number.NaN;
    if (classes && weight !== 0) {
      const label = classes[first + r];
      if (label === ignoreIndex) weight = 0;
      else if (label < 0 || label >= columns) weight = Number.NaN;
    }
    to[r] = weight;
  }
  to.fill(to[rows - 1], rows);
}

/** The factors of a target, high and low. */
export const sharesOf = ({ labelSmoothing }: TargetArguments<HostMatrix>, columns: number): [number, number] => [
  1 - labelSmoothing,
  labelSmoothing / columns,
];

/** Of cross-entropy, or of another loss of scores. */
export type RowLoss = On<CrossEntropyArguments, HostMatrix> | On<ScoreLossArguments, HostMatrix>;

/** The loss of blocks of rows of logits that lie at an address: what it is where they stand, and where a step has led them. */
export class LossRows {
  readonly #memory: KernelMemory;
  readonly #columns: number;
  readonly #block: TargetBlock;

  /** `scratch` has room for `targetBytes`. */
  constructor(memory: KernelMemory, columns: number, classWeight: HostMatrix | undefined, scratch: number) {
    this.#memory = memory;
    this.#columns = columns;
    this.#block = new TargetBlock(memory, columns, classWeight, scratch);
  }

  /**
   * Rows `first …` of the arguments, at most 512, whose logits lie at `logits`. Writes the losses to the arguments' own matrix,
   * and the gradient to `gradient` unless that is undefined.
   */
  run(args: RowLoss, first: number, rows: number, logits: number, gradient: number | undefined): void {
    const columns = this.#columns;
    const memory = this.#memory;
    const block = this.#block;
    const factor = gradientFactor(args);
    const [weights, factors, losses] = [1, 2, 3].map((v) => block.vector(v));
    const lanes = Math.ceil(rows / 4) * 4;
    const [weightOf, factorOf] = [memory.floats(weights, lanes), memory.floats(factors, lanes)];
    weighRows(args, first, rows, columns, weightOf);
    for (let r = 0; r < lanes; r++) factorOf[r] = factor * weightOf[r];
    const variant = { ...variantOf(args), gradient: gradient !== undefined };
    const { kernels } = memory;
    const kernel = "kind" in args ? kernels.scoreRows({ ...args, ...variant }) : kernels.crossEntropy(variant);
    const delta = "kind" in args ? args.delta : 0;
    const targets = block.targets(args, first, rows);
    const outputs = [weights, factors, losses, gradient ?? 0] as const;
    const shares = sharesOf(args, columns);
    kernel(logits, targets, block.classWeight, ...outputs, rows, columns, ...shares, block.powers, delta);
    args.loss.data.set(memory.floats(losses, rows), first);
  }
}

export function rowLossWork(resolve: () => RowLoss, memory: KernelMemory): SlicedWork | undefined {
  const { logits, gradient, soft } = resolve();
  const { rows, columns } = logits;
  for (const m of [logits, gradient, soft]) if (m && memory.addressOf(m) === undefined) return undefined;
  const scratch = memory.scratch(targetBytes(columns));
  if (scratch === undefined) return undefined;
  const kernel = new LossRows(memory, columns, resolve().classWeight, scratch);
  return {
    name: "loss rows",
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
