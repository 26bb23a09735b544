/** The launch that moves θ by a gradient: SGD's and Adam's. */
import type { DeviceMatrix, Kernel, Planner } from "./op.js";
import { u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import type { AdamArguments, SgdArguments } from "./update.js";
import { RULE, RULES_FILE, ratesWords } from "./update.js";

const kernel: Kernel = { name: "update", files: ["update", RULES_FILE], bindings: ["read", "write", "write", "write"] };
const THREADS = 64;

export interface UpdateLaunch {
  readonly op: string;
  readonly rule: "sgd" | "nesterov" | "adam";
  readonly rates: SgdArguments | AdamArguments;
  readonly gradient: DeviceMatrix;
  /** The velocity, or m. */
  readonly first: DeviceMatrix;
  /** v of Adam. */
  readonly second: DeviceMatrix | undefined;
  readonly weights: DeviceMatrix;
}

export function planUpdate({ op, rule, rates, weights, ...state }: UpdateLaunch, planner: Planner): void {
  const quads = weights.rows * weights.stride;
  // A launch may not bind what it writes twice.
  const { gradient, first, second = planner.scratch(1, 4) } = state;
  const blocks = [gradient, first, second, weights].map((m) => wholeBlock(op, "weights", m));
  planner.dispatch({
    kernel,
    constants: { THREADS, RULE: RULE[rule] },
    buffers: blocks.map((b) => b.buffer),
    parameters: [
      ...ratesWords(rates),
      ...[quads, rates.penalisedRows * weights.stride, ...blocks.map((b) => b.offset)].map(u32),
    ],
    workgroups: Math.ceil(quads / THREADS),
    work: (rule === "adam" ? 48 : 24) * quads,
  });
}
