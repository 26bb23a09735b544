/**
 * A workaround for Firefox, which looks after an idle GPU queue only about every 100 ms: a result that is ready lies there for
 * so long, and a solver that reads one number an iteration makes ten iterations a second. Any submit wakes the queue, so an
 * empty one is made every few milliseconds while a mapping is awaited. (jax-js met the same, `webgpu/firefoxPoll.ts`.)
 *
 * Delete this file when a read of 4 bytes on an idle queue takes less than 20 ms in every Firefox that is still in use.
 */
const EVERY_MS = 3;

/** Whether this page runs in Firefox; other engines answer by themselves. */
export function needsNudging(): boolean {
  const { userAgent = "" } = (globalThis.navigator as Navigator | undefined) ?? {};
  return userAgent.includes("Firefox/");
}

/** Submits nothing, again and again, until `work` settles either way. */
export async function nudgeUntil(work: Promise<unknown>, queue: Pick<GPUQueue, "submit">): Promise<void> {
  let waiting = true;
  const settled = (): void => {
    waiting = false;
  };
  work.then(settled, settled);
  while (waiting) {
    queue.submit([]);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}
