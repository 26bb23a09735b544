/**
 * How one workgroup shares out the rows, features and classes of a small batch among its threads: every number that
 * `small_batch_steps.wgsl` is specialised by, and what fits into 16 KiB of workgroup memory.
 */

export interface SmallBatchShape {
  readonly batchSize: number;
  /** Features, and one more for the intercept. */
  readonly features: number;
  readonly classes: number;
  /** The adapter is a CPU in disguise. */
  readonly software: boolean;
}

export interface SmallBatchLayout {
  readonly threads: number;
  /** Threads that share a row's features going forward, and how many of them add up their sums in one place. */
  readonly lanes: number;
  readonly segment: number;
  /** Quads of rows that all threads take at once going forward, how many times, and quads of rows in a batch. */
  readonly quadsAtOnce: number;
  readonly rounds: number;
  readonly rowQuads: number;
  readonly classQuads: number;
  /** Quads of classes that a thread takes, and groups of threads over the classes. */
  readonly forwardQuads: number;
  readonly forwardGroups: number;
  readonly gradientQuads: number;
  readonly gradientGroups: number;
  /** 4 × 4 values of workgroup memory for sums that lanes share. */
  readonly shares: number;
}

/** What may be chosen; the rest follows. */
export interface SmallBatchChoice {
  readonly threads: number;
  readonly lanes: number;
  readonly segment: number;
  readonly forwardQuads: number;
}

/** Quads of classes whose sums a thread has registers for. */
const MOST_QUADS = 4;
/** 4 × 4 values that the first threads' sums of losses take. */
const LEAST_SHARES = 4;
const WORKGROUP_BYTES = 16_384;

/** A row's softmax and the barriers take one workgroup as long as so many weights more: fitted to three shapes on an H100. */
const ROW_OVERHEAD = 2000;

/** Floating-point operations of a step, and what takes as long: about 10 µs for a million on an H100. */
export const smallBatchWork = (batchSize: number, features: number, classes: number): number =>
  4 * batchSize * (features * classes + ROW_OVERHEAD) + 16 * features * classes;

/** Workgroup memory that a layout takes. */
export const smallBatchBytes = ({ rowQuads, classQuads, shares }: SmallBatchLayout): number =>
  64 * (rowQuads * classQuads + shares) + 16 * rowQuads;

export const fitsWorkgroup = (layout: SmallBatchLayout): boolean => smallBatchBytes(layout) <= WORKGROUP_BYTES;

export function smallBatchLayoutOf(
  { batchSize, classes }: SmallBatchShape,
  { threads, lanes, segment, forwardQuads }: SmallBatchChoice,
): SmallBatchLayout {
  const rowQuads = Math.ceil(batchSize / 4);
  const classQuads = Math.ceil(classes / 4);
  const forwardGroups = Math.ceil(classQuads / forwardQuads);
  const gradientGroups = Math.ceil(classQuads / MOST_QUADS);
  const quadsAtOnce = Math.min(rowQuads, Math.floor(threads / (lanes * forwardGroups)));
  return {
    ...{ threads, lanes, segment, quadsAtOnce, rowQuads, classQuads, forwardQuads, forwardGroups, gradientGroups },
    rounds: Math.ceil(rowQuads / quadsAtOnce),
    gradientQuads: Math.ceil(classQuads / gradientGroups),
    shares: Math.max(LEAST_SHARES, quadsAtOnce * (lanes / segment) * classQuads),
  };
}

/**
 * Threads, and lanes at the least, so that neighbours read neighbouring weights. On software adapters barriers are dear, and a core
 * computes four or eight threads at a time.
 */
const HARDWARE = { threads: 256, lanes: 16 };
const SOFTWARE = { threads: 16, lanes: 4 };
const MOST_LANES = 64;

/** As many lanes as keep all threads busy, adding up with as few barriers as workgroup memory allows. */
export function smallBatchLayout(shape: SmallBatchShape): SmallBatchLayout {
  const classQuads = Math.ceil(shape.classes / 4);
  const rowQuads = Math.ceil(shape.batchSize / 4);
  const { threads, lanes: least } = shape.software ? SOFTWARE : HARDWARE;
  // Where threads would have nothing to do, each takes fewer classes.
  const few = !shape.software && 2 * least * rowQuads * classQuads <= threads;
  const forwardQuads = few ? 1 : Math.ceil(classQuads / Math.ceil(classQuads / MOST_QUADS));
  const teams = rowQuads * Math.ceil(classQuads / forwardQuads);
  let lanes = least;
  while (!shape.software && lanes < MOST_LANES && 2 * lanes * teams <= threads) lanes *= 2;
  let segment = 1;
  const layoutWith = (): SmallBatchLayout => smallBatchLayoutOf(shape, { threads, lanes, segment, forwardQuads });
  while (segment < lanes && !fitsWorkgroup(layoutWith())) segment *= 2;
  return layoutWith();
}
