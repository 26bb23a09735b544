/** Arguments of cross-entropy and its line search, over all their options. */
import type { CrossEntropyArguments } from "../../src/ops/cross-entropy.js";
import type { LineSearchArguments } from "../../src/ops/line-search.js";
import type { HostMatrix, On } from "../../src/ops/op.js";
import { firstState, STATE } from "../../src/ops/solver-state.js";
import type { TargetArguments } from "../../src/ops/targets.js";
import { f32Matrix, f32Vector, i32Vector } from "./op-cases.js";
import { randomLabels, randomSoftTargets, randomValues, randomWeights } from "./random-matrix.js";

export interface TargetOptions {
  readonly soft?: boolean;
  readonly classWeight?: boolean;
  readonly rowWeight?: boolean;
  readonly labelSmoothing?: number;
  /** Every third row is ignored. */
  readonly ignoring?: boolean;
}

/** Each option alone, and some together: every branch of the shaders with targets. */
export const TARGET_OPTIONS: readonly TargetOptions[] = [
  { labelSmoothing: 0.1 },
  { classWeight: true },
  { rowWeight: true },
  { ignoring: true },
  { soft: true },
  { soft: true, classWeight: true, rowWeight: true, labelSmoothing: 0.3 },
  { classWeight: true, rowWeight: true, labelSmoothing: 1, ignoring: true },
];

export const IGNORED = -100;

export function targetsFor(
  { rows, columns }: Pick<HostMatrix, "rows" | "columns">,
  { soft = false, classWeight = false, rowWeight = false, labelSmoothing = 0, ignoring = false }: TargetOptions = {},
): TargetArguments<HostMatrix> {
  const labels = Int32Array.from(randomLabels(rows, columns, rows + 3 * columns), (label, i) =>
    ignoring && i % 3 === 1 ? IGNORED : label,
  );
  return {
    labels: soft ? undefined : i32Vector(labels),
    soft: soft ? f32Matrix(rows, columns, randomSoftTargets(rows, columns, rows + 5 * columns)) : undefined,
    classWeight: classWeight ? f32Vector(randomWeights(columns, rows + 7 * columns)) : undefined,
    rowWeight: rowWeight ? f32Vector(randomWeights(rows, rows + 11 * columns)) : undefined,
    labelSmoothing,
    ignoreIndex: IGNORED,
  };
}

/** Cross-entropy with its gradient, not scaled. */
export function crossEntropyCase(
  logits: HostMatrix,
  targets: TargetArguments<HostMatrix> = targetsFor(logits),
): On<CrossEntropyArguments, HostMatrix> {
  return {
    logits,
    ...targets,
    loss: f32Vector(new Float32Array(logits.rows)),
    gradient: f32Matrix(logits.rows, logits.columns),
    scale: 1,
    denominator: undefined,
  };
}

/** A solver's state: what is given by name, and trial steps. */
export function stateWith(
  values: Partial<Record<Exclude<keyof typeof STATE, "steps">, number>>,
  steps: readonly number[] = [],
): HostMatrix {
  const state = firstState();
  for (const [name, value] of Object.entries(values)) state[STATE[name as keyof typeof STATE]] = value;
  state.set(steps, STATE.steps);
  return f32Vector(state);
}

/** A line search along a random direction in [−1, 1), at one trial step or several. */
export function lineSearchCase(
  logits: HostMatrix,
  step: number | readonly number[],
  targets: TargetArguments<HostMatrix> = targetsFor(logits),
): On<LineSearchArguments, HostMatrix> {
  const { rows, columns } = logits;
  const steps = [step].flat();
  return {
    logits,
    ...targets,
    direction: f32Matrix(rows, columns, randomValues(rows * columns, rows + 13 * columns)),
    state: stateWith({ trials: steps.length }, steps),
    out: f32Matrix(1, 4 * 2 ** Math.ceil(Math.log2(steps.length))),
  };
}
