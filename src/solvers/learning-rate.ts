/** How long each step of a minibatch solver is: a number, a schedule by name, or a function of the step. */
import { describeValue } from "../data/describe-value.js";
import { CallbackError, OptionError } from "../errors.js";

/** Step lengths by step t = 0, 1, …; T steps in all. */
export type LearningRateSchedule =
  /** `initial · factor^⌊t / every⌋`; `every` counts steps, factor in (0, 1]. */
  | { readonly schedule: "step"; readonly initial: number; readonly factor: number; readonly every: number }
  /** `final + (initial − final) · (1 + cos(π·t/T)) / 2` (Loshchilov & Hutter 2017); `final` ≥ 0, default 0. */
  | { readonly schedule: "cosine"; readonly initial: number; readonly final?: number }
  /** `initial / (1 + decay·t)`, decay ≥ 0. */
  | { readonly schedule: "inverse-time"; readonly initial: number; readonly decay: number }
  /** Any other: gives the length of step t of T, > 0. It is called for all steps before the first is taken. */
  | ((step: number, steps: number) => number);

/** Whether a step's length depends on how many there are. Of a function nobody knows, so it is told. */
export const needsStepCount = (rate: number | LearningRateSchedule | undefined): boolean =>
  typeof rate === "function" || (typeof rate === "object" && rate.schedule === "cosine");

/**
 * The length of each step, known before the first: no step waits for it.
 * @throws OptionError BAD_OPTION for a function that gives anything but a number of 0 or more; CallbackError when it throws
 */
export function learningRates(rate: number | LearningRateSchedule, steps: number): (step: number) => number {
  if (typeof rate === "number") return () => rate;
  if (typeof rate === "function") return tabulated(rate, steps);
  const { initial } = rate;
  switch (rate.schedule) {
    case "step":
      return (t) => initial * rate.factor ** Math.floor(t / rate.every);
    case "cosine": {
      const { final = 0 } = rate;
      return (t) => final + ((initial - final) * (1 + Math.cos((Math.PI * t) / steps))) / 2;
    }
    default:
      return (t) => initial / (1 + rate.decay * t);
  }
}

/** A table of 1 GiB. */
const MOST_STEPS = 2 ** 27;

function tabulated(rate: (step: number, steps: number) => number, steps: number): (step: number) => number {
  if (steps > MOST_STEPS) {
    throw new OptionError(
      "BAD_OPTION",
      `fit: learningRate is a function, which is asked for every step beforehand: expected at most ${MOST_STEPS} steps, got ${steps}. ` +
        "Give a schedule by its name, or train for fewer epochs.",
    );
  }
  const rates = new Float64Array(steps);
  for (let t = 0; t < steps; t++) {
    let given: unknown;
    try {
      given = rate(t, steps);
    } catch (cause) {
      throw new CallbackError("CALLBACK_FAILED", `fit: learningRate threw at step ${t}; nothing has changed.`, cause);
    }
    if (!(typeof given === "number" && given >= 0 && given < Number.POSITIVE_INFINITY)) {
      throw new OptionError(
        "BAD_OPTION",
        `fit: learningRate cannot be used at step ${t}: expected a finite number of 0 or more, got ${describeValue(given)}.`,
      );
    }
    rates[t] = given;
  }
  return (t) => rates[t];
}
