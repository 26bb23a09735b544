/**
 * A sparse product by kernels, some columns of B at once. Sums are f32 for at most 1,024 stored values and added up in float64 beyond:
 * where a line is cut depends on its own values alone, so the bits do not depend on timing.
 */
import type { HostMatrix } from "../../../ops/op.js";
import type { SparseProductArguments } from "../../../ops/sparse-product.js";
import type { Resolve, SlicedWork } from "../sliced-work.js";
import { unitBounds } from "../sparse-work.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import { MOST_COLUMNS } from "../wasm/sparse-lines.js";
import { scratchPlaces } from "./narrow-product.js";
import { wholeQuads } from "./staging.js";

/** Stored values whose sum is kept in f32. */
const MOST_VALUES = 1024;
/** Finding a row of B, which may lie anywhere in memory, against a multiplication. */
const FETCH_COST = 16;

type Arguments = ReturnType<Resolve<SparseProductArguments>>;

export function sparseLinesWork(
  resolve: Resolve<SparseProductArguments>,
  memory: KernelMemory,
): SlicedWork | undefined {
  const { values, indices, starts, lines, b, out, first, count } = resolve();
  if ([values, b, out].some((m) => memory.addressOf(m) === undefined)) return undefined;
  if ([indices, starts, lines].some((m) => m && !memory.holds(m.data))) return undefined;
  const { columns } = out;
  const bytes = 4 * wholeQuads(columns);
  const places = scratchPlaces(memory, [8, bytes, bytes, bytes]);
  if (!places) return undefined;
  const [segment, zeros, bias, sums] = places;
  // Asking for scratch may have moved the arguments.
  const ends = resolve().starts.data;
  const bounds = unitBounds(resolve().starts, first, count);
  const units = bounds.length - 1;
  const stored = count > 0 ? ends[first + count] - ends[first] : 0;
  const width = wholeQuads(Math.ceil(columns / Math.ceil(columns / MOST_COLUMNS)));

  /** `from`: where starts of lines are, `list`: their numbers, or 0 where they are rows `to …` and begin with `base`. */
  const multiply = (args: Arguments, from: number, list: number, lineCount: number, to: number, base: number): void => {
    const [v, i, rows] = [args.values, args.indices, args.b].map(addressIn);
    const alpha = base === zeros ? 1 : args.alpha;
    for (let j = 0; j < columns; j += width) {
      const kernel = memory.kernels.sparseLines({ columns: Math.min(width, columns - j), listed: list > 0 });
      kernel(v, i, from, list, lineCount, rows + 4 * j, to + 4 * j, 4 * columns, base + 4 * j, alpha);
    }
  };

  /** A line of so many values that their sum is taken in parts. */
  const addUp = (args: Arguments, line: number): void => {
    const { alpha, lines, out } = args;
    const [begin, end] = args.starts.data.subarray(line, line + 2);
    const totals = new Float64Array(columns);
    const limits = new Int32Array(memory.buffer, segment, 2);
    for (let p = begin; p < end; p += MOST_VALUES) {
      limits.set([p, Math.min(end, p + MOST_VALUES)]);
      multiply(args, segment, 0, 1, sums, zeros);
      memory.floats(sums, columns).forEach((sum, j) => {
        totals[j] += sum;
      });
    }
    const row = (lines ? lines.data[line] : line) * columns;
    const base = lines ? out.data.subarray(row, row + columns) : memory.floats(bias, columns);
    for (let j = 0; j < columns; j++) out.data[row + j] = alpha * totals[j] + base[j];
  };

  return {
    name: "sparse lines",
    rows: units,
    rowCost: ((stored + count) * (columns + FETCH_COST)) / Math.max(1, units),
    grain: 1,
    run(unit, taken) {
      const args = resolve();
      const { lines, keep } = args;
      if (unit === 0 && lines && !keep) args.out.data.fill(0);
      memory.floats(zeros, columns).fill(0);
      memory.floats(bias, columns).set(args.bias?.data ?? memory.floats(zeros, columns));
      const { data } = args.starts;
      const end = bounds[unit + taken];
      for (let begin = bounds[unit]; begin < end; ) {
        let next = begin;
        while (next < end && data[next + 1] - data[next] <= MOST_VALUES) next++;
        const to = addressIn(args.out) + (lines ? 0 : 4 * begin * columns);
        const list = lines ? addressIn(lines) + 4 * begin : 0;
        if (next > begin) multiply(args, addressIn(args.starts) + 4 * begin, list, next - begin, to, bias);
        if (next < end) addUp(args, next++);
        begin = next;
      }
    },
    finish() {},
  };
}

const addressIn = ({ data }: HostMatrix): number => data.byteOffset;
