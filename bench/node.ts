/**
 * Luce under Node with Dawn (npm `webgpu`), on whatever adapter the machine has: the self-check, the kernels that matter, and
 * MNIST to its optimum. Builds to one file that can be carried to a machine without a network:
 *
 *   npx vite build --config bench/vite.config.ts
 *   node bench/dist/node.mjs <folder with the four MNIST .gz files>
 */
import { create, globals } from "webgpu";
import { createEngine, SoftmaxRegression } from "../src/index.js";
import { readDigits } from "./mnist-files.js";
import { timeOf } from "./timing.js";

Object.assign(globalThis, globals);
const [folder = "."] = process.argv.slice(2);
const engine = await createEngine({ gpu: create([]), device: "webgpu" });
console.log(`device: ${engine.reason}\n`);
const check = await engine.selfCheck();
console.log(`${check.text}\n`);

console.log("| kernel | ms | GFLOP/s | GB/s of the operands |\n|---|---|---|---|");
const random = (rows: number, columns: number) => ({
  data: Float32Array.from({ length: rows * columns }, () => Math.random() - 0.5),
  shape: [rows, columns],
});
function row(name: string, ms: number, flops: number, bytes: number): void {
  console.log(`| ${name} | ${ms.toFixed(4)} | ${(flops / ms / 1e6).toFixed(0)} | ${(bytes / ms / 1e6).toFixed(0)} |`);
}
for (const n of [512, 1024, 2048, 4096]) {
  const [a, b, out] = [engine.tensor(random(n, n)), engine.tensor(random(n, n)), engine.empty([n, n])];
  row(`matmul ${n}³`, await timeOf(n > 2000 ? 5 : 50, () => engine.matmul(a, b, { out })), 2 * n ** 3, 12 * n * n);
  for (const t of [a, b, out]) t.dispose();
}

const train = await readDigits(folder, "train");
const test = await readDigits(folder, "t10k");
for (const bytes of [true, false]) {
  const [n, d, k] = [60000, 784, 10];
  const data = bytes ? train.x : { data: Float32Array.from(train.x.data, (v) => v / 255), shape: [n, d] };
  const kind = bytes ? "u8" : "f32";
  const size = n * d * (bytes ? 1 : 4);
  const [x, w, z, g] = [
    engine.tensor(data),
    engine.tensor(random(d, k)),
    engine.empty([n, k]),
    engine.empty([d + 1, k]),
  ];
  row(`X·W, MNIST ${kind}`, await timeOf(50, () => engine.matmul(x, w, { out: z })), 2 * n * d * k, size);
  const gradient = () => engine.matmul(x, z, { transposeA: true, ones: true, out: g });
  row(`Xᵀ·G, MNIST ${kind}`, await timeOf(50, gradient), 2 * n * d * k, size);
  for (const t of [x, w, z, g]) t.dispose();
}
for (const [n, k] of [
  [60000, 10],
  [1024, 1000],
  [8192, 50000],
]) {
  const [z, p] = [engine.tensor(random(n, k)), engine.empty([n, k])];
  row(`softmax ${n}×${k}`, await timeOf(20, () => engine.softmax(z, { out: p })), 5 * n * k, 8 * n * k);
  for (const t of [z, p]) t.dispose();
}

console.log("\n| fit on MNIST | iterations | passes | seconds | loss | test accuracy |\n|---|---|---|---|---|---|");
for (const options of [
  { l2: 1e-2, tolerance: 1e-5 },
  { l2: 1e-4 },
  { l2: 1e-4, tolerance: 3e-6 },
  { l2: 0, solver: "sgd", epochs: 2, learningRate: 0.5, shuffle: false },
] as const) {
  const model = new SoftmaxRegression({ ...options, engine });
  await model.fit(train.x, train.y);
  const report = await model.fit(train.x, train.y);
  const accuracy = await model.score(test.x, test.y);
  const { iterations, passes, elapsedMs, loss } = report;
  console.log(
    `| ${JSON.stringify(options)} | ${iterations} | ${passes.toFixed(0)} | ${(elapsedMs / 1000).toFixed(3)} | ${loss.toFixed(6)} | ${accuracy} |`,
  );
}
console.log(JSON.stringify(engine.stats()));
process.exit(check.passed ? 0 : 1);
