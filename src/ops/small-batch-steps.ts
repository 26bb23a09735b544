/**
 * Many consecutive minibatch steps of a linear softmax model in one launch by one workgroup, for each batch B of the order in turn:
 * `g = (Σ_B x ⊗ dz, Σ_B dz) / Σ_B r`, then θ as `update.ts` says, as `linearSgdStep` and `linearAdamStep` do one of; and the mean of
 * the θ so far, if it is wanted. The bits do not depend on how many steps a launch holds.
 */
import { ShapeError } from "../errors.js";
import { ELEMENT_FORMAT, QUAD_BYTES } from "./element-size.js";
import { checkStep, hasBias, STEP_TYPES } from "./linear-step.js";
import type { DeviceMatrix, Kernel, On, Op, Planner } from "./op.js";
import { f32, NOT_A_NUMBER_BITS, u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { BELOW, GAP } from "./shader-parts.js";
import { requireShape } from "./shape-rule.js";
import type { SmallBatchArguments } from "./small-batch-arguments.js";
import { MOST_RATES } from "./small-batch-arguments.js";
import type { SmallBatchLayout } from "./small-batch-layout.js";
import { smallBatchLayout, smallBatchWork } from "./small-batch-layout.js";
import { smallBatchReference } from "./small-batch-reference.js";
import { targetConstants } from "./targets.js";
import { RULE, RULES_FILE } from "./update.js";

const kernel: Kernel = {
  name: "small_batch_steps",
  files: [
    "small_batch_steps",
    "small_batch_steps/features",
    "small_batch_steps/forward",
    "small_batch_steps/softmax",
    "small_batch_steps/gradient",
    "small_batch_steps/weights",
    RULES_FILE,
    BELOW,
    GAP,
  ],
  bindings: ["read", "read", "read", "read", "write", "write", "write", "write"],
};
/** A launch keeps one workgroup busy where others keep a hundred: what takes as long, counts as much. */
const IDLE_SHARE = { software: 1, hardware: 64 };

type Kept = Pick<SmallBatchArguments, "adam" | "nesterov" | "momentum" | "averageFrom">;
const ruleOf = ({ adam, nesterov, momentum }: Kept): number =>
  RULE[adam ? "adam" : momentum === 0 ? "plain" : nesterov ? "nesterov" : "sgd"];
/** Matrices that the rule remembers. */
const momentCount = ({ adam, momentum }: Kept): number => (adam ? 2 : momentum === 0 ? 0 : 1);
/** Those and θ̄. */
const keptCount = (kept: Kept): number => momentCount(kept) + Number(kept.averageFrom !== undefined);

export const smallBatchSteps: Op<SmallBatchArguments> = {
  name: "smallBatchSteps",
  writes: ["theta", "moments", "losses"],
  types: STEP_TYPES,
  lists: ["learningRates"],
  check(args) {
    checkStep("smallBatchSteps", { ...args, bias: undefined, classWeight: undefined });
    const { theta, moments, losses } = args;
    const count = keptCount(args);
    const state = moments ?? { rows: 0, columns: theta.columns };
    if (count > 0) requireShape("smallBatchSteps", "moments", state, count * theta.rows, theta.columns);
    requireShape("smallBatchSteps", "losses", losses, losses.rows, 4);
    const rates = args.learningRates.length;
    if (rates >= 1 && rates <= MOST_RATES) return;
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `smallBatchSteps: learningRates cannot be used: expected 1 … ${MOST_RATES} numbers, got ${rates}. Take fewer steps at once.`,
    );
  },
  reference: smallBatchReference,
  plan: (args, planner) => planSmallBatches(args, planner),
};

export function planSmallBatches(
  args: On<SmallBatchArguments, DeviceMatrix>,
  planner: Planner,
  chosen?: SmallBatchLayout,
): void {
  const { x, theta, order, rows, batchSize, soft, labels, learningRates } = args;
  const { software } = planner;
  const steps = Math.ceil(rows / batchSize);
  const { averageFrom } = args;
  const features = theta.rows;
  const batch = Math.min(batchSize, rows);
  const layout = chosen ?? smallBatchLayout({ batchSize: batch, features, classes: theta.columns, software });
  const quads = Math.ceil(features / 4);
  const count = keptCount(args);
  const whole = (name: string, m: DeviceMatrix): { buffer: object; offset: number } =>
    wholeBlock("smallBatchSteps", name, m);
  // Two bindings may not write one buffer: what a rule does not need still takes a place.
  const spare = (): DeviceMatrix => planner.scratch(1, 4);
  const [source, weights] = [whole("features", x), whole("weights", theta)];
  const target = whole("targets", (soft ?? labels) as DeviceMatrix);
  const rowWeight = args.rowWeight ? whole("sampleWeight", args.rowWeight) : { ...target, offset: 0 };
  const list = whole("order", order);
  const moments = whole("moments", args.moments ?? spare());
  const losses = whole("losses", args.losses);
  const packed = whole("weights", planner.scratch((1 + count) * 4 * layout.classQuads, 4 * quads));
  const { momentum, beta1, beta2 } = args;
  planner.dispatch({
    kernel,
    constants: {
      ...constantsOf(layout),
      FORMAT: ELEMENT_FORMAT[x.type],
      DECODE: Number(x.scale !== 1 || x.offset !== 0),
      HAS_BIAS: Number(hasBias({ x, theta, bias: undefined })),
      SOFT: targetConstants({ ...args, classWeight: undefined }).SOFT,
      HAS_ROW_WEIGHT: Number(args.rowWeight !== undefined),
      RULE: ruleOf(args),
      MOMENTS: momentCount(args),
      AVERAGED: Number(averageFrom !== undefined),
    },
    buffers: [source, target, rowWeight, list, weights, moments, losses, packed].map(({ buffer }) => buffer),
    parameters: [
      ...[rows, batchSize, x.columns, theta.columns, quads, source.offset, x.stride].map(u32),
      ...[weights.offset, theta.rows, args.penalisedRows, moments.offset, packed.offset].map(u32),
      ...[soft ? target.offset : target.offset * 4, soft?.stride ?? 0, rowWeight.offset * 4].map(u32),
      ...[
        list.offset * 4 + args.first,
        losses.offset,
        args.losses.rows,
        args.firstSlot,
        args.step,
        averageFrom ?? 0,
      ].map(u32),
      ...[args.ignoreIndex, NOT_A_NUMBER_BITS].map(u32),
      ...[args.labelSmoothing, x.scale, x.offset, args.l2, momentum].map(f32),
      ...[beta1, beta2, 1 - beta1, 1 - beta2, Math.log(beta1), Math.log(beta2), args.epsilon, args.weightDecay].map(
        f32,
      ),
      ...Array.from({ length: MOST_RATES }, (_, t) => f32(learningRates[Math.min(t, learningRates.length - 1)])),
    ],
    workgroups: 1,
    work: smallBatchWork(batch, features, theta.columns) * steps * IDLE_SHARE[software ? "software" : "hardware"],
    featureBytes: rows * x.stride * QUAD_BYTES[x.type],
  });
}

function constantsOf(layout: SmallBatchLayout): Record<string, number> {
  return {
    THREADS: layout.threads,
    LANES: layout.lanes,
    SEGMENT: layout.segment,
    QUADS_AT_ONCE: layout.quadsAtOnce,
    ROUNDS: layout.rounds,
    ROW_QUADS: layout.rowQuads,
    CLASS_QUADS: layout.classQuads,
    FORWARD_QUADS: layout.forwardQuads,
    FORWARD_GROUPS: layout.forwardGroups,
    GRADIENT_QUADS: layout.gradientQuads,
    GRADIENT_GROUPS: layout.gradientGroups,
    SHARES: layout.shares,
  };
}
