/**
 * `luce/testing`: the checks of scikit-learn's `check_estimator` that carry over to classifiers in JavaScript, and the known failures of
 * such classifiers as checks of their own. An entry beside the library, which imports nothing of it.
 */
import type {
  Check,
  CheckClassifierOptions,
  CheckContext,
  CheckedClassifier,
  CheckedSettings,
  CheckResult,
} from "./classifier.js";
import { invarianceChecks } from "./invariance-checks.js";
import { learningChecks } from "./learning-checks.js";
import { refusalChecks } from "./refusal-checks.js";

export type {
  CheckClassifierOptions,
  CheckedClassifier,
  CheckedFitOptions,
  CheckedLabel,
  CheckedMatrix,
  CheckedRows,
  CheckedSettings,
  CheckResult,
} from "./classifier.js";

const CHECKS: Readonly<Record<string, Check>> = { ...refusalChecks, ...learningChecks, ...invarianceChecks };

/** The checks that need more of the caller than a way to make classifiers. */
const NEEDS: Readonly<Record<string, "reload" | "startingAt" | "liveMemory" | "sparse">> = {
  "sparse rows are what the same rows are with their zeros": "sparse",
  "saved and loaded it answers the same": "reload",
  "a start that is confidently wrong is left": "startingAt",
  "fits leave no memory behind": "liveMemory",
};

/** The names of all checks, in the order in which they run. */
export const checkNames: readonly string[] = Object.keys(CHECKS);

/**
 * Runs every check on classifiers that `make` makes, one after the other, and resolves with a table of
 * `{ check, passed, detail }`, for `console.table`. It never rejects because of the classifier: what a classifier throws is in the table.
 * Each check makes its own classifiers and disposes of them where they can be.
 */
export async function checkClassifier(
  make: (settings: CheckedSettings) => CheckedClassifier,
  options: CheckClassifierOptions = {},
): Promise<CheckResult[]> {
  const { only, tolerance = 0.01, timeoutMs = 60_000 } = options;
  const results: CheckResult[] = [];
  for (const [name, check] of Object.entries(CHECKS)) {
    const need = NEEDS[name];
    if ((only && !only.includes(name)) || (need && !options[need])) continue;
    const made: CheckedClassifier[] = [];
    const kept = <Model extends CheckedClassifier>(model: Model): Model => {
      made.push(model);
      return model;
    };
    const { reload, startingAt } = options;
    const context: CheckContext = {
      make: (settings = {}) => kept(make({ l2: 0.1, ...settings })),
      options: {
        ...options,
        tolerance,
        ...(reload && { reload: async (fitted) => kept(await reload(fitted)) }),
        ...(startingAt && { startingAt: (coef, intercept) => kept(startingAt(coef, intercept)) }),
      },
    };
    const running = Promise.resolve().then(() => check(context));
    results.push(await outcome(name, running, timeoutMs));
    for (const model of made) model.dispose?.();
  }
  return results;
}

async function outcome(check: string, running: Promise<string>, timeoutMs: number): Promise<CheckResult> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`expected an end within ${timeoutMs} ms, got none.`)), timeoutMs);
  });
  try {
    return { check, passed: true, detail: await Promise.race([running, late]) };
  } catch (error) {
    return { check, passed: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
