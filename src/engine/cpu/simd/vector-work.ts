/** Dot products, sums and summaries of vectors, some values at a time. */
import type { AddScaledArguments } from "../../../ops/add-scaled.js";
import type { DotsArguments } from "../../../ops/dots.js";
import type { HostMatrix } from "../../../ops/op.js";
import { isIdle, STATE } from "../../../ops/solver-state.js";
import type { StackProductsArguments } from "../../../ops/stack-products.js";
import type { SummarizeArguments } from "../../../ops/summarize.js";
import type { Resolve, SlicedWork } from "../sliced-work.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";

/** Values whose sum is carried on in float64 by the host: well below a millisecond. */
const CHUNK = 1 << 16;

const valuesIn = (m: HostMatrix): number => m.rows * m.columns;

/** Whether kernels reach all of these. */
export const within = (memory: KernelMemory, ...matrices: (HostMatrix | undefined)[]): boolean =>
  matrices.every((m) => !m || memory.addressOf(m) !== undefined);

export const addressIn = (memory: KernelMemory, m: HostMatrix): number => memory.addressOf(m) as number;

export const float64s = (memory: KernelMemory, address: number, length: number): Float64Array =>
  new Float64Array(memory.buffer, address, length);

export function dotsWork(resolve: Resolve<DotsArguments>, memory: KernelMemory): SlicedWork | undefined {
  const { stack, vector, out } = resolve();
  const scratch = within(memory, stack, vector) ? memory.scratch(8) : undefined;
  if (scratch === undefined) return undefined;
  const length = valuesIn(vector);
  const vectors = out.columns;
  const totals = new Float64Array(vectors);
  return {
    name: "dot",
    rows: vectors * Math.ceil(length / CHUNK),
    rowCost: Math.min(CHUNK, length),
    grain: 1,
    run(first, count) {
      const args = resolve();
      const [s, v] = [addressIn(memory, args.stack), addressIn(memory, args.vector)];
      for (let unit = first; unit < first + count; unit++) {
        const r = unit % vectors;
        const from = Math.floor(unit / vectors) * CHUNK;
        memory.kernels.dot()(s + 4 * (r * length + from), v + 4 * from, Math.min(CHUNK, length - from), scratch);
        totals[r] += float64s(memory, scratch, 1)[0];
      }
    },
    finish() {
      resolve().out.data.set(totals);
    },
  };
}

export function addScaledWork(resolve: Resolve<AddScaledArguments>, memory: KernelMemory): SlicedWork | undefined {
  const { x, alpha, y, beta, out, keep } = resolve();
  if (!within(memory, x, y, out)) return undefined;
  // A factor of 0 forgets whatever there is, NaN too.
  const kernel = memory.kernels.addScaled(y !== undefined && beta !== 0, keep !== 0);
  return {
    name: "add scaled",
    rows: valuesIn(out),
    rowCost: 1,
    grain: 4,
    run(first, count) {
      const args = resolve();
      const [from, also, to] = [args.x, args.y ?? args.x, args.out].map((m) => addressIn(memory, m) + 4 * first);
      kernel(from, alpha, also, beta, to, keep, count);
    },
    finish() {},
  };
}

/** The products of all vectors with the newest s and y and with g, a chunk of a vector at a time. */
export function stackProductsWork(
  resolve: Resolve<StackProductsArguments>,
  memory: KernelMemory,
): SlicedWork | undefined {
  const { stack, newest, pairs, state } = resolve();
  // To the reference, products that nobody wants are no work.
  if (isIdle(state) || !within(memory, stack, newest)) return undefined;
  const slot = state.data[STATE.slot];
  const others = newest ? [0, 1, 2] : [slot, pairs + slot, 2 * pairs];
  const scratch = memory.scratch(8);
  if (scratch === undefined) return undefined;
  const vectors = 2 * pairs + 1;
  const length = valuesIn(stack) / vectors;
  const totals = new Float64Array(4 * vectors);
  return {
    name: "stack products",
    rows: vectors * Math.ceil(length / CHUNK),
    rowCost: 3 * Math.min(CHUNK, length),
    grain: 1,
    run(first, units) {
      const args = resolve();
      const begin = addressIn(memory, args.stack);
      const beginOthers = addressIn(memory, args.newest ?? args.stack);
      for (let unit = first; unit < first + units; unit++) {
        const r = unit % vectors;
        const from = Math.floor(unit / vectors) * CHUNK;
        const place = (vector: number): number => 4 * (vector * length + from);
        const count = Math.min(CHUNK, length - from);
        for (const [part, other] of others.entries()) {
          memory.kernels.dot()(begin + place(r), beginOthers + place(other), count, scratch);
          totals[4 * r + part] += float64s(memory, scratch, 1)[0];
        }
      }
    },
    finish() {
      const { out } = resolve();
      out.data.fill(0);
      out.data.set(totals);
    },
  };
}

export function summarizeWork(resolve: Resolve<SummarizeArguments>, memory: KernelMemory): SlicedWork | undefined {
  const { x } = resolve();
  const scratch = within(memory, x) ? memory.scratch(48) : undefined;
  if (scratch === undefined) return undefined;
  const length = valuesIn(x);
  const totals = [0, 0, 0, 0];
  return {
    name: "summarize",
    rows: Math.ceil(length / CHUNK),
    rowCost: Math.min(CHUNK, length),
    grain: 1,
    run(first, count) {
      const from = addressIn(memory, resolve().x);
      for (let chunk = first; chunk < first + count; chunk++) {
        const begin = chunk * CHUNK;
        memory.kernels.summarize()(from + 4 * begin, Math.min(CHUNK, length - begin), scratch);
        const [sum, squares] = float64s(memory, scratch, 2);
        totals[0] += sum;
        totals[1] += squares;
        totals[2] = Math.max(totals[2], ...memory.floats(scratch + 16, 4));
        totals[3] += new Int32Array(memory.buffer, scratch + 32, 4).reduce((all, faults) => all + faults);
      }
    },
    finish() {
      resolve().out.data.set(totals);
    },
  };
}
