/** What the launches of `score_loss`, `score_loss_line` and `score_loss_step` share: constants and parameters. */
import type { DeviceMatrix, On, Word } from "./op.js";
import { f32, NOT_A_NUMBER_BITS, u32 } from "./op.js";
import type { RowLanes } from "./row-lanes.js";
import { rowLanes } from "./row-lanes.js";
import type { RowRange } from "./row-ranges.js";
import type { ScoreTargetArguments } from "./score-loss-rows.js";
import { BELOW, COLUMNS, FINITE, LANES } from "./shader-parts.js";
import { targetBuffers } from "./targets.js";

/** The files that the three kernels share. */
export const ROW_FILES: readonly string[] = [
  "score_loss/operands",
  "score_loss/rows",
  "score_loss/terms",
  LANES,
  COLUMNS,
  BELOW,
  FINITE,
];
/** Of those that look at scores where they stand. */
export const STANDING_FILES: readonly string[] = [...ROW_FILES, "score_loss/no_line"];

type Arguments = On<ScoreTargetArguments, DeviceMatrix> & { readonly logits: DeviceMatrix };

/** Where the parts of a launch lie, in quads unless the shader's struct says otherwise; 0 where a kernel has no such part. */
export interface Places {
  readonly directionOffset?: number;
  readonly directionStride?: number;
  readonly gradientOffset?: number;
  readonly gradientStride?: number;
  readonly outOffset: number;
  readonly stateOffset?: number;
  readonly slices?: number;
  readonly accumulate?: boolean;
  readonly denominatorOffset?: number;
  readonly denominatorStride?: number;
  readonly denominatorParts?: number;
  readonly scale?: number;
}

export interface RowsLaunch {
  readonly lanes: RowLanes;
  readonly constants: Readonly<Record<string, number>>;
  /** Labels or soft targets, then row weights. */
  readonly targets: readonly object[];
  readonly parameters: (places: Places) => Word[];
}

/**
 * `range.parts` begin with the scores and end with the soft targets, where there are any; `spare`, which must not be written, fills
 * bindings that the shader does not read.
 */
export function rowsLaunch(op: string, args: Arguments, range: RowRange, spare: object): RowsLaunch {
  const { logits, soft, labels, rowWeight, labelSmoothing } = args;
  const lanes = rowLanes(logits.columns);
  const z = range.parts[0];
  const q = soft && range.parts[range.parts.length - 1];
  const t = targetBuffers(op, { ...args, labels, rowWeight }, spare);
  return {
    lanes,
    constants: {
      ...lanes.constants,
      SOFT: Number(soft !== undefined),
      HAS_ROW_WEIGHT: Number(rowWeight !== undefined),
      KIND: args.kind,
      LARGEST: Number(args.largest),
      SQUARED_MARGINS: Number(args.power === 2),
    },
    targets: [q?.buffer ?? t.labels, t.rowWeight],
    parameters: (places) => [
      ...[range.rows, logits.columns, z.offset, logits.stride].map(u32),
      ...[places.directionOffset ?? 0, places.directionStride ?? 0].map(u32),
      ...[places.gradientOffset ?? 0, places.gradientStride ?? 0].map(u32),
      ...[q ? q.offset : t.labelOffset + range.firstRow, soft?.stride ?? 0, t.rowWeightOffset + range.firstRow].map(
        u32,
      ),
      ...[places.outOffset, places.stateOffset ?? 0].map(u32),
      ...[Math.ceil(range.rows / lanes.rowsPerGroup), places.slices ?? 0, Number(places.accumulate ?? false)].map(u32),
      ...[places.denominatorOffset ?? 0, places.denominatorStride ?? 0, places.denominatorParts ?? 0].map(u32),
      ...[args.ignoreIndex, NOT_A_NUMBER_BITS].map(u32),
      ...[labelSmoothing, places.scale ?? 1, args.delta].map(f32),
    ],
  };
}
