/** What the self-check runs of the losses other than cross-entropy: rows of one thread and of several. */
import type { HostMatrix } from "../ops/op.js";
import { scoreLoss } from "../ops/score-loss.js";
import { scoreLossLine } from "../ops/score-loss-line.js";
import { SCORE_LOSS } from "../ops/score-loss-rows.js";
import { scoreLossStep } from "../ops/score-loss-step.js";
import type { AddCase } from "./self-check-solver.js";
import { stateOf } from "./self-check-solver.js";

/** Values, gradients and curvatures are sums of products of two or three probabilities: `roundings` of the largest. */
export function scoreLossCases(add: AddCase, { floats, integers, blank }: Makers, roundings: number): void {
  for (const [name, kind] of Object.entries(SCORE_LOSS)) {
    const rowsOf = (rows: number, columns: number): ScoreRows => {
      const isMargin = kind === SCORE_LOSS.margin;
      return {
        labels: isMargin ? integers(rows, columns) : undefined,
        soft: isMargin ? undefined : floats(rows, columns, 0, 2 / columns),
        labelSmoothing: isMargin ? 0 : 0.1,
        rowWeight: floats(1, rows, 0, 2),
        ...{ kind, delta: 1, power: 2, largest: columns > 10, classWeight: undefined, ignoreIndex: -100 },
        logits: floats(rows, columns, -4, 4),
      };
    };
    const written = { loss: blank(1, 13), gradient: blank(13, 37), scale: 0.5, denominator: floats(1, 4, 1, 2) };
    add(scoreLoss, `13×37, ${name}`, { ...rowsOf(13, 37), ...written }, roundings);
    const along = { ...rowsOf(67, 10), direction: floats(67, 10, -0.5, 0.5) };
    const steps = stateOf({ trials: 2, steps: 0.5 });
    add(scoreLossLine, `67×10, ${name}`, { ...along, state: steps, out: blank(1, 8) }, roundings);
    if (kind !== SCORE_LOSS.brier) continue;
    const after = { state: stateOf({ step: 0.5 }), gradient: blank(67, 10), scale: 0.5, out: blank(1, 4) };
    add(scoreLossStep, `67×10, ${name}`, { ...along, ...after }, roundings);
  }
}

interface Makers {
  readonly floats: (rows: number, columns: number, low?: number, high?: number) => HostMatrix;
  readonly integers: (count: number, below: number) => HostMatrix;
  readonly blank: (rows: number, columns: number) => HostMatrix;
}

interface ScoreRows {
  readonly labels: HostMatrix | undefined;
  readonly soft: HostMatrix | undefined;
  readonly labelSmoothing: number;
  readonly rowWeight: HostMatrix;
  readonly kind: number;
  readonly delta: number;
  readonly power: number;
  readonly largest: boolean;
  readonly classWeight: undefined;
  readonly ignoreIndex: number;
  readonly logits: HostMatrix;
}
