/** Chooses how the CPU does its work: by workers, or, where there are none, on the page's own thread. */
import type { Backend } from "../backend.js";
import { type EngineOptions, MOST_WORKERS } from "../engine-options.js";
import type { WorkersBackend } from "./workers/workers-backend.js";

/** `note`: which of the two, and why, for people. */
export interface CpuDevice {
  readonly backend: Backend;
  readonly note: string;
}

function cores(): number {
  const { hardwareConcurrency = 1 } = globalThis.navigator ?? {};
  return Math.min(MOST_WORKERS, Math.max(1, hardwareConcurrency));
}

export async function cpuBackend({ workers = cores(), createWorker }: EngineOptions): Promise<CpuDevice> {
  const refusal = workers === 0 ? "none were wanted" : undefined;
  const opened = refusal ?? (await openWorkers(workers, createWorker));
  if (typeof opened !== "string") {
    const memory = opened.sharesMemory ? " with shared memory" : "";
    return { backend: opened, note: workers === 1 ? "1 worker" : `${workers} workers${memory}` };
  }
  // Loaded here: a page with workers, or with a GPU, needs no kernels of its own.
  const { CpuBackend } = await import("./cpu-backend.js");
  return { backend: new CpuBackend(), note: `on the page's own thread, without workers: ${opened}` };
}

async function openWorkers(count: number, createWorker: (() => Worker) | undefined): Promise<WorkersBackend | string> {
  const { openWorkersBackend } = await import("./workers/workers-backend.js");
  return openWorkersBackend(count, createWorker);
}
