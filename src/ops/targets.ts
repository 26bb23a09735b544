/**
 * What rows are trained towards, as cross-entropy and its line search both see it:
 * `t[i,j] = w[j] · ((1 − ε) · q[i,j] + ε / k)`, q one-hot at the label or a row of soft targets; row weights r.
 */
import { ShapeError } from "../errors.js";
import { at, rowsOf, valuesOf } from "./host-matrix.js";
import type { DeviceMatrix, HostMatrix, Matrix } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { describe, requireShape } from "./shape-rule.js";

export interface TargetArguments<M extends Matrix = Matrix> {
  /** 1 × n class indices (i32), or undefined when `soft` is given. */
  readonly labels: M | undefined;
  /** n × k target probabilities, or undefined when `labels` is given. */
  readonly soft: M | undefined;
  /** 1 × k, w. */
  readonly classWeight: M | undefined;
  /** 1 × n, r. */
  readonly rowWeight: M | undefined;
  /** ε in [0, 1]. */
  readonly labelSmoothing: number;
  /** Label of rows that count for nothing. */
  readonly ignoreIndex: number;
}

export function checkTargets(op: string, t: TargetArguments, rows: number, columns: number): void {
  if ((t.labels === undefined) === (t.soft === undefined)) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${op}: expected labels or soft targets, got ${t.labels ? "both" : "neither"}.`,
    );
  }
  if (t.labels && (t.labels.rows !== 1 || t.labels.columns !== rows)) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${op}: labels do not match the logits: expected ${rows}, one a row, got ${describe(t.labels)}.`,
    );
  }
  if (t.soft) requireShape(op, "soft targets", t.soft, rows, columns);
  if (t.classWeight) requireShape(op, "classWeight", t.classWeight, 1, columns);
  if (t.rowWeight) requireShape(op, "sampleWeight", t.rowWeight, 1, rows);
}

export function sliceTargets<T extends TargetArguments<HostMatrix>>(t: T, first: number, rows: number): T {
  return {
    ...t,
    labels: t.labels && valuesOf(t.labels, first, rows),
    soft: t.soft && rowsOf(t.soft, first, rows),
    rowWeight: t.rowWeight && valuesOf(t.rowWeight, first, rows),
  };
}

/** The weight of row i: 0 when it is ignored, NaN when its label is no class or the weight is not finite. */
export function rowWeightAt(t: TargetArguments<HostMatrix>, i: number, classes: number): number {
  const given = t.rowWeight ? at(t.rowWeight, 0, i) : 1;
  const weight = Number.isFinite(given) ? given : Number.NaN;
  if (!t.labels) return weight;
  const label = t.labels.data[i];
  if (label === t.ignoreIndex || weight === 0) return 0;
  return label >= 0 && label < classes ? weight : Number.NaN;
}

/** t[i,j] */
export function targetAt(t: TargetArguments<HostMatrix>, i: number, j: number, classes: number): number {
  const q = t.soft ? at(t.soft, i, j) : t.labels?.data[i] === j ? 1 : 0;
  const smoothed = (1 - t.labelSmoothing) * q + t.labelSmoothing / classes;
  return t.classWeight ? at(t.classWeight, 0, j) * smoothed : smoothed;
}

/** The overrides that shaders with targets share. */
export function targetConstants(t: TargetArguments<DeviceMatrix>): Record<string, number> {
  return {
    SOFT: Number(t.soft !== undefined),
    HAS_CLASS_WEIGHT: Number(t.classWeight !== undefined),
    HAS_ROW_WEIGHT: Number(t.rowWeight !== undefined),
  };
}

export interface TargetBuffers {
  readonly labels: object;
  /** In values, not quads. */
  readonly labelOffset: number;
  readonly classWeight: object;
  /** In quads. */
  readonly classWeightOffset: number;
  readonly rowWeight: object;
  /** In values. */
  readonly rowWeightOffset: number;
}

/** Buffers of labels, class weights and row weights; `spare` fills a binding that the shader does not read. */
export function targetBuffers(op: string, t: TargetArguments<DeviceMatrix>, spare: object): TargetBuffers {
  const labels = t.labels && wholeBlock(op, "labels", t.labels);
  const classWeight = t.classWeight && wholeBlock(op, "classWeight", t.classWeight);
  const rowWeight = t.rowWeight && wholeBlock(op, "sampleWeight", t.rowWeight);
  return {
    labels: labels?.buffer ?? spare,
    labelOffset: (labels?.offset ?? 0) * 4,
    classWeight: classWeight?.buffer ?? spare,
    classWeightOffset: classWeight?.offset ?? 0,
    rowWeight: rowWeight?.buffer ?? spare,
    rowWeightOffset: (rowWeight?.offset ?? 0) * 4,
  };
}
