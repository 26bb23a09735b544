/** The next direction of L-BFGS as the sum of all stacked vectors, a few thousand values of each at a time. */
import { at } from "../../../ops/host-matrix.js";
import type { NextDirectionArguments } from "../../../ops/next-direction.js";
import { STATE } from "../../../ops/solver-state.js";
import type { Resolve, SlicedWork } from "../sliced-work.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import { addressIn, float64s, within } from "./vector-work.js";

/** Values whose sums lie in a core's cache while the vectors are added up. */
const CHUNK = 2048;

export function nextDirectionWork(
  resolve: Resolve<NextDirectionArguments>,
  memory: KernelMemory,
): SlicedWork | undefined {
  const { state, stack, gradient, coefficients, theta, direction, penalisedRows, l1 = 0 } = resolve();
  const step = state.data[STATE.taken] === 1 ? state.data[STATE.step] : 0;
  const fresh = state.data[STATE.fresh] === 1;
  // With l1 values may stop at corners: that is the reference's. To it, what nobody wants is no work.
  if (l1 > 0 || !(fresh || step !== 0) || !within(memory, stack, gradient, theta, direction)) return undefined;
  const factors = Array.from({ length: coefficients.columns }, (_, r) => at(coefficients, 0, r));
  const size = theta.rows * theta.columns;
  const penalised = penalisedRows * theta.columns;
  const scratch = memory.scratch(8 * (CHUNK + 1));
  if (scratch === undefined) return undefined;
  const result = scratch + 8 * CHUNK;
  let [mixed, squares, slope] = [0, 0, 0];
  const dot = (a: number, b: number, values: number): number => {
    memory.kernels.dot()(a, b, values, result);
    return float64s(memory, result, 1)[0];
  };
  return {
    name: "next direction",
    rows: Math.ceil(size / CHUNK),
    rowCost: CHUNK * (4 + factors.filter((factor) => factor !== 0).length),
    grain: 1,
    run(first, count) {
      const args = resolve();
      const end = Math.min(size, (first + count) * CHUNK);
      for (let begin = first * CHUNK; begin < end; begin += CHUNK) {
        const values = Math.min(CHUNK, end - begin);
        const [w, d] = [args.theta, args.direction].map((m) => addressIn(memory, m) + 4 * begin);
        if (step !== 0) memory.kernels.addScaled(false, true)(d, step, d, 0, w, 1, values);
        if (!fresh) continue;
        const sums = float64s(memory, scratch, values).fill(0);
        const partOf = (vector: number): number => addressIn(memory, args.stack) + 4 * (vector * size + begin);
        for (const [r, factor] of factors.entries()) {
          if (factor !== 0) memory.kernels.addToSums()(partOf(r), factor, scratch, values);
        }
        args.direction.data.set(sums, begin);
        const g = args.gradient ? addressIn(memory, args.gradient) + 4 * begin : partOf(factors.length - 1);
        slope += dot(g, d, values);
        const own = Math.max(0, Math.min(values, penalised - begin));
        squares += dot(d, d, own);
        mixed += dot(w, d, own);
      }
    },
    finish() {
      if (!fresh) return;
      const { out } = resolve();
      out.data.fill(0);
      out.data.set([mixed, squares, slope, 0]);
    },
  };
}
