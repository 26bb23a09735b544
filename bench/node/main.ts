/**
 * The benchmark under Node with Dawn (npm `webgpu`), on whatever adapter the machine has. Builds to one file that can be carried
 * to a machine without a network:
 *
 *   node node.mjs [folder with MNIST's files] [rows] [--quick] [--budget seconds] [--peak TFLOP/s] [--gpu-only] [--no-self-check]
 */
// First: the libraries look for WebGPU when they are loaded.
import "./gpu.js";
import { statSync } from "node:fs";
import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url&inline";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url&inline";
import { jax } from "../contestants/jax.js";
import { luce, luceAlone } from "../contestants/luce.js";
import { tfjs } from "../contestants/tfjs.js";
import { benchmark, emptyResult } from "../measure/benchmark.js";
import { installGpuClock } from "../measure/gpu-clock.js";
import { readArguments } from "../measure/options.js";
import { factsOf } from "../report/facts.js";
import { keepResult } from "../report/keep.js";
import { readDigits } from "./read-digits.js";

/** The commit that the file was built from. */
declare const BUILT_FROM: string;

/** What the run may take beyond its budget to print what there is. */
const GRACE_MS = 500;

/** Node has no `Worker` of browsers, so the wasm backends run on one thread here. */
const WASM = {
  paths: {
    "tfjs-backend-wasm.wasm": plain,
    "tfjs-backend-wasm-simd.wasm": simd,
    "tfjs-backend-wasm-threaded-simd.wasm": simd,
  },
  fetched: true,
};

const words = process.argv.slice(2);
const isFolder = words[0] !== undefined && statSync(words[0], { throwIfNoEntry: false })?.isDirectory() === true;
const folder = isFolder ? (words.shift() as string) : ".";
const options = readArguments(words);
const result = emptyResult();
result.notes.push("under Node the wasm backends run on one thread");

function end(): never {
  keepResult(result, factsOf(`Node ${process.version} with Dawn`, BUILT_FROM), options.out, "node");
  process.exit(result.selfCheckPassed === true || !options.selfCheck ? 0 : 1);
}
if (Number.isFinite(options.budget)) {
  setTimeout(
    () => {
      result.notes.push("ended by the clock in mid-row");
      end();
    },
    options.budget * 1000 - GRACE_MS,
  );
}

const { gpu } = navigator;
const field = {
  gpu,
  gpuClock: installGpuClock(),
  luce: [
    ["Luce webgpu", () => luce("webgpu", { gpu })] as const,
    ["Luce cpu", () => luce("cpu")] as const,
    luceAlone(),
  ],
  peers: [
    ["jax-js webgpu", () => jax("webgpu")] as const,
    ["TF.js wasm", () => tfjs("wasm", WASM)] as const,
    ["jax-js wasm", () => jax("wasm")] as const,
    // Last: on a software adapter it is slower by so much that it would leave the others no time.
    ["TF.js webgpu", () => tfjs("webgpu")] as const,
  ],
  mnist: async () => ({ train: await readDigits(folder, "train"), test: await readDigits(folder, "t10k") }),
  log: console.log,
};
try {
  await benchmark(field, options, result);
} catch (error) {
  result.notes.push(`ended by an error: ${error instanceof Error ? error.message : String(error)}`);
  console.error(error);
}
end();
