/** `out[e] (+)= Σ_p partials[p][e]`, in a fixed order: the second half of every sum that is split over workgroups. */
import type { DeviceMatrix, Kernel, Planner } from "./op.js";
import { u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";

const kernel: Kernel = { name: "sum_partials", bindings: ["read", "write"] };
const THREADS = 64;
/** Most threads that share a quad. */
const MOST_LANES = 16;
/** Threads that keep a GPU from waiting for memory. */
const ENOUGH_THREADS = 32_768;

/** Threads that share a quad of the sum, a power of two: so many that there are enough, each with four partials at least. */
export function partialLanes(quads: number, partials: number, software: boolean): number {
  let lanes = 1;
  while (!software && lanes < MOST_LANES && 8 * lanes <= partials && quads * lanes < ENOUGH_THREADS) lanes *= 2;
  return lanes;
}

/** Adds `partials.rows / out.rows` stacked matrices of the shape of `out`, to what `out` holds if `accumulate`. */
export function sumPartials(partials: DeviceMatrix, out: DeviceMatrix, planner: Planner, accumulate = false): void {
  const quads = out.rows * out.stride;
  const count = partials.rows / out.rows;
  const lanes = partialLanes(quads, count, planner.software);
  const from = wholeBlock("sum", "partials", partials);
  const to = wholeBlock("sum", "out", out);
  planner.dispatch({
    kernel,
    constants: { THREADS, LANES: lanes },
    buffers: [from.buffer, to.buffer],
    parameters: [u32(count), u32(quads), u32(to.offset), u32(Number(accumulate))],
    workgroups: Math.ceil((quads * lanes) / THREADS),
    work: 4 * quads * count,
  });
}

/** Zeros: the sum of no partials. */
export function clearSum(out: DeviceMatrix, planner: Planner): void {
  const from = wholeBlock("sum", "partials", planner.scratch(1, 1));
  for (const block of out.blocks) {
    const quads = block.rows * out.stride;
    planner.dispatch({
      kernel,
      constants: { THREADS, LANES: 1 },
      buffers: [from.buffer, block.buffer],
      parameters: [0, quads, block.offset, 0].map(u32),
      workgroups: Math.ceil(quads / THREADS),
      work: quads,
    });
  }
}
