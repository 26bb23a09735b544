/** The rows of a fused step, block by block: which of them count, their loss and gradient, and what these add up to. */
import { at } from "../../../ops/host-matrix.js";
import type { LinearStepArguments } from "../../../ops/linear-step.js";
import type { HostMatrix, On } from "../../../ops/op.js";
import type { StepTotals } from "../../../ops/step-totals.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import type { CrossEntropy } from "../wasm/rows.js";
import { sharesOf, TargetBlock, targetBytes, variantOf } from "./row-work.js";

type Arguments = On<LinearStepArguments, HostMatrix>;

/** Rows of a block that count. */
export interface ChosenRows {
  readonly rows: number;
  /** Where their i32 numbers stand; undefined when they are the block's, all and in order. */
  readonly list: number | undefined;
}

/** Scratch for rows of so many soft targets in a block, and all else. */
export const stepRowsBytes = (columns: number, rows: number, soft: boolean): number =>
  targetBytes(columns) + 64 + (soft ? 4 * columns * rows : 0);

export class StepRows {
  #totals: StepTotals = { loss: 0, weight: 0, faults: 0 };
  readonly #memory: KernelMemory;
  readonly #columns: number;
  readonly #block: TargetBlock;
  readonly #kernel: CrossEntropy;
  #shares: readonly [number, number] = [1, 0];
  /** Of class j, what a row of weight 1 and label j adds to a mean's denominator. */
  readonly #ofClass: Float64Array;
  readonly #softScratch: number;

  /** `scratch` has room for `stepRowsBytes`. */
  constructor(memory: KernelMemory, args: Arguments, scratch: number) {
    const { columns } = args.theta;
    const { classWeight } = args;
    this.#memory = memory;
    this.#columns = columns;
    this.#block = new TargetBlock(memory, columns, classWeight, scratch);
    this.#kernel = memory.kernels.crossEntropy({ ...variantOf(args), gradient: true });
    this.#ofClass = new Float64Array(columns);
    this.#softScratch = Math.ceil((scratch + targetBytes(columns)) / 16) * 16;
  }

  /** Before the first block, with the class weights and the smoothing of this step. */
  begin(args: Arguments): void {
    const { classWeight } = args;
    this.#block.begin(classWeight);
    this.#shares = sharesOf(args, this.#columns);
    for (let j = 0; j < this.#columns; j++) this.#ofClass[j] = classWeight ? at(classWeight, 0, j) : 1;
    this.#totals = { loss: 0, weight: 0, faults: 0 };
  }

  get totals(): StepTotals {
    return this.#totals;
  }

  /**
   * Notes weights and labels of the rows `first …`, counted in the order where there is one. Rows of weight 0 are left out: whatever
   * they hold, they are absent. A row that does not exist is a fault.
   */
  choose({ x, order, labels, rowWeight, ignoreIndex }: Arguments, first: number, count: number): ChosenRows {
    const memory = this.#memory;
    const block = this.#block;
    const { allIntegers: integers, allFloats: floats } = memory;
    const [labelOf, weightOf, list] = [block.vector(0) / 4, block.vector(1) / 4, block.vector(4) / 4];
    const numbers = order?.data;
    const classes = labels?.data;
    const given = rowWeight?.data;
    const columns = this.#columns;
    let rows = 0;
    for (let r = 0; r < count; r++) {
      let row = numbers ? numbers[first + r] : first + r;
      const exists = row >= 0 && row < x.rows;
      if (!exists) row = 0;
      let weight = given ? given[row] : 1;
      if (!exists || (given && !Number.isFinite(weight))) weight = Number.NaN;
      if (classes) {
        const label = classes[row];
        if (exists && label === ignoreIndex) weight = 0;
        else if (weight !== 0 && (label < 0 || label >= columns)) weight = Number.NaN;
        integers[labelOf + rows] = label;
      }
      if (weight === 0) continue;
      integers[list + rows] = row;
      floats[weightOf + rows++] = weight;
    }
    // Kernels take rows by fours; the last one again.
    for (let r = rows; r < Math.ceil(rows / 4) * 4; r++) {
      integers[labelOf + r] = integers[labelOf + rows - 1];
      floats[weightOf + r] = floats[weightOf + rows - 1];
    }
    return { rows, list: numbers || rows < count ? block.vector(4) : undefined };
  }

  /** The gradient of the chosen rows' logits to `dLogits`, of their unscaled losses' sum. `first` is the first row where there is no list. */
  evaluate({ soft }: Arguments, { rows, list }: ChosenRows, first: number, logits: number, dLogits: number): void {
    const memory = this.#memory;
    const columns = this.#columns;
    const block = this.#block;
    let targets = block.vector(0);
    if (soft) {
      const place = memory.addressOf(soft) as number;
      targets = list === undefined ? place + 4 * columns * first : this.#softScratch;
      if (list !== undefined) memory.kernels.gather()(place, 4 * columns, list, targets, rows);
    }
    const [weights, losses] = [block.vector(1), block.vector(3)];
    const { classWeight, powers } = block;
    const [high, low] = this.#shares;
    // Written out: a call that spreads an array leaves it as garbage.
    this.#kernel(logits, targets, classWeight, weights, weights, losses, dLogits, rows, columns, high, low, powers);
    this.#add(rows, soft !== undefined);
  }

  #add(rows: number, soft: boolean): void {
    const block = this.#block;
    const { allIntegers: integers, allFloats: floats } = this.#memory;
    const [labelOf, weightOf, lossOf] = [block.vector(0) / 4, block.vector(1) / 4, block.vector(3) / 4];
    const { totals } = this;
    for (let r = 0; r < rows; r++) {
      const loss = floats[lossOf + r];
      const weight = floats[weightOf + r];
      if (Number.isFinite(loss)) {
        totals.loss += loss;
        totals.weight += soft ? weight : weight * this.#ofClass[integers[labelOf + r]];
      } else totals.faults++;
    }
  }
}
