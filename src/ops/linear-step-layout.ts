/**
 * How the fused step shares its rows, features and classes out among threads: every number that `linear_step.wgsl` and
 * `linear_finish.wgsl` are specialised by, and what fits into 16 KiB of workgroup memory.
 */
import type { AdapterTraits } from "./op.js";

export interface StepShape {
  /** Rows of one launch. */
  readonly rows: number;
  readonly features: number;
  readonly classes: number;
  /** Bytes from one row of X to the next. */
  readonly rowBytes: number;
  /** The adapter is a CPU in disguise. */
  readonly software: boolean;
  /** Unknown where it is missing. */
  readonly adapter?: AdapterTraits | undefined;
}

export interface StepLayout {
  readonly threads: number;
  /** Threads that share a row's features going forward, and how many of them add up their sums in one place. */
  readonly lanes: number;
  readonly segment: number;
  /** All lanes of a row are of one subgroup, and add up their sums there. */
  readonly subgroups: boolean;
  /** Quads of rows a thread takes going forward, quads of features it owns going backward. */
  readonly rowQuads: number;
  readonly featureQuads: number;
  /** Threads that share the rows of a block going backward. */
  readonly rowGroups: number;
  /** Rows of a block: those there is room for, and those that it takes so that workgroups have the same to do. */
  readonly mostRows: number;
  readonly rowsPerBlock: number;
  readonly classQuads: number;
  /** Quads of classes that one thread handles, and the classes of the last of them. */
  readonly ownQuads: number;
  readonly lastClasses: number;
  readonly classGroups: number;
  /** 4 × 4 values of workgroup memory: for logits, for the weights that lanes share before, for what row groups add up. */
  readonly shared: number;
  readonly biasSegments: number;
  readonly workgroups: number;
}

/** More classes than a thread has registers for are split into two groups. */
const CLASSES_PER_THREAD = 16;
/** Beyond this many classes a row of W is worth a matrix product. */
export const MOST_CLASSES = 32;
/** WebGPU's default. */
const WORKGROUP_BYTES = 16_384;
/**
 * On hardware: workgroups that the largest GPUs hold at once, each of which leaves a partial gradient to be added up, and those
 * that a small batch is spread over.
 */
const MOST_WORKGROUPS = 264;
const ENOUGH_WORKGROUPS = 32;
const MOST_LANES = 128;
/**
 * Bytes of X in a block: the gradient must find in the caches what the logits have read, for all workgroups at work at once.
 * 200 KB, a block of 256 rows of MNIST, was the fastest of those tried on an H100.
 */
const MOST_BLOCK_BYTES = 224 * 1024;
const MOST_ROW_GROUPS = 16;
/** Lanes that add up their sums by shuffles: four of them keep a row each. */
const FEWEST_SHUFFLED = 4;
/** On software adapters: threads that leave work for every core, and one partial sum a block of 128 rows at most. */
const SOFTWARE_WORKGROUPS = 16;

/** Lanes that wait for each other while they add up their sums. */
const MOST_TURNS = 8;

/** Times that all lanes fetch `wide` quads of features between two stagings of their weights; 0 where there is no room for one. */
export const stagesOf = ({ lanes, shared, classQuads }: StepLayout, wide: number): number =>
  lanes === 1 ? 0 : Math.floor(shared / (lanes * wide * classQuads));

/**
 * Blocks of at most `mostRows` rows for at most `most` workgroups, all of which have the same to do: where there are blocks for
 * half of the workgroups, they are shortened until there is one for each.
 */
function spread(rows: number, mostRows: number, most: number): Pick<StepLayout, "rowsPerBlock" | "workgroups"> {
  const fewest = Math.ceil(rows / mostRows);
  const rounds = Math.ceil(fewest / most);
  const rowsPerBlock = 2 * fewest < most ? mostRows : 4 * Math.ceil(rows / (4 * most * rounds));
  return { rowsPerBlock, workgroups: Math.ceil(Math.ceil(rows / rowsPerBlock) / rounds) };
}

type ClassSplit = Pick<StepLayout, "classQuads" | "ownQuads" | "lastClasses" | "classGroups">;

function classSplit(classes: number): ClassSplit {
  const classQuads = Math.ceil(classes / 4);
  if (classes > CLASSES_PER_THREAD) {
    return { classQuads, ownQuads: Math.ceil(classQuads / 2), lastClasses: 4, classGroups: 2 };
  }
  return { classQuads, ownQuads: classQuads, lastClasses: classes - 4 * (classQuads - 1), classGroups: 1 };
}

export function stepLayout(shape: StepShape): StepLayout {
  return shape.software ? softwareLayout(shape) : hardwareLayout(shape);
}

/** What a layout follows from. */
export interface LayoutChoice {
  readonly threads: number;
  readonly lanes: number;
  readonly rowQuads: number;
  readonly featureQuads: number;
  /** Workgroups at most. */
  readonly most: number;
  /** Threads that share a block's rows at most, going backward. */
  readonly mostRowGroups: number;
  readonly subgroups: boolean;
}

export function layoutOf({ rows, features, classes }: StepShape, choice: LayoutChoice): StepLayout {
  const { threads, lanes, rowQuads, featureQuads, most, mostRowGroups, subgroups } = choice;
  const split = classSplit(classes);
  const mostRows = (4 * rowQuads * threads) / (lanes * split.classGroups);
  const spreading = spread(rows, mostRows, most);
  const segment = subgroups ? lanes : Math.min(MOST_TURNS, lanes);
  const units = Math.ceil(features / (4 * featureQuads)) * split.classGroups;
  const rowGroups = Math.max(1, Math.min(mostRowGroups, Math.floor(threads / units), spreading.rowsPerBlock / 4));
  return {
    ...split,
    ...spreading,
    ...{ threads, lanes, segment, subgroups, rowQuads, featureQuads, rowGroups, mostRows },
    shared: Math.max(
      threads / 4,
      ((mostRows / 4) * lanes * split.classQuads) / segment,
      rowGroups > 1 ? (rowGroups - 1) * units : 0,
    ),
    biasSegments: Math.min(16, Math.floor(threads / split.classQuads)),
  };
}

/** Workgroup memory that a layout takes. */
export const sharedBytes = ({ shared, mostRows }: StepLayout): number => 64 * shared + 4 * mostRows;

export const fitsWorkgroup = (layout: StepLayout): boolean => sharedBytes(layout) <= WORKGROUP_BYTES;

/**
 * Whose threads are known to follow each other in a subgroup as they do in a one-dimensional workgroup, which WGSL does not
 * promise: shuffles between lanes count on it, and were measured there only.
 */
const SHUFFLING_VENDORS: ReadonlySet<string> = new Set(["nvidia"]);

/** Lanes read neighbouring features, so that cache lines are used whole; more of them when rows are few or long. */
function hardwareLayout(shape: StepShape): StepLayout {
  const { vendor = "", subgroups: offered } = shape.adapter ?? {};
  const subgroups = SHUFFLING_VENDORS.has(vendor.toLowerCase()) ? offered : undefined;
  const base = { threads: 256, rowQuads: 1, featureQuads: 1, most: MOST_WORKGROUPS, mostRowGroups: MOST_ROW_GROUPS };
  const quads = Math.ceil(shape.features / 4);
  const layoutFor = (lanes: number): StepLayout => {
    const shuffled = subgroups !== undefined && lanes >= FEWEST_SHUFFLED && lanes <= subgroups.min;
    return layoutOf(shape, { ...base, lanes, subgroups: shuffled });
  };
  const tooFew = ({ lanes, mostRows }: StepLayout): boolean =>
    shape.rows < ENOUGH_WORKGROUPS * mostRows && lanes < quads;
  const tooLong = ({ mostRows }: StepLayout): boolean => mostRows * shape.rowBytes > MOST_BLOCK_BYTES;
  let layout = layoutFor(4);
  while (layout.lanes < MOST_LANES && (tooFew(layout) || tooLong(layout) || !fitsWorkgroup(layout))) {
    layout = layoutFor(2 * layout.lanes);
  }
  return layout;
}

/**
 * A thread takes eight rows, and eight features, alone: loads are dear there, and barriers more. With four quads of classes that
 * would be more sums than a CPU has registers, and SwiftShader compiled it for two minutes.
 */
function softwareLayout(shape: StepShape): StepLayout {
  const threads = shape.rows > 256 ? 16 : shape.rows > 64 ? 8 : 4;
  const few = Math.max(threads, 2 * Math.ceil(shape.classes / 16));
  const { classQuads, ownQuads } = classSplit(shape.classes);
  const quads = ownQuads > 3 ? 1 : 2;
  return layoutOf(shape, {
    // Each quad of dz is summed up by a thread.
    threads: few >= classQuads ? few : 8,
    ...{
      lanes: 1,
      rowQuads: quads,
      featureQuads: quads,
      most: SOFTWARE_WORKGROUPS,
      mostRowGroups: 1,
      subgroups: false,
    },
  });
}

/** Rows whose gradient is not too much work for one dispatch: a multiple of 64. */
export const rowsPerLaunch = (workPerDispatch: number, features: number, classes: number): number =>
  Math.max(64, Math.floor(workPerDispatch / (4 * features * classes) / 64) * 64);
