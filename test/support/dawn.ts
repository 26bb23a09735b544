/**
 * Makes a test process of Node what a page is to the tests of `test/gpu`: `navigator.gpu` is Dawn's, on the adapter that
 * `dawn-adapter.ts` has found, WebGPU's constructors are global, and unhandled rejections are events of the global object.
 */
import { inject } from "vitest";
import { create, globals } from "webgpu";

/** llvmpipe optimises nothing: most of the tests' time is its compiler's, and that halves it. Other drivers do not read this. */
const FAST_COMPILATION = { GALLIVM_PERF: "nopt" };

Object.assign(process.env, FAST_COMPILATION, inject("dawnAdapter").environment);
Object.assign(globalThis, globals);
// Held by a global: Dawn ends the process when the entry point is collected while one of its devices lives.
Object.defineProperty(globalThis, "navigator", {
  value: { gpu: create([]), userAgent: `Node.js/${process.versions.node}` },
});

const page = new EventTarget();
globalThis.addEventListener = page.addEventListener.bind(page);
globalThis.removeEventListener = page.removeEventListener.bind(page);
process.on("unhandledRejection", (reason) => {
  page.dispatchEvent(Object.assign(new Event("unhandledrejection"), { reason }));
});

/**
 * How long Dawn waits before it looks again whether the device is through, in milliseconds. Left alone it asks by one
 * `setImmediate` after the other, which kept a core from the software adapter and doubled the time of the tests.
 */
const POLL_INTERVAL_MS = 1;
Object.defineProperty(globalThis, "setImmediate", {
  value: (callback: () => void) => setTimeout(callback, POLL_INTERVAL_MS),
});
