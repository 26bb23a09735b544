/** Is an answer right? Judged against float64 on the host before anything is timed; products on a sample of their values. */
import type { Answer } from "../contestants/contestant.js";
import { type Head, linearGradient, softmaxRow, trainedHead } from "./float64.js";
import type { MatmulTask, SoftmaxTask, Task, Work } from "./task.js";

/** Says what is wrong with an answer, or nothing. */
export type Check = (answer: Answer) => string | undefined;

const SAMPLES = 97;
/** Half a unit in the last place of float32, relative. */
const ROUNDING = 2 ** -24;
/** Sums over tens of thousands of rows in float32, in whatever order, against their largest entry. */
const SUM_TOLERANCE = 1e-4;
const LOSS_TOLERANCE = 1e-5;
/** A probability is good to a few units of exp's error at logits of size 5. */
const PROBABILITY_TOLERANCE = 2e-6;

export function checkFor(work: Work): Check {
  const { task } = work;
  switch (task.kind) {
    case "matmul":
      return (answer) => checkProduct(work as Work<MatmulTask>, answer);
    case "softmax":
      return (answer) => checkSoftmax(work as Work<SoftmaxTask>, answer);
    case "cross-entropy":
      return (answer) => checkCrossEntropy(work, task.rows, task.classes, answer);
    case "evaluation": {
      const start: Head = { weights: Float64Array.from(work.w.data), bias: new Float64Array(work.w.shape[1]) };
      const right = linearGradient(work.x(), work.labels, 0, task.rows, start);
      return ({ loss, gradient, biasGradient }) =>
        differs("loss", [loss as number], [right.loss], LOSS_TOLERANCE) ??
        differs("gradient", gradient, right.weights, SUM_TOLERANCE) ??
        differs("bias gradient", biasGradient, right.bias, SUM_TOLERANCE);
    }
    case "sgd":
    case "head": {
      const right = trainedHead(work.x(), work.labels, work.w, classesOf(task), task);
      return ({ weights, bias }) =>
        differs("weights", weights, right.weights, SUM_TOLERANCE) ?? differs("bias", bias, right.bias, SUM_TOLERANCE);
    }
  }
}

const classesOf = (task: Task): number => (task.kind === "head" ? task.classes : 10);

/** `|error| ≤ tolerance · max |right|` everywhere; written so that a NaN differs. */
function differs(
  what: string,
  got: ArrayLike<number> | undefined,
  right: ArrayLike<number>,
  tolerance: number,
): string | undefined {
  if (got?.length !== right.length) return `${what}: expected ${right.length} values, got ${got?.length}`;
  let largest = 0;
  for (let i = 0; i < right.length; i++) largest = Math.max(largest, Math.abs(right[i]));
  for (let i = 0; i < right.length; i++) {
    if (!(Math.abs(got[i] - right[i]) <= tolerance * largest)) {
      return `${what}: expected ${right[i]} at ${i}, got ${got[i]}`;
    }
  }
  return undefined;
}

/** Positions spread over `count` values, the first and the last among them. */
const sampleOf = (count: number): number[] =>
  Array.from({ length: Math.min(SAMPLES, count) }, (_, i) =>
    Math.floor((i * (count - 1)) / Math.max(1, Math.min(SAMPLES, count) - 1)),
  );

/** The bound for a dot product in float32, summed in any order: `inner · u · Σ|a·b|` (Higham 2002, eq. 3.5), and of bytes' scale. */
function checkProduct({ task, x, w }: Work<MatmulTask>, { out }: Answer): string | undefined {
  const { m, inner, n, transposeA } = task;
  if (out?.length !== m * n) return `product: expected ${m * n} values, got ${out?.length}`;
  const a = x().data;
  for (const index of sampleOf(m * n)) {
    const [row, column] = [Math.floor(index / n), index % n];
    let [sum, size] = [0, 0];
    for (let p = 0; p < inner; p++) {
      const term = a[transposeA ? p * m + row : row * inner + p] * w.data[p * n + column];
      sum += term;
      size += Math.abs(term);
    }
    if (!(Math.abs(out[index] - sum) <= (inner + 2) * ROUNDING * size)) {
      return `product: expected ${sum} at [${row}, ${column}], got ${out[index]}`;
    }
  }
  return undefined;
}

function checkSoftmax({ task: { rows, classes }, x }: Work<SoftmaxTask>, { out }: Answer): string | undefined {
  if (out?.length !== rows * classes) return `softmax: expected ${rows * classes} values, got ${out?.length}`;
  const right = new Float64Array(classes);
  for (const row of sampleOf(rows)) {
    softmaxRow(x().data, row * classes, right);
    for (let j = 0; j < classes; j++) {
      const got = out[row * classes + j];
      if (!(Math.abs(got - right[j]) <= PROBABILITY_TOLERANCE)) {
        return `softmax: expected ${right[j]} at [${row}, ${j}], got ${got}`;
      }
    }
  }
  return undefined;
}

function checkCrossEntropy(work: Work, rows: number, classes: number, answer: Answer): string | undefined {
  const z = work.x().data;
  const p = new Float64Array(classes);
  const right = new Float64Array(rows * classes);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    loss += softmaxRow(z, row * classes, p) - z[row * classes + work.labels[row]];
    for (let j = 0; j < classes; j++) right[row * classes + j] = (p[j] - (j === work.labels[row] ? 1 : 0)) / rows;
  }
  return (
    differs("loss", [answer.loss as number], [loss / rows], LOSS_TOLERANCE) ??
    differs("gradient", answer.gradient, right, LOSS_TOLERANCE)
  );
}
