/** The benchmark in a page: offers `runBenchmark` to the program that opened the browser, and reports through `benchLog`. */
import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threaded from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import { flattenRows, readIdx } from "../../src/index.js";
import { jax } from "../contestants/jax.js";
import { luce, luceAlone } from "../contestants/luce.js";
import { tfjs } from "../contestants/tfjs.js";
import { type BenchResult, benchmark, emptyResult } from "../measure/benchmark.js";
import { installGpuClock } from "../measure/gpu-clock.js";
import type { BenchOptions } from "../measure/options.js";
import type { Digits } from "../tasks/task.js";

declare global {
  interface Window {
    benchLog(line: string): void;
    runBenchmark(options: BenchOptions): Promise<BenchResult>;
  }
}

const WASM = {
  paths: {
    "tfjs-backend-wasm.wasm": plain,
    "tfjs-backend-wasm-simd.wasm": simd,
    "tfjs-backend-wasm-threaded-simd.wasm": threaded,
  },
  fetched: false,
};

async function digits(part: "train" | "t10k"): Promise<Digits> {
  const read = (name: string) => fetch(`/data/mnist/${part}-${name}.gz`).then((response) => readIdx(response));
  const images = flattenRows(await read("images-idx3-ubyte"));
  const labels = await read("labels-idx1-ubyte");
  return { pixels: images.data as Uint8Array, shape: images.shape, labels: labels.data as Uint8Array };
}

window.runBenchmark = async (options) => {
  const result = emptyResult();
  if (!crossOriginIsolated) result.notes.push("the page is not cross-origin isolated: wasm backends run on one thread");
  const field = {
    gpu: navigator.gpu,
    gpuClock: installGpuClock(),
    luce: [["Luce webgpu", () => luce("webgpu")] as const, ["Luce cpu", () => luce("cpu")] as const, luceAlone()],
    peers: [
      ["jax-js webgpu", () => jax("webgpu")] as const,
      ["TF.js wasm", () => tfjs("wasm", WASM)] as const,
      ["jax-js wasm", () => jax("wasm")] as const,
      // Last: on a software adapter it is slower by so much that it would leave the others no time.
      ["TF.js webgpu", () => tfjs("webgpu")] as const,
    ],
    mnist: async () => ({ train: await digits("train"), test: await digits("t10k") }),
    log: (line: string) => window.benchLog(line),
  };
  await benchmark(field, options, result);
  return result;
};
