/** What the checks demand, each with a sentence of its own when it is not met. */
import type { CheckedClassifier, CheckedMatrix, CheckedRows } from "./classifier.js";

/** Throws unless `call` throws or rejects. Resolves with what it said. */
export async function refuses(what: string, call: () => unknown): Promise<string> {
  let thrown: unknown;
  try {
    await call();
  } catch (error) {
    thrown = error ?? "an error of nothing";
  }
  if (thrown === undefined) throw new Error(`${what}: expected an error, got an answer.`);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (message.trim() === "")
    throw new Error(`${what}: expected an error that says what is wrong, got an empty message.`);
  return `${what}: refused, "${message.length > 120 ? `${message.slice(0, 120)}…` : message}"`;
}

export function demand(condition: boolean, expected: string, got: unknown): void {
  if (!condition) throw new Error(`expected ${expected}, got ${String(got)}.`);
}

export const probabilities = async (model: CheckedClassifier, x: CheckedRows): Promise<CheckedMatrix> =>
  model.predictProba(x);

/** The largest difference of two equally long lists; NaN if there is one among them. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  demand(a.length === b.length, `${a.length} values`, b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const each = Math.abs(a[i] - b[i]);
    if (!(each <= most)) most = each;
  }
  return most;
}

/** Throws unless two lists of probabilities differ by at most `tolerance`. */
export function agree(what: string, a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number): string {
  const most = difference(a, b);
  demand(most <= tolerance, `${what} to differ by at most ${tolerance}`, most);
  return `${what} differ by ${most.toExponential(1)}`;
}

/** Throws unless the numbers are a distribution in each row. */
export function distributions({ data, shape }: CheckedMatrix, rows: number, classes: number): void {
  demand(shape[0] === rows && shape[1] === classes, `the shape [${rows}, ${classes}]`, `[${Array.from(shape)}]`);
  demand(data.length === rows * classes, `${rows * classes} probabilities`, data.length);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < classes; j++) {
      const p = data[i * classes + j];
      demand(p >= 0 && p <= 1, `a probability in [0, 1] at row ${i}, class ${j}`, p);
      sum += p;
    }
    // k roundings of float32 numbers of at most 1.
    demand(Math.abs(sum - 1) <= classes * 2 ** -22, `row ${i} to add up to 1`, sum);
  }
}
