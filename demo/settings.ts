/** What to train and how: the defaults, and the same as parameters of the page's address, so that a run can be shared. */

export type DeviceChoice = "auto" | "webgpu" | "cpu";
export type SolverChoice = "lbfgs" | "sgd" | "adam";

export interface TrainingSettings {
  readonly device: DeviceChoice;
  readonly solver: SolverChoice;
  /** How many of the 60,000 training digits to use, from the first. */
  readonly rows: number;
  readonly l2: number;
  /** L-BFGS stops here if it has not converged. */
  readonly iterations: number;
  /** SGD and Adam: how often every digit is seen. */
  readonly epochs: number;
  readonly rate: number;
  readonly batch: number;
  readonly momentum: number;
  readonly seed: number;
}

interface Range {
  readonly low: number;
  readonly high: number;
  readonly whole: boolean;
}

/** Smallest and largest value of each number, as in the form. */
const ranges: Readonly<
  Record<"rows" | "l2" | "iterations" | "epochs" | "rate" | "batch" | "momentum" | "seed", Range>
> = {
  rows: { low: 100, high: 60_000, whole: true },
  l2: { low: 0, high: 1, whole: false },
  iterations: { low: 1, high: 1000, whole: true },
  epochs: { low: 1, high: 100, whole: true },
  rate: { low: 1e-6, high: 10, whole: false },
  batch: { low: 1, high: 60_000, whole: true },
  momentum: { low: 0, high: 0.999, whole: false },
  seed: { low: 0, high: 4_294_967_295, whole: true },
};

type NumberName = keyof typeof ranges;
const numberNames = Object.keys(ranges) as NumberName[];

const lbfgs: TrainingSettings = {
  device: "auto",
  solver: "lbfgs",
  rows: 60_000,
  l2: 1e-4,
  iterations: 120,
  epochs: 3,
  rate: 0.5,
  batch: 256,
  momentum: 0,
  seed: 1,
};

/** Settings that work well for a solver. */
export function defaultSettings(solver: SolverChoice): TrainingSettings {
  return solver === "adam" ? { ...lbfgs, solver, rate: 0.002 } : { ...lbfgs, solver };
}

/** Reads settings from named texts (a form or an address); what is missing or out of range keeps its default. */
export function settingsFrom(text: (name: string) => string | null): TrainingSettings {
  const solver = oneOf(text("solver"), ["lbfgs", "sgd", "adam"] as const) ?? "lbfgs";
  const numbers: Partial<Record<NumberName, number>> = {};
  for (const name of numberNames) {
    const value = numberInRange(text(name), ranges[name]);
    if (value !== undefined) numbers[name] = value;
  }
  const device = oneOf(text("device"), ["auto", "webgpu", "cpu"] as const) ?? "auto";
  return { ...defaultSettings(solver), ...numbers, device };
}

/** The parameters by which these settings differ from the solver's defaults: an empty text for the page as it opens. */
export function settingsAsParameters(settings: TrainingSettings): string {
  const parameters = new URLSearchParams();
  if (settings.device !== "auto") parameters.set("device", settings.device);
  if (settings.solver !== "lbfgs") parameters.set("solver", settings.solver);
  const usual = defaultSettings(settings.solver);
  for (const name of numberNames) {
    if (settings[name] !== usual[name]) parameters.set(name, String(settings[name]));
  }
  return parameters.toString();
}

/** Two runs can be compared when all but the device is the same. */
export function sameTask(a: TrainingSettings, b: TrainingSettings): boolean {
  return settingsAsParameters({ ...a, device: "auto" }) === settingsAsParameters({ ...b, device: "auto" });
}

function oneOf<T extends string>(text: string | null, choices: readonly T[]): T | undefined {
  return choices.find((choice) => choice === text);
}

function numberInRange(text: string | null, { low, high, whole }: Range): number | undefined {
  if (text === null || text.trim() === "") return undefined;
  const value = Number(text);
  const allowed = value >= low && value <= high && (!whole || Number.isInteger(value));
  return allowed ? value : undefined;
}
