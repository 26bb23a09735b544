/**
 * `φ(t) = Σ_i r[i] · ℓ(z[i] + t·d[i])` for cross-entropy with `φ′(t)` and `φ″(t)`: what a trial step of a line search needs.
 * Logits are linear in the step, so any number of trial steps costs n × k work each and no product with X.
 * All three are NaN when a row that counts has a label that is no class, or a weight or moved logit beyond float32.
 */
import code from "../../shaders/line_search.wgsl?raw";
import { at, rowsOf } from "./host-matrix.js";
import type { DeviceMatrix, HostMatrix, Kernel, Matrix, On, Op, Planner } from "./op.js";
import { f32, u32 } from "./op.js";
import { rowLanes } from "./row-lanes.js";
import { rowRanges } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";
import { HIGHEST } from "./softmax.js";
import { sumPartials } from "./sum-partials.js";
import type { TargetArguments } from "./targets.js";
import { checkTargets, rowWeightAt, sliceTargets, targetAt, targetBuffers, targetConstants } from "./targets.js";

export interface LineSearchArguments<M extends Matrix = Matrix> extends TargetArguments<M> {
  /** n × k, Z. */
  readonly logits: M;
  /** n × k, the change of Z for a step of 1. */
  readonly direction: M;
  /** t */
  readonly step: number;
  /** 1 × 4, written: φ, φ′, φ″, 0. Sums over rows, not means. */
  readonly out: M;
}

function reference(args: On<LineSearchArguments, HostMatrix>): void {
  const { logits, direction, step, out } = args;
  const classes = logits.columns;
  const moved = new Float64Array(classes);
  const totals = [0, 0, 0] as [number, number, number];
  for (let i = 0; i < logits.rows; i++) {
    let weight = rowWeightAt(args, i, classes);
    if (weight === 0) continue;
    let maximum = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < classes; j++) {
      moved[j] = at(logits, i, j) + step * at(direction, i, j);
      if (!(Math.abs(moved[j]) <= HIGHEST)) weight = Number.NaN;
      maximum = Math.max(maximum, moved[j]);
    }
    let sum = 0;
    let first = 0;
    let second = 0;
    let along = 0;
    let total = 0;
    let distance = 0;
    for (let j = 0; j < classes; j++) {
      const value = moved[j];
      const e = Math.exp(value - maximum);
      const d = at(direction, i, j);
      const t = targetAt(args, i, j, classes);
      sum += e;
      first += e * d;
      second += e * d * d;
      along += t * d;
      total += t;
      distance += t * Math.min(HIGHEST, maximum - value);
    }
    const mean = first / sum;
    totals[0] += weight * (total * Math.log(sum) + distance);
    totals[1] += weight * (total * mean - along);
    totals[2] += weight * total * Math.max(0, second / sum - mean * mean);
  }
  out.data.set([...totals, 0]);
}

const kernel: Kernel = {
  name: "line_search",
  code,
  bindings: ["read", "read", "read", "read", "read", "write"],
};
const NOT_A_NUMBER_BITS = 0x7fc00000;
/** Enough to fill a large GPU, few enough that adding up their results is nothing. */
const MOST_WORKGROUPS = 256;

function plan(args: On<LineSearchArguments, DeviceMatrix>, planner: Planner): void {
  const { logits, direction, soft, out } = args;
  const lanes = rowLanes(logits.columns);
  const work = 48 * logits.columns;
  const ranges = rowRanges([logits, direction, ...(soft ? [soft] : [])], planner.workPerDispatch / work);
  const launches = ranges.map((range) => {
    const groups = Math.ceil(range.rows / lanes.rowsPerGroup);
    return { range, groups, workgroups: Math.min(groups, MOST_WORKGROUPS) };
  });
  const partials = planner.scratch(
    launches.reduce((sum, l) => sum + l.workgroups, 0),
    4,
  );
  const target = partials.blocks[0];
  let slot = target.offset;
  for (const { range, groups, workgroups } of launches) {
    const [z, d, q] = range.parts;
    const t = targetBuffers("lineSearch", args, z.buffer);
    planner.dispatch({
      kernel,
      constants: { ...lanes.constants, ...targetConstants(args) },
      buffers: [z.buffer, d.buffer, q?.buffer ?? t.labels, t.classWeight, t.rowWeight, target.buffer],
      parameters: [
        ...[range.rows, logits.columns, z.offset, logits.stride, d.offset, direction.stride].map(u32),
        ...[q ? q.offset : t.labelOffset + range.firstRow, soft?.stride ?? 0, t.rowWeightOffset + range.firstRow].map(
          u32,
        ),
        ...[groups, workgroups, slot, args.ignoreIndex].map(u32),
        ...[args.labelSmoothing, args.step].map(f32),
        ...[t.classWeightOffset, NOT_A_NUMBER_BITS].map(u32),
      ],
      workgroups,
      work: work * range.rows,
    });
    slot += workgroups;
  }
  sumPartials(partials, out, planner);
}

export const lineSearch: Op<LineSearchArguments> = {
  name: "lineSearch",
  types: { labels: ["i32"] },
  check(args) {
    const { rows, columns } = args.logits;
    requireShape("lineSearch", "direction", args.direction, rows, columns);
    requireShape("lineSearch", "out", args.out, 1, 4);
    checkTargets("lineSearch", args, rows, columns);
  },
  slice: (args, first, rows) => ({
    ...sliceTargets(args, first, rows),
    logits: rowsOf(args.logits, first, rows),
    direction: rowsOf(args.direction, first, rows),
  }),
  accumulate(total, part) {
    part.forEach((value, i) => {
      total[i] += value;
    });
  },
  reference,
  plan,
};
