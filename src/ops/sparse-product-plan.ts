/** The launches of a sparse product: lines by length, so that those that run side by side take as long as each other. */
import type { DeviceBlock, DeviceMatrix, Dispatch, Kernel, On, Planner } from "./op.js";
import { f32, u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { LaunchConstants } from "./set-ups.js";
import type { SparseProductArguments } from "./sparse-product-arguments.js";
import { LINE_LENGTHS } from "./sparse-product-arguments.js";
import { clearSum } from "./sum-partials.js";

const kernel: Kernel = {
  name: "sparse_product",
  bindings: ["read", "read", "read", "read", "read", "read", "write"],
};
const THREADS = 64;
/** Most threads that share an item: of long lines, and of others. */
const MOST_LANES = { long: 256, other: 32 };
/** On a software adapter lanes save no time, but long sums are more exact in several parts. */
const SOFTWARE_LANES = 16;
/** A lane takes so many values at least. */
const LEAST_STEPS = 4;
/** Threads that keep a GPU from waiting for memory. */
const ENOUGH_THREADS = 32_768;

const CONSTANTS = new LaunchConstants();

type Arguments = On<SparseProductArguments, DeviceMatrix>;

/** Lines that are launched together. */
interface LineRun {
  readonly first: number;
  readonly count: number;
  /** Values of a line, at least or on average. */
  readonly length: number;
  /** Values in all of them, at most. */
  readonly nonzeros: number;
}

/** How many threads share a quad of a line: a power of two. */
export function sparseLanes(length: number, items: number, software: boolean): number {
  const isLong = length >= LINE_LENGTHS.long;
  if (software) return isLong ? SOFTWARE_LANES : 1;
  const most = isLong ? MOST_LANES.long : MOST_LANES.other;
  let lanes = 1;
  while (lanes < most && LEAST_STEPS * 2 * lanes <= length && (isLong || items * lanes < ENOUGH_THREADS)) lanes *= 2;
  return lanes;
}

/** Lines `first … first + count − 1` by their length. Where there is no list they are not sorted by it. */
function lineRuns({ lines, first, count, long, middling, nonzeros }: Arguments): LineRun[] {
  const end = first + count;
  const mean = Math.ceil(nonzeros / Math.max(1, count));
  const { long: leastLong, middling: leastMiddling } = LINE_LENGTHS;
  const others = lines
    ? { length: Math.min(mean, leastMiddling - 1), most: leastMiddling }
    : { length: mean, most: Number.POSITIVE_INFINITY };
  const runs: LineRun[] = [];
  let begin = first;
  for (const { last, length, most } of [
    { last: long, length: leastLong, most: Number.POSITIVE_INFINITY },
    { last: long + middling, length: leastMiddling, most: leastLong },
    { last: end, ...others },
  ]) {
    const lineCount = Math.min(end, last) - begin;
    if (lineCount <= 0) continue;
    runs.push({ first: begin, count: lineCount, length, nonzeros: Math.min(nonzeros, lineCount * most) });
    begin += lineCount;
  }
  return runs;
}

export function planSparseProduct(args: Arguments, planner: Planner): void {
  const { lines, b, out, keep } = args;
  if (lines && !keep) clearSum(out, planner);
  for (const run of lineRuns(args)) {
    for (const to of out.blocks) {
      // Without a list a block of `out` is a run of lines.
      const begin = lines ? run.first : Math.max(run.first, to.firstRow);
      const end = lines ? run.first + run.count : Math.min(run.first + run.count, to.firstRow + to.rows);
      if (begin >= end) continue;
      const part = { ...run, first: begin, count: end - begin, nonzeros: (run.nonzeros * (end - begin)) / run.count };
      b.blocks.forEach((from, index) => {
        launch(args, part, to, from, lines !== undefined || index > 0, planner);
      });
    }
  }
}

/** One block of B into one block of `out`, in several dispatches when one would hold more work than the device allows. */
function launch(
  args: Arguments,
  run: LineRun,
  to: DeviceBlock,
  from: DeviceBlock,
  accumulate: boolean,
  planner: Planner,
): void {
  const { values, indices, starts, lines, b, bias, out, alpha } = args;
  const quads = Math.ceil(out.columns / 4);
  const lanes = sparseLanes(run.length, run.count * quads, planner.software);
  const threads = Math.max(THREADS, lanes);
  const listed = lines !== undefined;
  const make = (): Dispatch["constants"] => ({ THREADS: threads, LANES: lanes, LISTED: Number(listed) });
  const constants = CONSTANTS.of(kernel, `${lanes}|${listed}`, make);
  const [value, index, start] = [values, indices, starts].map((m) => wholeBlock("sparseProduct", "X", m));
  const list = lines && wholeBlock("sparseProduct", "X", lines);
  const shift = bias && !accumulate ? wholeBlock("sparseProduct", "bias", bias) : undefined;
  const work = 2 * run.nonzeros * quads * 4 + quads * 4 * run.count;
  const pieces = Math.ceil(work / planner.workPerDispatch);
  const most = Math.ceil(run.count / pieces);
  for (let first = run.first; first < run.first + run.count; first += most) {
    const count = Math.min(most, run.first + run.count - first);
    planner.dispatch({
      kernel,
      constants,
      buffers: [
        ...[value.buffer, index.buffer, start.buffer, list?.buffer ?? index.buffer],
        ...[from.buffer, shift?.buffer ?? from.buffer, to.buffer],
      ],
      parameters: [
        ...[first, count, quads].map(u32),
        ...[value.offset, index.offset, start.offset, list?.offset ?? 0].map((offset) => u32(4 * offset)),
        ...[from.firstRow, from.rows, from.offset, b.stride].map(u32),
        ...[to.firstRow, to.rows, to.offset, out.stride].map(u32),
        ...[shift?.offset ?? 0, Number(shift !== undefined), Number(accumulate)].map(u32),
        f32(alpha),
      ],
      workgroups: Math.ceil((count * quads * lanes) / threads),
      work: (work * count) / run.count,
    });
  }
}
