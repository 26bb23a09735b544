/** How an op is carried out on one thread: by WebAssembly SIMD where there is a kernel, else by plain TypeScript, a slice at a time. */
import { matmul } from "../../ops/matmul.js";
import type { HostMatrix, On, Op } from "../../ops/op.js";
import { sparseProduct } from "../../ops/sparse-product.js";
import { plainProduct } from "./matmul-rows.js";
import type { Span } from "./row-blocks.js";
import { lengthOf } from "./row-blocks.js";
import type { RowRule } from "./row-rules.js";
import { cutRows } from "./row-rules.js";
import type { HostArguments, RowSum } from "./row-sums.js";
import { simdWork } from "./simd/simd-work.js";
import type { SlicedWork } from "./sliced-work.js";
import { sparseWork } from "./sparse-work.js";
import { stepWork } from "./step-work.js";
import { SumTree } from "./sum-tree.js";
import type { KernelMemory } from "./wasm/kernel-memory.js";

/** Work that says, when called, whether more is left; each call takes a slice. */
export type Job = () => boolean;

/** A task longer than this makes scrolling and typing stutter. */
export const SLICE_MS = 8;
/** Multiplications or elements a millisecond, before anything is measured: a slow phone's. */
const FIRST_GUESS = 1e4;
/** A few milliseconds of exponentials. */
const CHUNK_ELEMENTS = 1 << 16;

/** Rows that are added up in blocks: which of the blocks, and how. */
export interface BlockSum {
  readonly rule: RowRule;
  readonly sum: RowSum;
  /** Counted from the first row of the arguments. */
  readonly blocks: readonly Span[];
}

export class OpJobs {
  readonly #kernels: KernelMemory | undefined;
  /** Multiplications or visits to an element that take about a millisecond, learnt for each op as it runs. */
  readonly #speed = new Map<string, number>();

  constructor(kernels: KernelMemory | undefined) {
    this.#kernels = kernels;
  }

  /** `resolve` is asked in every slice: memory that grew since has moved. */
  jobFor<A>(op: Op<A>, resolve: () => On<A, HostMatrix>): Job {
    const kernels = this.#kernels;
    const fast = stepWork(op, resolve, kernels) ?? (kernels && simdWork(op, resolve, kernels));
    if (fast) return this.#sliced(fast);
    if ((op as unknown) === matmul) {
      return this.#sliced(plainProduct(resolve as unknown as Parameters<typeof plainProduct>[0]));
    }
    if ((op as unknown) === sparseProduct) {
      return this.#sliced(sparseWork(resolve as unknown as Parameters<typeof sparseWork>[0]));
    }
    const { slice } = op;
    if (!slice) {
      return () => {
        op.reference(resolve());
        return false;
      };
    }
    const args = resolve();
    const matrices = Object.values(args as object).filter(isHostMatrix);
    const rows = op.sliceRows?.(args) ?? Math.max(...matrices.map((m) => m.rows));
    const rowCost = matrices.reduce((sum, m) => sum + (m.rows === rows ? m.columns : 0), 0);
    if (op.accumulate) return summed(op, resolve, rows, rowCost);
    return this.#sliced({
      name: op.name,
      rows,
      rowCost,
      grain: 1,
      run: (first, count) => op.reference(slice(resolve(), first, count)),
      finish() {},
    });
  }

  /** The sums of the blocks, one after the other into `tree`, where the first of them is number `firstBlock`. */
  blockJob<A>(
    op: Op<A>,
    resolve: () => On<A, HostMatrix>,
    { rule, sum, blocks }: BlockSum,
    tree: SumTree,
    firstBlock = 0,
  ): Job {
    let next = 0;
    let job: Job | undefined;
    let data = new Float64Array(0);
    return () => {
      if (next === blocks.length) return false;
      const block = blocks[next];
      if (!job) {
        const own = new Float64Array(sum.length(resolve() as HostArguments));
        data = own;
        job = this.jobFor(op, () => {
          const args = resolve();
          const part = sum.part(args as HostArguments, own);
          return cutRows(part, rule, block.begin, lengthOf(block)) as typeof args;
        });
      }
      if (job()) return true;
      tree.add({ level: 0, index: firstBlock + next++, data });
      job = undefined;
      return next < blocks.length;
    };
  }

  /** Rows added up block by block; at once where there is nothing to add. */
  sumJob<A>(op: Op<A>, resolve: () => On<A, HostMatrix>, blockSum: BlockSum): Job {
    const { sum, blocks } = blockSum;
    const tree = new SumTree(blocks.length, sum.accumulate);
    let idle = false;
    let job: Job | undefined;
    return () => {
      if (!job) {
        idle = sum.isIdle(resolve() as HostArguments);
        job = idle ? this.jobFor(op, resolve) : this.blockJob(op, resolve, blockSum, tree);
      }
      if (job()) return true;
      if (!idle) sum.finish(tree.total, resolve() as HostArguments);
      return false;
    };
  }

  /** Takes as many rows at a time as half a slice has time for. */
  #sliced({ name, rows, rowCost, grain, run, finish }: SlicedWork): Job {
    let next = 0;
    return () => {
      const speed = this.#speed.get(name) ?? FIRST_GUESS;
      const wanted = (speed * SLICE_MS) / 2 / rowCost;
      const count = Math.min(rows - next, Math.max(1, Math.ceil(wanted / grain)) * grain);
      const begun = performance.now();
      run(next, count);
      const elapsed = Math.max(0.05, performance.now() - begun);
      const cost = count * rowCost;
      // Data differ from call to call: lean towards the slower speed. What costs nothing tells none.
      if (cost > 0) this.#speed.set(name, Math.min(cost / elapsed, 4 * speed));
      next += count;
      if (next < rows) return true;
      finish();
      return false;
    };
  }
}

/** Chunks of rows one after the other. They are of a fixed size: where a sum is cut shows in its bits, and must not depend on time. */
function summed<A>(op: Op<A>, resolve: () => On<A, HostMatrix>, rows: number, rowCost: number): Job {
  const { slice, accumulate } = op as Required<Op<A>>;
  const length = (resolve() as { out: HostMatrix }).out.data.length;
  const total = new Float64Array(length);
  const chunk = Math.max(1, Math.floor(CHUNK_ELEMENTS / rowCost));
  let next = 0;
  return () => {
    const args = resolve();
    const { out } = args as { out: HostMatrix };
    const part = { ...out, data: new Float64Array(length) };
    op.reference({ ...slice(args, next, Math.min(chunk, rows - next)), out: part });
    accumulate(total, part.data);
    next += chunk;
    if (next < rows) return true;
    out.data.set(total);
    return false;
  };
}

const isHostMatrix = (value: unknown): value is HostMatrix =>
  typeof value === "object" && value !== null && "data" in value;
