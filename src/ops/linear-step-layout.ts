/**
 * How the fused step shares its rows, features and classes out among threads: every number that `linear_step.wgsl` and
 * `linear_finish.wgsl` are specialised by, and what fits into 16 KiB of workgroup memory.
 */

export interface StepShape {
  /** Rows of one launch. */
  readonly rows: number;
  readonly features: number;
  readonly classes: number;
  /** Bytes from one row of X to the next. */
  readonly rowBytes: number;
  /** The adapter is a CPU in disguise. */
  readonly software: boolean;
}

export interface StepLayout {
  readonly threads: number;
  /** Threads that share a row's features going forward, and how many of them add up their sums in one place. */
  readonly lanes: number;
  readonly segment: number;
  /** Quads of rows a thread takes going forward, quads of features it owns going backward. */
  readonly rowQuads: number;
  readonly featureQuads: number;
  readonly rowsPerBlock: number;
  readonly classQuads: number;
  /** Quads of classes that one thread handles: whole ones and perhaps half of one. */
  readonly wholeQuads: number;
  readonly halfQuad: boolean;
  readonly classGroups: number;
  /** 4 × 4 values of workgroup memory: for logits, or for the weights that lanes share before. */
  readonly shared: number;
  readonly biasSegments: number;
  readonly workgroups: number;
}

/** More classes than a thread has registers for are split into two groups. */
const CLASSES_PER_THREAD = 16;
/** Beyond this many classes a row of W is worth a matrix product. */
export const MOST_CLASSES = 32;
/**
 * On hardware: workgroups that fill the largest GPUs, each of which leaves a partial gradient to be added up, and those that
 * a small batch is spread over.
 */
const MOST_WORKGROUPS = 264;
const ENOUGH_WORKGROUPS = 32;
const MOST_LANES = 128;
/**
 * Bytes of X in a block: the gradient must find in the caches what the logits have read, for all workgroups at work at once.
 * 200 KB, a block of 256 rows of MNIST, was the fastest of those tried on an H100.
 */
const MOST_BLOCK_BYTES = 224 * 1024;
/** Quads of classes whose shares of 256 rows' logits fit 16 KiB of workgroup memory beside the rows' places. */
const QUADS_IN_TALL_BLOCKS = 3;
/** On software adapters: threads that leave work for every core, and one partial sum a block of 128 rows at most. */
const SOFTWARE_WORKGROUPS = 16;

/** Lanes that wait for each other while they add up their sums. */
const MOST_TURNS = 8;

/** Times that all lanes fetch `wide` quads of features between two stagings of their weights; 0 where there is no room for one. */
export const stagesOf = ({ lanes, shared, classQuads }: StepLayout, wide: number): number =>
  lanes === 1 ? 0 : Math.floor(shared / (lanes * wide * classQuads));

/** Workgroups that share `blocks` blocks evenly, `most` or fewer. */
const evenly = (blocks: number, most: number): number => Math.ceil(blocks / Math.ceil(blocks / most));

function classSplit(classes: number): Pick<StepLayout, "classQuads" | "wholeQuads" | "halfQuad" | "classGroups"> {
  const classQuads = Math.ceil(classes / 4);
  if (classes > CLASSES_PER_THREAD) {
    return { classQuads, wholeQuads: Math.ceil(classQuads / 2), halfQuad: false, classGroups: 2 };
  }
  const halfQuad = classes % 4 === 1 || classes % 4 === 2;
  return { classQuads, wholeQuads: classQuads - Number(halfQuad), halfQuad, classGroups: 1 };
}

export function stepLayout(shape: StepShape): StepLayout {
  return shape.software ? softwareLayout(shape) : hardwareLayout(shape);
}

/** The layout with so many lanes, rows and workgroups at most. */
export function layoutOf(
  { rows, classes }: StepShape,
  {
    threads,
    lanes,
    rowQuads,
    featureQuads,
    most,
  }: Record<"threads" | "lanes" | "rowQuads" | "featureQuads" | "most", number>,
): StepLayout {
  const split = classSplit(classes);
  const rowsPerBlock = (4 * rowQuads * threads) / (lanes * split.classGroups);
  const segment = Math.min(MOST_TURNS, lanes);
  return {
    ...split,
    threads,
    lanes,
    segment,
    rowQuads,
    featureQuads,
    rowsPerBlock,
    shared: Math.max(threads / 4, ((rowsPerBlock / 4) * lanes * split.classQuads) / segment),
    biasSegments: Math.min(16, Math.floor(threads / split.classQuads)),
    workgroups: evenly(Math.ceil(rows / rowsPerBlock), most),
  };
}

/** Lanes read neighbouring features, so that cache lines are used whole; more of them when rows are few or long. */
function hardwareLayout(shape: StepShape): StepLayout {
  const threads = 256;
  const { classGroups, classQuads } = classSplit(shape.classes);
  const quads = Math.ceil(shape.features / 4);
  let lanes = classQuads > QUADS_IN_TALL_BLOCKS ? 8 : 4;
  const blockRows = (): number => (4 * threads) / (lanes * classGroups);
  const fewer = (): boolean => shape.rows < ENOUGH_WORKGROUPS * blockRows() && lanes < quads;
  const shorter = (): boolean => blockRows() * shape.rowBytes > MOST_BLOCK_BYTES;
  while (lanes < MOST_LANES && (fewer() || shorter())) lanes *= 2;
  return layoutOf(shape, { threads, lanes, rowQuads: 1, featureQuads: 1, most: MOST_WORKGROUPS });
}

/** A thread takes eight rows, and eight features, alone: loads are dear there, and barriers more. */
function softwareLayout(shape: StepShape): StepLayout {
  const threads = shape.rows > 256 ? 16 : shape.rows > 64 ? 8 : 4;
  const few = Math.max(threads, 2 * Math.ceil(shape.classes / 16));
  const split = classSplit(shape.classes);
  // Each quad of dz is summed up by a thread.
  const enough = few >= split.classQuads ? few : 8;
  return layoutOf(shape, { threads: enough, lanes: 1, rowQuads: 2, featureQuads: 2, most: SOFTWARE_WORKGROUPS });
}
