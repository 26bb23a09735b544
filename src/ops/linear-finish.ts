/** The second launch of a fused step: adds the workgroups' sums up, divides, penalises, and writes the gradient or moves θ by it. */
import type { Partials } from "./linear-step-launch.js";
import type { DeviceMatrix, Kernel, Planner } from "./op.js";
import { NOT_A_NUMBER_BITS, u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { SetUps } from "./set-ups.js";
import type { AdamArguments, SgdArguments } from "./update.js";
import { RULE, RULES_FILE, ratesWords } from "./update.js";

export interface Finish {
  readonly rule: "gradient" | "sgd" | "nesterov" | "adam";
  readonly theta: DeviceMatrix;
  /** The gradient, the velocity or m; undefined for SGD without momentum. */
  readonly state: DeviceMatrix | undefined;
  /** v, or the gradient of an intercept that stands by itself. */
  readonly secondState: DeviceMatrix | undefined;
  readonly loss: DeviceMatrix;
  /** The loss is one value, not a summary. */
  readonly lossValue: boolean;
  /** Divide by the sum of the weights. */
  readonly mean: boolean;
  readonly l2: number;
  readonly penalisedRows: number;
  /** With the same l2 and rows, where θ is moved. */
  readonly rates?: SgdArguments | AdamArguments;
}

const kernel: Kernel = {
  name: "linear_finish",
  files: ["linear_finish", RULES_FILE],
  bindings: ["read", "write", "write", "write", "write"],
};
/** Where nothing is moved. */
const NO_RATES = { learningRate: 0, weightDecay: 0, momentum: 0, nesterov: false };
/** Threads for each partial sum's quad: so many partial sums one thread adds up alone. */
const ALONE = 8;
const MOST_SEGMENTS = 16;
/** All overrides of a launch: the same frozen object for the same rule, by which the device knows its pipeline again. */
const CONSTANTS = new SetUps<Readonly<Record<string, number>>>();

/** Threads in a workgroup, and those that share a quad. A software adapter's few partial sums are added up without barriers. */
export function finishLayout(partials: number, software: boolean): { threads: number; segments: number } {
  if (software) return { threads: 64, segments: 1 };
  let segments = 1;
  while (segments < MOST_SEGMENTS && segments * ALONE < partials) segments *= 2;
  return { threads: segments === 1 ? 64 : 256, segments };
}

export function planFinish(partials: Partials, f: Finish, planner: Planner): void {
  const { threads, segments } = finishLayout(partials.count, planner.software);
  const quads = partials.stride - 1;
  const theta = wholeBlock("linearStep", "weights", f.theta);
  // Two bindings may not write one buffer: what a rule does not need still takes a place.
  const block = (m: DeviceMatrix | undefined): { buffer: object; offset: number } =>
    wholeBlock("linearStep", "result", m ?? planner.scratch(1, 4));
  const [state, second, loss] = [block(f.state), block(f.secondState), block(f.loss)];
  const split = f.rule === "gradient" && f.secondState && f.state ? f.state.rows * f.state.stride : quads;
  const rates = f.rates ?? { ...NO_RATES, l2: f.l2, penalisedRows: f.penalisedRows };
  planner.dispatch({
    kernel,
    constants: CONSTANTS.of(`${threads}|${segments}|${f.rule}|${f.mean}|${f.lossValue}`, () =>
      Object.freeze({
        THREADS: threads,
        SEGMENTS: segments,
        RULE: RULE[f.rule],
        MEAN: Number(f.mean),
        LOSS_VALUE: Number(f.lossValue),
      }),
    ),
    buffers: [partials.buffer, theta.buffer, state.buffer, second.buffer, loss.buffer],
    parameters: [
      ...ratesWords(rates),
      ...[quads, f.penalisedRows * f.theta.stride, partials.count, partials.offset, partials.stride].map(u32),
      ...[theta.offset, state.offset, second.offset, split, loss.offset, NOT_A_NUMBER_BITS].map(u32),
      ...[f.theta.columns, f.theta.stride].map(u32),
    ],
    workgroups: Math.ceil(quads / (threads / segments)),
    work: 4 * quads * (partials.count + 16),
  });
}
