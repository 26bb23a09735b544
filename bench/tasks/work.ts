/** The numbers that every contestant gets for a task: random ones from a fixed seed, or MNIST. */
import type { Digits, Matrix, Task, Work } from "./task.js";

/** Uniform numbers in [−0.5, 0.5) from a 32-bit linear congruence (Numerical Recipes), the same in every run. */
export function randomMatrix(rows: number, columns: number, seed: number, scale = 1): Matrix {
  let state = seed;
  const data = new Float32Array(rows * columns);
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = (state / 2 ** 32 - 0.5) * scale;
  }
  return { data, shape: [rows, columns] };
}

function randomLabels(count: number, classes: number): Int32Array {
  return Int32Array.from(randomMatrix(1, count, 3).data, (v) => Math.min(classes - 1, Math.floor((v + 0.5) * classes)));
}

/** The first rows of MNIST as f32 in 0 … 1. */
function digitsAsFloats(digits: Digits, rows: number): Matrix {
  const columns = digits.shape[1];
  const bytes = digits.pixels.subarray(0, rows * columns);
  // As the devices read a byte: one product in float32.
  const scale = Math.fround(1 / 255);
  const data = new Float32Array(bytes.length);
  // `Float32Array.from` with a function takes seconds for so many.
  for (let i = 0; i < bytes.length; i++) data[i] = bytes[i] * scale;
  return { data, shape: [rows, columns] };
}

function firstDigits(digits: Digits, rows: number): Digits {
  const columns = digits.shape[1];
  return {
    pixels: digits.pixels.subarray(0, rows * columns),
    shape: [rows, columns],
    labels: digits.labels.subarray(0, rows),
  };
}

export function workFor(task: Task, mnist: Digits): Work {
  const none = new Int32Array(0);
  const empty: Matrix = { data: new Float32Array(0), shape: [0, 0] };
  const once = (make: () => Matrix): (() => Matrix) => {
    let made: Matrix | undefined;
    return () => {
      made ??= make();
      return made;
    };
  };
  const ofDigits = (rows: number, w: Matrix): Work => {
    const digits = firstDigits(mnist, rows);
    const x = once(() => digitsAsFloats(digits, rows));
    return { task, digits, x, w, labels: Int32Array.from(digits.labels) };
  };
  switch (task.kind) {
    case "matmul": {
      const { m, inner, n, transposeA } = task;
      const w = randomMatrix(inner, n, 2);
      if (task.digits) return ofDigits(transposeA ? inner : m, w);
      const x = once(() => (transposeA ? randomMatrix(inner, m, 1) : randomMatrix(m, inner, 1)));
      return { task, digits: undefined, x, w, labels: none };
    }
    case "softmax":
    case "cross-entropy": {
      const x = once(() => randomMatrix(task.rows, task.classes, 1, 10));
      const labels = task.kind === "softmax" ? none : randomLabels(task.rows, task.classes);
      return { task, digits: undefined, x, w: empty, labels };
    }
    case "sgd":
      return ofDigits(task.rows, empty);
    case "evaluation":
      return ofDigits(task.rows, randomMatrix(mnist.shape[1], 10, 2, 0.1));
    case "head": {
      const x = once(() => randomMatrix(task.batch, task.features, 1));
      const labels = randomLabels(task.batch, task.classes);
      return { task, digits: undefined, x, w: randomMatrix(task.features, task.classes, 2, 0.1), labels };
    }
  }
}
