/** What a solver does along a line, block of rows by block of rows: it tries steps, and takes one. */
import type { CrossEntropyStepArguments } from "../../../ops/cross-entropy-step.js";
import { hostMatrix } from "../../../ops/host-matrix.js";
import type { LineSearchArguments } from "../../../ops/line-search.js";
import type { ScoreLossLineArguments } from "../../../ops/score-loss-line.js";
import type { ScoreLossStepArguments } from "../../../ops/score-loss-step.js";
import { HIGHEST } from "../../../ops/softmax.js";
import { isIdle, STATE } from "../../../ops/solver-state.js";
import type { Resolve, SlicedWork } from "../sliced-work.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import {
  BLOCK_ROWS,
  ELEMENT_COST,
  LossRows,
  sharesOf,
  TargetBlock,
  targetBytes,
  variantOf,
  weighRows,
} from "./row-work.js";

export function trialStepsWork(
  resolve: Resolve<LineSearchArguments | ScoreLossLineArguments>,
  memory: KernelMemory,
): SlicedWork | undefined {
  const { logits, direction, soft, state } = resolve();
  const { rows, columns } = logits;
  const trials = state.data[STATE.trials];
  // To the reference, zeros are no work.
  if (trials === 0) return undefined;
  for (const m of [logits, direction, soft]) if (m && memory.addressOf(m) === undefined) return undefined;
  const scratch = memory.scratch(targetBytes(columns));
  if (scratch === undefined) return undefined;
  const block = new TargetBlock(memory, columns, resolve().classWeight, scratch);
  const results = [2, 3, 4].map((v) => block.vector(v)) as [number, number, number];
  /** φ, φ′, φ″ and faults of each trial; rows are added in their order. */
  const totals = new Float64Array(4 * trials);
  const run = (trial: number, first: number, count: number): void => {
    const args = resolve();
    const step = args.state.data[STATE.steps + trial];
    const [z, d] = [args.logits, args.direction].map((m) => (memory.addressOf(m) as number) + 4 * first * columns);
    const targets = block.targets(args, first, count);
    const variant = { ...variantOf(args), gradient: false };
    const { kernels } = memory;
    const kernel = "kind" in args ? kernels.scoreLine({ ...args, ...variant }) : kernels.lineSearch(variant);
    const delta = "kind" in args ? args.delta : 0;
    const shares = sharesOf(args, columns);
    kernel(z, d, targets, block.classWeight, ...results, count, columns, step, ...shares, block.powers, delta);
    const [values, slopes, curvatures] = results.map((address) => memory.floats(address, count));
    const weights = memory.floats(block.vector(1), count);
    weighRows(args, first, count, columns, weights);
    let [value, slope, curvature, faults] = totals.subarray(4 * trial, 4 * trial + 4);
    for (let r = 0; r < count; r++) {
      const weight = weights[r];
      if (weight === 0) continue;
      // NaN, and what is beyond float32.
      if (!(Math.abs(weight * values[r]) <= HIGHEST)) {
        faults++;
        continue;
      }
      value += weight * values[r];
      slope += weight * slopes[r];
      curvature += weight * curvatures[r];
    }
    totals.set([value, slope, curvature, faults], 4 * trial);
  };
  return {
    name: "line search rows",
    rows: trials * rows,
    rowCost: ELEMENT_COST * columns,
    grain: 1,
    run(first, count) {
      const end = first + count;
      for (let next = first; next < end; ) {
        const row = next % rows;
        const together = Math.min(BLOCK_ROWS, rows - row, end - next);
        run(Math.floor(next / rows), row, together);
        next += together;
      }
    },
    finish() {
      const { out } = resolve();
      out.data.fill(0);
      out.data.set(totals);
    },
  };
}

export function takenStepWork(
  resolve: Resolve<CrossEntropyStepArguments | ScoreLossStepArguments>,
  memory: KernelMemory,
): SlicedWork | undefined {
  const { logits, direction, gradient, soft, state } = resolve();
  const { rows, columns } = logits;
  // To the reference, a step that nobody takes is no work.
  if (isIdle(state)) return undefined;
  const step = state.data[STATE.step];
  for (const m of [logits, direction, gradient, soft]) if (m && memory.addressOf(m) === undefined) return undefined;
  const scratch = memory.scratch(targetBytes(columns));
  if (scratch === undefined) return undefined;
  const kernel = new LossRows(memory, columns, resolve().classWeight, scratch);
  const loss = hostMatrix(new Float32Array(rows), 1, rows);
  return {
    name: "step rows",
    rows,
    rowCost: ELEMENT_COST * columns,
    grain: 1,
    run(first, count) {
      const args = resolve();
      const places = [args.logits, args.direction, args.gradient].map((m) => memory.addressOf(m) as number);
      const withLoss = { ...args, loss, denominator: undefined };
      for (let i = first; i < first + count; i += BLOCK_ROWS) {
        const together = Math.min(BLOCK_ROWS, first + count - i);
        const [z, d, g] = places.map((place) => place + 4 * i * columns);
        // Of a step of 0 the direction may be anything.
        if (step !== 0) memory.kernels.addScaled(false, true)(d, step, d, 0, z, 1, together * columns);
        kernel.run(withLoss, i, together, z, g);
      }
    },
    finish() {
      const { out } = resolve();
      let sum = 0;
      let faults = 0;
      for (const value of loss.data) {
        if (Number.isFinite(value)) sum += value;
        else faults++;
      }
      out.data.fill(0);
      out.data.set([sum, 0, 0, faults]);
    },
  };
}
