/** The losses of scores, each in all its forms, and arguments of their ops. */
import type { HostMatrix, On } from "../../src/ops/op.js";
import type { ScoreLossArguments } from "../../src/ops/score-loss.js";
import type { ScoreLossLineArguments } from "../../src/ops/score-loss-line.js";
import type { ScoreLossForm, ScoreTargetArguments } from "../../src/ops/score-loss-rows.js";
import { SCORE_LOSS } from "../../src/ops/score-loss-rows.js";
import type { TargetOptions } from "./target-cases.js";
import { crossEntropyCase, lineSearchCase, targetsFor } from "./target-cases.js";

const NO_MARGIN = { delta: 0, power: 1, largest: false };

export const FORMS: Readonly<Record<string, ScoreLossForm>> = {
  squared: { kind: SCORE_LOSS.squared, ...NO_MARGIN },
  brier: { kind: SCORE_LOSS.brier, ...NO_MARGIN },
  absolute: { kind: SCORE_LOSS.absolute, ...NO_MARGIN },
  margin: { kind: SCORE_LOSS.margin, delta: 1, power: 1, largest: false },
  "margin, squares": { kind: SCORE_LOSS.margin, delta: 1.5, power: 2, largest: false },
  "margin, largest": { kind: SCORE_LOSS.margin, delta: 1, power: 1, largest: true },
  "margin, square of the largest": { kind: SCORE_LOSS.margin, delta: 0.5, power: 2, largest: true },
};

export const FORM_NAMES: readonly string[] = Object.keys(FORMS);

/** Loss and the gradient's first value of scores (40, 0, 0) with label 1, by form; exp(−40) is 4e-18. */
export const CONFIDENTLY_WRONG = [
  ["absolute", 2, 0],
  ["brier", 2, 0],
  ["squared", 1601, 80],
  ["margin", 42, 1],
] as const;

export const isMargin = ({ kind }: ScoreLossForm): boolean => kind === SCORE_LOSS.margin;

/** The options of targets that a form takes: all but class weights, and a margin's rows are of one class each. */
export function targetOptionsOf(form: ScoreLossForm): readonly TargetOptions[] {
  const hard: TargetOptions[] = [{}, { rowWeight: true }, { ignoring: true }];
  const soft: TargetOptions[] = [
    { labelSmoothing: 0.1 },
    { soft: true },
    { soft: true, rowWeight: true, labelSmoothing: 0.3 },
  ];
  return isMargin(form) ? hard : [...hard, ...soft];
}

export const targetsOf = (
  shape: Pick<HostMatrix, "rows" | "columns">,
  form: ScoreLossForm,
  options?: TargetOptions,
): ScoreTargetArguments<HostMatrix> => ({ ...targetsFor(shape, options), ...form });

/** Loss and gradient, not scaled. */
export const scoreLossCase = (
  logits: HostMatrix,
  form: ScoreLossForm,
  options?: TargetOptions,
): On<ScoreLossArguments, HostMatrix> => ({ ...crossEntropyCase(logits, targetsFor(logits, options)), ...form });

export const scoreLossLineCase = (
  logits: HostMatrix,
  step: number | readonly number[],
  form: ScoreLossForm,
  options?: TargetOptions,
): On<ScoreLossLineArguments, HostMatrix> => ({
  ...lineSearchCase(logits, step, targetsFor(logits, options)),
  ...form,
});
