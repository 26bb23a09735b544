/**
 * Forward, softmax, cross-entropy and gradient of a linear model in one pass: each block of rows of X is read once and serves
 * both products while it lies in the core's cache. The logits exist for one block only.
 */
import { hostMatrix, rowsOf } from "../../../ops/host-matrix.js";
import type { LinearStepArguments } from "../../../ops/linear-step.js";
import { hasBias } from "../../../ops/linear-step.js";
import type { HostMatrix, On } from "../../../ops/op.js";
import type { StepTotals } from "../../../ops/step-totals.js";
import type { StepPass } from "../step-pass.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import type { Kernels } from "../wasm/kernels.js";
import type { FeatureRows } from "./feature-blocks.js";
import { FeatureBlocks } from "./feature-blocks.js";
import { FilledRows } from "./filled-rows.js";
import { ForwardPass, forwardBytes, weightBytes } from "./forward-pass.js";
import { GradientPass, gradientBytes } from "./gradient-pass.js";
import { scratchPlaces } from "./narrow-product.js";
import { StepRows, stepRowsBytes } from "./step-rows.js";

type Arguments = On<LinearStepArguments, HostMatrix>;

/**
 * The last pass of each memory, for the next step of the same form: to set one up costs as much as some rows. Kept with the kernels, which
 * a memory that moves or ends lets go.
 */
const LAST = new WeakMap<Kernels, FusedPass>();

const idle = (): never => {
  throw new RangeError("fused pass: it has not begun.");
};

export class FusedPass implements StepPass {
  readonly grain: number;
  readonly #memory: KernelMemory;
  readonly #form: readonly unknown[];
  readonly #blocks: FeatureBlocks;
  readonly #forward: ForwardPass;
  readonly #rows: StepRows;
  readonly #gradient: GradientPass;
  readonly #filled: FilledRows | undefined;
  readonly #scratchBytes: number;
  readonly #places: readonly number[];
  readonly #features: number;
  #resolve: () => Arguments = idle;

  /** Undefined when there is no memory, or where kernels cannot reach soft targets. One pass of a memory is in use at a time. */
  static begin(memory: KernelMemory, resolve: () => Arguments): FusedPass | undefined {
    const { soft } = resolve();
    if (soft && memory.addressOf(soft) === undefined) return undefined;
    const last = LAST.get(memory.kernels);
    const pass = last?.fits(resolve()) ? last : FusedPass.#create(memory, resolve);
    if (!pass) return undefined;
    LAST.set(memory.kernels, pass);
    pass.#begin(resolve);
    return pass;
  }

  static #create(memory: KernelMemory, resolve: () => Arguments): FusedPass | undefined {
    const { x, theta, soft } = resolve();
    const blocks = new FeatureBlocks(x);
    const { columns } = theta;
    const sizes = [
      blocks.copyBytes,
      blocks.keptBytes,
      forwardBytes(blocks.width, columns),
      weightBytes(memory, theta),
      stepRowsBytes(columns, blocks.rows, soft !== undefined),
      4 * blocks.rows * columns,
      4 * blocks.rows * columns,
      gradientBytes(blocks.width, columns),
      4 * (x.columns + 1) * columns,
      FilledRows.bytes(blocks, true),
    ];
    const places = scratchPlaces(memory, sizes);
    return places && new FusedPass(memory, resolve, blocks, places, places[9] + sizes[9] - places[0]);
  }

  private constructor(
    memory: KernelMemory,
    resolve: () => Arguments,
    blocks: FeatureBlocks,
    places: number[],
    scratchBytes: number,
  ) {
    // Asking for scratch may have moved the arguments.
    const args = resolve();
    const { x, theta } = args;
    const { columns } = theta;
    const [, , packed, staging, rows, , , sums, , lists] = places;
    const filled = FilledRows.create(memory, blocks, columns, true, lists);
    this.grain = blocks.rows;
    this.#memory = memory;
    this.#form = formOf(memory, args);
    this.#blocks = blocks;
    this.#places = places;
    this.#scratchBytes = scratchBytes;
    this.#features = x.columns;
    this.#filled = filled;
    this.#forward = new ForwardPass(memory, blocks, x, { filled, columns, keep: true, ordered: true }, packed, staging);
    this.#rows = new StepRows(memory, args, rows);
    this.#gradient = new GradientPass(memory, blocks, x, { columns, ones: hasBias(args), filled }, sums);
  }

  /** Whether it can be used for a step with these arguments. */
  fits(args: Arguments): boolean {
    if (this.#memory.scratch(this.#scratchBytes) !== this.#places[0]) return false;
    return formOf(this.#memory, args).every((each, i) => each === this.#form[i]);
  }

  /** Scratch may have been used for something else since. */
  #begin(resolve: () => Arguments): void {
    const args = resolve();
    const { x, theta } = args;
    const own = theta.rows > x.columns ? rowsOf(theta, x.columns, 1) : undefined;
    this.#resolve = resolve;
    this.#filled?.begin();
    this.#forward.begin({
      b: own ? rowsOf(theta, 0, x.columns) : theta,
      transposeB: false,
      bias: args.bias ?? own,
      alpha: 1,
    });
    this.#rows.begin(args);
    this.#gradient.begin();
  }

  get totals(): StepTotals {
    return this.#rows.totals;
  }

  run(first: number, count: number): void {
    const args = this.#resolve();
    const { rows } = this.#blocks;
    const end = first + count;
    for (let i = first; i < end; i += rows) this.#runBlock(args, args.first + i, Math.min(rows, end - i));
  }

  #runBlock(args: Arguments, first: number, count: number): void {
    const [copy, kept, , , , logits, dLogits] = this.#places;
    const chosen = this.#rows.choose(args, first, count);
    let features: FeatureRows | FilledRows = { address: kept, stride: 0 };
    if (chosen.rows > 0) {
      const block = this.#blocks.locate(this.#memory, args.x, first, chosen.rows, copy, chosen.list);
      features = this.#forward.run(block, kept, logits);
      this.#rows.evaluate(args, chosen, first, logits, dLogits);
    }
    this.#gradient.runKept(features, chosen.rows, dLogits, count);
  }

  finish(factor: number): HostMatrix {
    const at = this.#places[8];
    const args = this.#resolve();
    const { theta } = args;
    this.#gradient.finish(at, this.#features, factor);
    const rows = this.#features + Number(hasBias(args));
    // What it has worked on is not kept with it.
    this.#resolve = idle;
    return hostMatrix(this.#memory.floats(at, rows * theta.columns), rows, theta.columns);
  }
}

/** What a pass is set up for: all else may change from step to step. */
function formOf(memory: KernelMemory, args: Arguments): unknown[] {
  const { x, theta, bias, soft, classWeight } = args;
  const has = [bias, soft, classWeight].map((each) => each !== undefined);
  const features = [x.columns, x.scale, x.offset, x.data.constructor];
  return [...features, theta.rows, theta.columns, weightBytes(memory, theta), ...has];
}
