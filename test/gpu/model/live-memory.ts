/** Whether a piece of work gives back what it took on an engine that others use too. */
import { expect } from "vitest";
import type { Engine } from "../../../src/index.js";

export interface LiveMemory {
  readonly buffers: number;
  readonly bytes: number;
}

export function liveMemory(engine: Engine): LiveMemory {
  const { buffers, bytes } = engine.stats();
  return { buffers, bytes };
}

/** Runs `work` and fails when afterwards more, or less, memory is held than before. */
export async function expectMemoryBack<T>(engine: Engine, work: () => Promise<T>): Promise<T> {
  const before = liveMemory(engine);
  try {
    return await work();
  } finally {
    expect(liveMemory(engine)).toEqual(before);
  }
}
