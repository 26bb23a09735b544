/**
 * A sparse product in plain TypeScript, some thousand stored values at a time, so that the page stays responsive. Each line is
 * summed in float64 in the order of its values, whatever the slices are, so the bits do not depend on timing.
 */
import { at } from "../../ops/host-matrix.js";
import type { HostMatrix } from "../../ops/op.js";
import type { SparseProductArguments } from "../../ops/sparse-product.js";
import type { Resolve, SlicedWork } from "./sliced-work.js";

/** Stored values that are taken together at least: whole lines. */
const UNIT_VALUES = 2048;

export function sparseWork(resolve: Resolve<SparseProductArguments>): SlicedWork {
  const { starts, b, first, count } = resolve();
  const bounds = unitBounds(starts, first, count);
  const units = bounds.length - 1;
  const stored = count > 0 ? starts.data[first + count] - starts.data[first] : 0;
  return {
    name: "sparseProduct",
    rows: units,
    rowCost: ((stored + count) * b.columns) / Math.max(1, units),
    grain: 1,
    run(unit, taken) {
      const args = resolve();
      if (unit === 0 && args.lines && !args.keep) args.out.data.fill(0);
      addLines(args, bounds[unit], bounds[unit + taken]);
    },
    finish() {},
  };
}

/** Where units begin, in lines, and where the last one ends. */
export function unitBounds({ data: starts }: HostMatrix, first: number, count: number): number[] {
  const bounds = [first];
  const end = first + count;
  for (let line = first, last = first; line < end; line++) {
    if (line + 1 < end && starts[line + 1] - starts[last] < UNIT_VALUES && line + 1 - last < UNIT_VALUES) continue;
    bounds.push(line + 1);
    last = line + 1;
  }
  return bounds.length === 1 ? [first, first] : bounds;
}

type Arguments = ReturnType<Resolve<SparseProductArguments>>;

function addLines(args: Arguments, begin: number, end: number): void {
  const { lines, bias, out, alpha } = args;
  const { columns } = out;
  const sums = new Float64Array(columns);
  for (let i = begin; i < end; i++) {
    sumLine(args, i, sums);
    const to = (lines ? lines.data[i] : i) * columns;
    for (let j = 0; j < columns; j++) {
      const base = lines ? out.data[to + j] : bias ? at(bias, 0, j) : 0;
      out.data[to + j] = alpha * sums[j] + base;
    }
  }
}

/** B's rows as they lie: each is fetched once. */
function sumLine(
  { values: v, indices: r, starts: s, b: { data: b, columns } }: Arguments,
  line: number,
  to: Float64Array,
): void {
  const [values, rows] = [v.data, r.data];
  const [begin, end] = [s.data[line], s.data[line + 1]];
  to.fill(0);
  let p = begin;
  // Four values at a time: a quarter of the sums to load and to store.
  for (; p + 3 < end; p += 4) {
    const [v0, v1, v2, v3] = [values[p], values[p + 1], values[p + 2], values[p + 3]];
    const [r0, r1, r2, r3] = [rows[p] * columns, rows[p + 1] * columns, rows[p + 2] * columns, rows[p + 3] * columns];
    for (let j = 0; j < columns; j++) to[j] += v0 * b[r0 + j] + v1 * b[r1 + j] + v2 * b[r2 + j] + v3 * b[r3 + j];
  }
  for (; p < end; p++) {
    const value = values[p];
    const from = rows[p] * columns;
    for (let j = 0; j < columns; j++) to[j] += value * b[from + j];
  }
}
