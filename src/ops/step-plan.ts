/**
 * Chooses how a device evaluates or steps a linear softmax model, and keeps account of what that costs. A pure function of
 * sizes and of what the device is: nothing is measured, so the same question always has the same answer.
 */
import { clipLaunches } from "./clip-gradient.js";
import { QUAD_BYTES } from "./element-size.js";
import { forwardParts } from "./forward-parts.js";
import { finishLayout } from "./linear-finish.js";
import type { StepLayout } from "./linear-step-layout.js";
import { MOST_CLASSES, rowsPerLaunch, stepLayout } from "./linear-step-layout.js";
import { matmulVariant } from "./matmul-launch.js";
import type { ProductDevice } from "./matmul-variants.js";
import type { SmallBatchPlan } from "./small-batch-plan.js";
import { smallBatchPlan } from "./small-batch-plan.js";

/** What a plan needs to know of a device. */
export interface DeviceTraits extends ProductDevice {
  readonly device: "webgpu" | "cpu";
  /** Bytes of the largest storage binding. */
  readonly bindingBytes: number;
  /** Floating-point operations that one dispatch may hold. */
  readonly workPerDispatch: number;
}

export interface StepQuestion {
  readonly rows: number;
  readonly features: number;
  readonly classes: number;
  /** Element type of the features. */
  readonly format: "f32" | "f16" | "u8";
  /** Rows in a step of SGD or Adam; all of them unless given. */
  readonly batchSize: number;
  /** Gradients of steps are cut to a length, as `clipNorm` asks. Default false. */
  readonly clipped?: boolean;
}

export interface StepPlan extends SmallBatchPlan {
  /**
   * `fused`: forward, softmax, loss and gradient in one dispatch, the update in a second, or in the same on a CPU. `separate`: a
   * matrix product, softmax with loss, and a second product. `wide`: the same for 64 classes and more, whose products are tiled.
   * On a GPU the first product of a step of these two may be left in parts, which the second dispatch adds up. `sparse`: products that go
   * by the values that X stores.
   */
  readonly name: "fused" | "separate" | "wide" | "sparse";
  /** Why, in a sentence for people. */
  readonly reason: string;
  /** Of the dispatch that reads X, evaluating all rows; undefined where the products choose for themselves. */
  readonly workgroups: number | undefined;
  readonly rowsPerBlock: number | undefined;
  /** Parts of a step's X·W that cross-entropy adds up as it reads them: 1 where the sum over features is not split. */
  readonly forwardParts: number;
  readonly threads: number | undefined;
  /** How the threads that share a row add up their logits. */
  readonly lanes: "alone" | "in turns" | "by subgroups" | undefined;
  /** Storage bindings that X takes: on the fused plan one dispatch each. */
  readonly bindings: number;
  /** A fraction where one dispatch carries out many steps. */
  readonly dispatchesPerStep: number;
  readonly dispatchesPerEvaluation: number;
  /** Bytes of X read from memory to evaluate loss and gradient of all rows once, padding of rows included. */
  readonly featureBytes: number;
  /** Those and all else that moves: labels, weights, logits, partial sums. */
  readonly bytesMoved: number;
  /** Floating-point operations of an evaluation. */
  readonly operations: number;
}

/** Features times classes beyond which the workgroups' partial gradients cost more than they save. */
export const MOST_FUSED_WEIGHTS = 16_384;
/** Features times classes that stay in a CPU core's cache with as many sums: 512 kB together. */
export const MOST_CACHED_WEIGHTS = 65_536;
/** From so many classes on, matrix products are wide enough to be tiled. */
export const WIDE_CLASSES = 64;

type Choice = Pick<StepPlan, "name" | "reason">;

/** The plan's name and why, without its costs. */
export function choosePlan(
  { features, classes }: Pick<StepQuestion, "features" | "classes">,
  { device }: Pick<DeviceTraits, "device">,
): Choice {
  const weights = features * classes;
  if (classes >= WIDE_CLASSES) {
    return { name: "wide", reason: `${classes} classes, ${WIDE_CLASSES} or more, make matrix products worth tiling` };
  }
  if (device === "cpu") return chooseOnCpu(weights, features, classes);
  if (classes > MOST_CLASSES) {
    return {
      name: "separate",
      reason: `${classes} classes are more than the ${MOST_CLASSES} that a thread's registers hold`,
    };
  }
  if (weights > MOST_FUSED_WEIGHTS) {
    const product = `${features} × ${classes} = ${weights} weights`;
    return {
      name: "separate",
      reason: `${product} are more than the ${MOST_FUSED_WEIGHTS} that every workgroup keeps sums of`,
    };
  }
  return {
    name: "fused",
    reason: `${features} × ${classes} = ${weights} weights are few enough for every workgroup to keep their sums`,
  };
}

function chooseOnCpu(weights: number, features: number, classes: number): Choice {
  const product = `${features} × ${classes} = ${weights} weights`;
  return weights > MOST_CACHED_WEIGHTS
    ? {
        name: "separate",
        reason: `${product} are more than the ${MOST_CACHED_WEIGHTS} that a CPU core's cache holds beside X`,
      }
    : { name: "fused", reason: `${product} and the sums of their gradient fit a CPU core's cache beside a block of X` };
}

export function planOfStep(question: StepQuestion, traits: DeviceTraits): StepPlan {
  const choice = choosePlan(question, traits);
  const { rows, features, classes, format } = question;
  const rowBytes = Math.ceil(features / 4) * QUAD_BYTES[format];
  const perBinding = Math.max(64, Math.floor(traits.bindingBytes / rowBytes / 64) * 64);
  const bindings = rows * rowBytes <= traits.bindingBytes ? 1 : Math.ceil(rows / perBinding);
  const operations = 4 * rows * features * classes;
  if (choice.name !== "fused") {
    const costs = separateCosts(question, traits, rowBytes, bindings);
    const dispatchesPerStep = costs.dispatchesPerStep + cutLaunches(question, traits);
    return { ...choice, ...costs, ...ONE_BY_ONE, dispatchesPerStep, bindings, operations };
  }
  const isCpu = traits.device === "cpu";
  const costs = isCpu
    ? cpuCosts(question, rowBytes)
    : fusedCosts(question, traits, rowBytes, Math.min(rows, perBinding), bindings);
  const steps: SmallBatchPlan = question.clipped
    ? { stepsPerDispatch: undefined, stepReason: "a gradient that may be cut is whole before any weight moves" }
    : isCpu
      ? { stepsPerDispatch: undefined, stepReason: "a CPU's steps cost no launches" }
      : smallBatchPlan({ ...question, software: traits.software, bindings });
  // Uncut, the launch that sums the gradient up moves the weights.
  const cut = question.clipped ? cutLaunches(question, traits) + 1 : 0;
  const dispatchesPerStep =
    steps.stepsPerDispatch === undefined ? costs.dispatchesPerStep + cut : 1 / steps.stepsPerDispatch;
  return { ...choice, ...costs, ...steps, dispatchesPerStep, bindings, operations };
}

/** Of steps by separate ops. */
export const ONE_BY_ONE: SmallBatchPlan = {
  stepsPerDispatch: undefined,
  stepReason: "only the fused step's kind of model fits one workgroup",
};

/** Launches that the length of a step's gradient is found and cut in; there is a row of weights for the intercept. */
export function cutLaunches(
  { features, classes, clipped }: Pick<StepQuestion, "features" | "classes" | "clipped">,
  { device }: Pick<DeviceTraits, "device">,
): number {
  if (!clipped) return 0;
  return device === "cpu" ? 1 : clipLaunches((features + 1) * Math.ceil(classes / 4));
}

type Costs = Omit<StepPlan, "name" | "reason" | "bindings" | "operations" | keyof SmallBatchPlan>;

function fusedCosts(
  question: StepQuestion,
  traits: DeviceTraits,
  rowBytes: number,
  perBinding: number,
  bindings: number,
): Costs {
  const { rows, features, classes, batchSize } = question;
  const { software, workPerDispatch, adapter } = traits;
  const most = rowsPerLaunch(workPerDispatch, features, classes);
  const layoutFor = (count: number): StepLayout =>
    stepLayout({ rows: count, features, classes, rowBytes, software, adapter });
  // Every binding is cut by itself, its last launch shorter than the others.
  const launches: number[] = [];
  for (let first = 0; first < rows; ) {
    const end = Math.min(rows, (Math.floor(first / perBinding) + 1) * perBinding, first + most);
    launches.push(end - first);
    first = end;
  }
  const layout = layoutFor(launches[0]);
  const partials = launches.reduce((sum, count) => sum + layoutFor(count).workgroups, 0);
  const classBytes = Math.ceil(classes / 4) * 16;
  const partialBytes = partials * ((features + 1) * classBytes + 16);
  const { threads, segments } = finishLayout(partials, software);
  const finishGroups = Math.ceil(((features + 1) * classBytes) / 16 / (threads / segments));
  const batch = Math.min(batchSize, rows);
  return {
    workgroups: layout.workgroups,
    rowsPerBlock: layout.rowsPerBlock,
    forwardParts: 1,
    threads: layout.threads,
    lanes: layout.lanes === 1 ? "alone" : layout.subgroups ? "by subgroups" : "in turns",
    dispatchesPerStep: bindings * Math.ceil(batch / most) + 1,
    dispatchesPerEvaluation: launches.length + 1,
    featureBytes: rows * rowBytes,
    // Labels; W once and the gradient once; partial sums written and read, their weights by every workgroup of the second launch.
    bytesMoved:
      rows * rowBytes + 4 * rows + 2 * (features + 1) * classBytes + 2 * partialBytes + 16 * partials * finishGroups,
  };
}

/** One op, without partial sums: rows are walked block by block. */
function cpuCosts({ rows, features, classes }: StepQuestion, rowBytes: number): Costs {
  return {
    workgroups: undefined,
    rowsPerBlock: undefined,
    forwardParts: 1,
    threads: undefined,
    lanes: undefined,
    dispatchesPerStep: 1,
    dispatchesPerEvaluation: 1,
    featureBytes: rows * rowBytes,
    // Labels; W read, the gradient written and read again.
    bytesMoved: rows * rowBytes + 4 * rows + 12 * (features + 1) * classes,
  };
}

/** The launches that there are at least: products of long sums take one more each, to add up their parts. */
function separateCosts(question: StepQuestion, traits: DeviceTraits, rowBytes: number, bindings: number): Costs {
  const { rows, features, classes } = question;
  const classBytes = Math.ceil(classes / 4) * 16;
  const featureBytes = 2 * rows * rowBytes;
  return {
    workgroups: undefined,
    rowsPerBlock: undefined,
    forwardParts: partsOfStep(question, traits),
    threads: undefined,
    lanes: undefined,
    // Gather rows, gather labels, product, loss, its sum, product, update.
    dispatchesPerStep: 6 + bindings,
    // Product, loss, its sum, product.
    dispatchesPerEvaluation: 2 + 2 * bindings,
    featureBytes,
    // Logits and their gradient are written once and read once each; labels, losses.
    bytesMoved: featureBytes + 4 * rows * classBytes + 12 * rows + 3 * (features + 1) * classBytes,
  };
}

function partsOfStep({ rows, features, classes, format, batchSize }: StepQuestion, traits: DeviceTraits): number {
  if (traits.device === "cpu") return 1;
  const sizes = { rows: Math.min(rows, batchSize), columns: classes, depth: features };
  const variant = matmulVariant({ ...sizes, transposeA: false, transposeB: false, type: format }, traits);
  return forwardParts(sizes, variant);
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

/** A plan in words, a line for each of its numbers. */
export function describePlan(question: StepQuestion, plan: StepPlan): string {
  const { rows, features, classes, format, batchSize, clipped } = question;
  const { name, reason, workgroups, rowsPerBlock, bindings, operations } = plan;
  const least = name === "fused" ? "" : "at least ";
  const lines = [
    `${rows} rows × ${features} features (${format}), ${classes} classes, batches of ${batchSize}: ${name}, since ${reason}.`,
    `An evaluation of all rows: ${least}${plan.dispatchesPerEvaluation} dispatches, ${megabytes(plan.featureBytes)} of X read, ` +
      `${megabytes(plan.bytesMoved)} moved in all, ${(operations / 1e9).toPrecision(3)} GFLOP.`,
    plan.stepsPerDispatch === undefined
      ? `A step: ${least}${plan.dispatchesPerStep} dispatches, since ${plan.stepReason}.`
      : `Steps: ${plan.stepsPerDispatch} in each dispatch, by one workgroup, since ${plan.stepReason}.`,
  ];
  if (clipped) {
    const update = name === "fused" ? ", the update another" : "";
    lines.push(
      `The cut of its gradient to a length is a launch of its own among them${update}; of many weights it is two.`,
    );
  }
  if (workgroups !== undefined) {
    lines.push(
      `${workgroups} workgroups of ${plan.threads} threads walk blocks of ${rowsPerBlock} rows; lanes add up ${plan.lanes}.`,
    );
  }
  if (plan.forwardParts > 1) {
    lines.push(
      `A step sums over features in ${plan.forwardParts} parts, which cross-entropy adds up as it reads the logits.`,
    );
  }
  if (bindings > 1) lines.push(`X takes ${bindings} storage bindings, each of them dispatches of its own.`);
  return lines.join("\n");
}
