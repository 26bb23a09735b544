/** The only public door of Luce. */

export type { DeviceChoice, EngineOptions } from "./engine/create-engine.js";
export { createEngine } from "./engine/create-engine.js";
export { Engine } from "./engine/engine.js";
export { Tensor } from "./engine/tensor.js";
export * from "./errors.js";
