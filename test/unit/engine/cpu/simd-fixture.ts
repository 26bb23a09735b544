/** Runs an op by its SIMD work in a memory of its own, in slices of any size, and keeps hold of what its reference says. */
import { simdWork } from "../../../../src/engine/cpu/simd/simd-work.js";
import { stepWork } from "../../../../src/engine/cpu/step-work.js";
import { KernelMemory } from "../../../../src/engine/cpu/wasm/kernel-memory.js";
import type { Build } from "../../../../src/engine/cpu/wasm/kernels.js";
import { runs } from "../../../../src/engine/cpu/wasm/kernels.js";
import type { HostArray, HostMatrix, On, Op } from "../../../../src/ops/op.js";

/** Those that this runtime takes: Node 20 has the plain one alone, browsers have both. */
export const BUILDS: readonly Build[] = (["plain", "relaxed"] as const).filter(runs);

const isMatrix = (value: unknown): value is HostMatrix =>
  typeof value === "object" && value !== null && "data" in value;

export interface Run {
  readonly build?: Build;
  /** Rows in a slice, rounded up to what the work allows; all at once unless given. */
  readonly slice?: number;
  /** Arguments that stay outside of the kernels' memory. */
  readonly outside?: readonly string[];
  /** Take more memory before and between slices, which detaches all views. */
  readonly growing?: boolean;
  /** Where others have worked before, instead of a memory of its own. */
  readonly memory?: KernelMemory;
}

/** The arguments' arrays after the op has run. Throws where the op has no SIMD work for them. */
export function simdOutputs<A extends object>(
  op: Op<A>,
  args: On<A, HostMatrix>,
  {
    build = "plain",
    slice = Number.POSITIVE_INFINITY,
    outside = [],
    growing = false,
    memory = new KernelMemory(build),
  }: Run = {},
): Record<string, HostArray> {
  const places = new Map<string, () => HostMatrix>();
  for (const [name, m] of Object.entries(args)) {
    if (!isMatrix(m)) continue;
    const range = outside.includes(name) ? undefined : memory.allocate(m.data.byteLength);
    if (!range) {
      const own = { ...m, data: m.data.slice() };
      places.set(name, () => own);
      continue;
    }
    const Type = m.data.constructor as new (buffer: ArrayBuffer, address: number, length: number) => HostArray;
    places.set(name, () => ({ ...m, data: new Type(memory.buffer, range.address, m.data.length) }));
    (places.get(name) as () => HostMatrix)().data.set(m.data);
    // What lies behind a matrix must not matter.
    new Uint8Array(memory.buffer).fill(0xff, range.address + m.data.byteLength, range.address + range.bytes);
  }
  const resolve = (): On<A, HostMatrix> =>
    Object.fromEntries(Object.entries(args).map(([name, value]) => [name, places.get(name)?.() ?? value])) as On<
      A,
      HostMatrix
    >;
  if (growing) {
    // Asking for scratch may move the memory as well.
    const scratch = memory.scratch.bind(memory);
    memory.scratch = (bytes) => {
      memory.allocate(memory.capacity);
      return scratch(bytes);
    };
  }
  const work = stepWork(op, resolve, memory) ?? simdWork(op, resolve, memory);
  if (!work) throw new Error(`${op.name}: expected SIMD work, got none.`);
  const rows = Math.min(work.rows, Math.ceil(slice / work.grain) * work.grain);
  for (let first = 0; first < work.rows; first += rows) {
    work.run(first, Math.min(rows, work.rows - first));
    if (growing && first < 2 * rows) memory.allocate(memory.capacity);
  }
  work.finish();
  return Object.fromEntries([...places].map(([name, place]) => [name, place().data.slice()]));
}
