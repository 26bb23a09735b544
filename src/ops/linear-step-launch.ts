/** How a GPU takes the sums of a fused step: one launch for each binding that X takes, and more where one would be too much work. */
import { ELEMENT_FORMAT, QUAD_BYTES } from "./element-size.js";
import type { LinearStepArguments } from "./linear-step.js";
import { hasBias } from "./linear-step.js";
import type { StepLayout } from "./linear-step-layout.js";
import { fitsWorkgroup, rowsPerLaunch, sharedBytes, stagesOf, stepLayout } from "./linear-step-layout.js";
import type { DeviceMatrix, Kernel, On, Planner } from "./op.js";
import { f32, NOT_A_NUMBER_BITS, u32 } from "./op.js";
import type { RowRange } from "./row-ranges.js";
import { rowRanges, wholeBlock } from "./row-ranges.js";
import { LaunchConstants, SetUps } from "./set-ups.js";
import { BELOW, GAP } from "./shader-parts.js";
import { targetConstants } from "./targets.js";

const PARTS = [
  "linear_step",
  "linear_step/features",
  "linear_step/forward",
  "linear_step/softmax",
  "linear_step/gradient",
  BELOW,
  GAP,
] as const;
const kernel: Kernel = {
  name: "linear_step",
  files: [...PARTS, "linear_step/lanes_in_turns"],
  bindings: ["read", "read", "read", "read", "read", "read", "read", "write"],
};
/** The same for devices with subgroups, whose part comes first: it says that it needs them. */
const subgroupKernel: Kernel = {
  ...kernel,
  name: "linear_step_subgroups",
  files: ["linear_step/lanes_by_subgroups", ...PARTS],
};

/** What the launches leave, one after the other, for `linear_finish` to add up. */
export interface Partials {
  readonly buffer: object;
  readonly offset: number;
  readonly stride: number;
  readonly count: number;
}

interface Launch {
  readonly range: RowRange;
  /** Rows of the order, or of the range. */
  readonly first: number;
  readonly rows: number;
  readonly layout: StepLayout;
}

const operations = ({ x, theta }: Pick<LinearStepArguments, "x" | "theta">): number => 4 * x.columns * theta.columns;

const LAYOUTS = new SetUps<StepLayout>();
/** By the layout, since those of tests are no others' of the same shape. */
const CONSTANTS = new LaunchConstants();

/** One for each binding of X, and more where one would be too much work for a dispatch. */
function launchesOf(args: On<LinearStepArguments, DeviceMatrix>, planner: Planner, chosen?: StepLayout): Launch[] {
  const { x, theta, soft, order, first, rows } = args;
  const { software, adapter } = planner;
  const most = rowsPerLaunch(planner.workPerDispatch, x.columns, theta.columns);
  const rowBytes = x.stride * QUAD_BYTES[x.type];
  const device = `${software}|${adapter?.vendor}|${adapter?.subgroups?.min}`;
  const layoutFor = (count: number): StepLayout => {
    if (chosen) return chosen;
    const shape = { rows: count, features: x.columns, classes: theta.columns, rowBytes, software, adapter };
    return LAYOUTS.of(`${count}|${x.columns}|${theta.columns}|${rowBytes}|${device}`, () => stepLayout(shape));
  };
  if (!order) {
    return rowRanges(soft ? [x, soft] : [x], most).map((range) => ({
      range,
      first: 0,
      rows: range.rows,
      layout: layoutFor(range.rows),
    }));
  }
  if (soft) wholeBlock("linearStep", "soft targets", soft);
  const launches: Launch[] = [];
  for (const range of rowRanges(soft ? [x, soft] : [x])) {
    for (let begin = 0; begin < rows; begin += most) {
      const count = Math.min(most, rows - begin);
      launches.push({ range, first: first + begin, rows: count, layout: layoutFor(count) });
    }
  }
  return launches;
}

export function planStep(args: On<LinearStepArguments, DeviceMatrix>, planner: Planner, chosen?: StepLayout): Partials {
  const { x, theta, order } = args;
  const launches = launchesOf(args, planner, chosen);
  const stride = (x.columns + Number(hasBias(args))) * theta.stride + 1;
  const count = launches.reduce((sum, { layout }) => sum + layout.workgroups, 0);
  const { buffer, offset } = wholeBlock("linearStep", "partial results", planner.scratch(count, stride * 4));
  const whole = (name: string, m: DeviceMatrix | undefined): { buffer: object; offset: number } =>
    m ? wholeBlock("linearStep", name, m) : { buffer: wholeBlock("linearStep", "weights", theta).buffer, offset: 0 };
  const weights = whole("weights", theta);
  const bias = args.bias
    ? whole("bias", args.bias)
    : { buffer: weights.buffer, offset: weights.offset + x.columns * theta.stride };
  const [labels, rowWeight, classWeight, list] = [
    whole("labels", args.labels),
    whole("sampleWeight", args.rowWeight),
    whole("classWeight", args.classWeight),
    whole("order", order),
  ];
  let done = 0;
  for (const { range, first, rows, layout } of launches) {
    const [features, soft] = range.parts;
    const blocks = Math.ceil(rows / layout.rowsPerBlock);
    const wide = quadsAtOnce(x, features.offset, layout);
    planner.dispatch({
      kernel: layout.subgroups ? subgroupKernel : kernel,
      constants: constantsFor(args, layout, wide),
      buffers: [
        features.buffer,
        weights.buffer,
        bias.buffer,
        soft?.buffer ?? labels.buffer,
        rowWeight.buffer,
        args.classWeight ? classWeight.buffer : features.buffer,
        list.buffer,
        buffer,
      ],
      parameters: [
        ...[
          rows,
          blocks,
          layout.rowsPerBlock,
          x.columns,
          theta.columns,
          features.offset,
          x.stride,
          range.firstRow,
          range.rows,
        ].map(u32),
        ...[weights.offset, bias.offset].map(u32),
        // Where row 0 would be, modulo 2³²: rows before the range are not read.
        u32(soft && args.soft ? soft.offset - range.firstRow * args.soft.stride : labels.offset * 4),
        ...[args.soft?.stride ?? 0, rowWeight.offset * 4, classWeight.offset * 4, list.offset * 4 + first].map(u32),
        ...[offset + done * stride, stride, args.ignoreIndex, NOT_A_NUMBER_BITS].map(u32),
        ...[args.labelSmoothing, x.scale, x.offset].map(f32),
      ],
      workgroups: layout.workgroups,
      work: operations(args) * rows,
      featureBytes: rows * x.stride * QUAD_BYTES[x.type],
    });
    done += layout.workgroups;
  }
  return { buffer, offset, stride, count };
}

/** Quads of features in the sixteen bytes that lanes fetch at once, if rows begin at multiples of that. */
function quadsAtOnce({ type, stride }: DeviceMatrix, offset: number, { lanes }: StepLayout): number {
  const quads = 16 / QUAD_BYTES[type];
  return lanes > 1 && stride % quads === 0 && offset % quads === 0 ? quads : 1;
}

function constantsFor(
  args: On<LinearStepArguments, DeviceMatrix>,
  layout: StepLayout,
  wide: number,
): Readonly<Record<string, number>> {
  const { x, order } = args;
  const storage = {
    WIDE: wide,
    STAGED: stagesOf(layout, wide),
    FORMAT: ELEMENT_FORMAT[x.type],
    DECODE: Number(x.offset !== 0),
    RAGGED: Number(x.columns % 4 !== 0),
    HAS_BIAS: Number(hasBias(args)),
    ORDERED: Number(order !== undefined),
    ...targetConstants(args),
  };
  return CONSTANTS.of(layout, Object.values(storage).join("|"), () => ({ ...constantsOf(layout), ...storage }));
}

function constantsOf(layout: StepLayout): Record<string, number> {
  if (!fitsWorkgroup(layout)) {
    throw new RangeError(`linearStep: ${sharedBytes(layout)} bytes of workgroup memory are more than there are.`);
  }
  return {
    THREADS: layout.threads,
    LANES: layout.lanes,
    SEGMENT: layout.segment,
    ROW_QUADS: layout.rowQuads,
    FEATURE_QUADS: layout.featureQuads,
    ROW_GROUPS: layout.rowGroups,
    ROWS: layout.mostRows,
    CLASS_QUADS: layout.classQuads,
    OWN_QUADS: layout.ownQuads,
    LAST_CLASSES: layout.lastClasses,
    CLASS_GROUPS: layout.classGroups,
    SHARED: layout.shared,
    BIAS_SEGMENTS: layout.biasSegments,
  };
}
