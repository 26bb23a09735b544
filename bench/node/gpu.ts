/**
 * WebGPU where a browser has it: as globals and as `navigator.gpu`. Imported before the libraries under comparison, which look
 * for it when they are loaded.
 */
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { create, globals } from "webgpu";

/** Chromium rounds timestamps to 65 µs; a benchmark may see them whole. */
const gpu: GPU = create(["disable-dawn-features=timestamp_quantization"]);

Object.assign(globalThis, globals);
const navigator = { gpu, userAgent: `Node ${process.version}`, hardwareConcurrency: availableParallelism() };
Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
// TF.js's wasm loader takes Node for a place with CommonJS.
Object.assign(globalThis, { require: createRequire(import.meta.url), __dirname: import.meta.dirname });
