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
import type { FeatureRows } from "./feature-blocks.js";
import { FeatureBlocks } from "./feature-blocks.js";
import { FilledRows } from "./filled-rows.js";
import { ForwardPass, forwardBytes, weightBytes } from "./forward-pass.js";
import { GradientPass, gradientBytes } from "./gradient-pass.js";
import { scratchPlaces } from "./narrow-product.js";
import { StepRows, stepRowsBytes } from "./step-rows.js";

type Arguments = On<LinearStepArguments, HostMatrix>;

export class FusedPass implements StepPass {
  readonly grain: number;
  readonly #memory: KernelMemory;
  readonly #resolve: () => Arguments;
  readonly #blocks: FeatureBlocks;
  readonly #forward: ForwardPass;
  readonly #rows: StepRows;
  readonly #gradient: GradientPass;
  readonly #places: readonly number[];
  readonly #features: number;

  /** Undefined when there is no memory, or where kernels cannot reach soft targets. */
  static create(memory: KernelMemory, resolve: () => Arguments): FusedPass | undefined {
    const { x, theta, soft } = resolve();
    if (soft && memory.addressOf(soft) === undefined) return undefined;
    const blocks = new FeatureBlocks(x);
    const { columns } = theta;
    const places = scratchPlaces(memory, [
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
    ]);
    return places && new FusedPass(memory, resolve, blocks, places);
  }

  private constructor(memory: KernelMemory, resolve: () => Arguments, blocks: FeatureBlocks, places: number[]) {
    const args = resolve();
    const { x, theta } = args;
    const { columns } = theta;
    const [, , packed, staging, rows, , , sums, , lists] = places;
    const own = theta.rows > x.columns ? rowsOf(theta, x.columns, 1) : undefined;
    const filled = FilledRows.create(memory, blocks, columns, true, lists);
    const how = { filled, transposeB: false, alpha: 1, columns, keep: true, ordered: true };
    const weights = { ...how, b: own ? rowsOf(theta, 0, x.columns) : theta, bias: args.bias ?? own };
    this.grain = blocks.rows;
    this.#memory = memory;
    this.#resolve = resolve;
    this.#blocks = blocks;
    this.#places = places;
    this.#features = x.columns;
    this.#forward = new ForwardPass(memory, blocks, x, weights, packed, staging);
    this.#rows = new StepRows(memory, args, rows);
    this.#gradient = new GradientPass(memory, blocks, x, { columns, ones: hasBias(args), filled }, sums);
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
    const { theta } = this.#resolve();
    this.#gradient.finish(at, this.#features, factor);
    const rows = this.#features + Number(hasBias(this.#resolve()));
    return hostMatrix(this.#memory.floats(at, rows * theta.columns), rows, theta.columns);
  }
}
