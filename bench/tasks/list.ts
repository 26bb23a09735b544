/** All rows, in the order of the table. */
import type { FitTask, MatmulTask, Task } from "./task.js";

const F32 = 4;
const DIGITS = 60_000;
const PIXELS = 784;
const CLASSES = 10;
/** Software adapters manage a few thousand samples a second: forty steps there, an epoch where there is a GPU, or none takes part. */
const SOFTWARE_SGD_ROWS = 10_240;
const EPOCH_SGD_ROWS = 59_904;

function matmul(
  id: string,
  [m, inner, n]: readonly [number, number, number],
  { transposeA = false, digits = false, large = false } = {},
): MatmulTask {
  const title = transposeA ? `[${inner}×${m}]ᵀ·[${inner}×${n}]` : `[${m}×${inner}]·[${inner}×${n}]`;
  const square = m === inner && m === n;
  return {
    kind: "matmul",
    id,
    title: `${square ? `matmul ${n}³` : title}${digits ? ", MNIST" : ""}`,
    m,
    inner,
    n,
    transposeA,
    digits,
    flops: 2 * m * inner * n,
    bytes: m * inner * (digits ? 1 : F32) + F32 * (inner * n + m * n),
    large,
  };
}

/** The rows for one kind of adapter. `large` ones are left out where `hardware` is false. `epoch`: minibatches of all digits there too. */
export function tasksFor(hardware: boolean, epoch: boolean = hardware): Task[] {
  const sgdRows = epoch ? EPOCH_SGD_ROWS : SOFTWARE_SGD_ROWS;
  const softmax = (rows: number, classes: number, large = false): Task => ({
    kind: "softmax",
    id: "softmax",
    title: `row softmax ${rows}×${classes}`,
    rows,
    classes,
    flops: 5 * rows * classes,
    bytes: 2 * F32 * rows * classes,
    large,
  });
  const [batch, features, classes] = [1024, 2048, 1000];
  const tasks: Task[] = [
    {
      kind: "sgd",
      id: "sgd",
      title: `MNIST SGD, batch 256, ${sgdRows} rows`,
      rows: sgdRows,
      batch: 256,
      learningRate: 0.5,
      samples: sgdRows,
      flops: 4 * sgdRows * PIXELS * CLASSES,
      bytes: sgdRows * PIXELS,
    },
    matmul("matmul", [512, 512, 512]),
    matmul("gradient", [PIXELS, 10_000, CLASSES], { transposeA: true }),
    matmul("forward", [10_000, PIXELS, CLASSES]),
    matmul("small", [256, PIXELS, CLASSES]),
    softmax(DIGITS, CLASSES),
    softmax(1024, 1000),
    {
      kind: "cross-entropy",
      id: "cross-entropy",
      title: `cross-entropy and its gradient ${DIGITS}×${CLASSES}`,
      rows: DIGITS,
      classes: CLASSES,
      flops: 7 * DIGITS * CLASSES,
      bytes: 2 * F32 * DIGITS * CLASSES,
    },
    {
      kind: "evaluation",
      id: "evaluation",
      title: "MNIST loss and gradient, all rows",
      rows: DIGITS,
      flops: 4 * DIGITS * PIXELS * CLASSES,
      bytes: DIGITS * PIXELS,
    },
    matmul("matmul", [1024, 1024, 1024]),
    matmul("matmul", [2048, 2048, 2048], { large: true }),
    matmul("matmul", [4096, 4096, 4096], { large: true }),
    matmul("forward", [DIGITS, PIXELS, CLASSES], { digits: true, large: true }),
    matmul("gradient", [PIXELS, DIGITS, CLASSES], { transposeA: true, digits: true, large: true }),
    softmax(8192, 4096, true),
    {
      kind: "head",
      id: "head",
      title: `one step of a ${features}→${classes} head, batch ${batch}`,
      batch,
      features,
      classes,
      learningRate: 0.1,
      flops: 4 * batch * features * classes,
      bytes: F32 * (batch * features + 2 * features * classes),
    },
  ];
  return tasks.filter((task) => hardware || !task.large);
}

/** The smallest objectives, and what `bench/scipy_passes.py` showed on two cores of an AMD EPYC. */
export const FITS: readonly FitTask[] = [
  { id: "lbfgs", l2: 1e-4, optimum: 0.259248294, tolerance: 3e-6, scipyPasses: [312, 680], scikitLearnSeconds: 50.6 },
  { id: "lbfgs", l2: 1e-2, optimum: 0.543855271, tolerance: 3e-6, scipyPasses: [96, 236], scikitLearnSeconds: 19.3 },
];

/** Relative gaps of the objective to the optimum at which a fit's time and passes are taken. */
export const GAPS: readonly [number, number] = [1e-3, 1e-6];

/** The words that choose rows. */
export const ROW_IDS: readonly string[] = [...new Set([...tasksFor(true), ...FITS].map((row) => row.id))];
