/** Medians of repeated work on a device, by the wall clock, each repetition waited for. */
import type { Tensor } from "../src/index.js";

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Median milliseconds of one `work`, recorded `batch` times between two waits so that the wait itself hardly counts. */
export async function timeOf(batch: number, work: () => Tensor): Promise<number> {
  const waitFor = async (count: number): Promise<number> => {
    const start = performance.now();
    let last: Tensor | undefined;
    for (let i = 0; i < count; i++) last = work();
    await (last as Tensor).slice(0, 1).read();
    return performance.now() - start;
  };
  await waitFor(1);
  await waitFor(batch);
  const samples: number[] = [];
  for (let repetition = 0; repetition < 7; repetition++) {
    const one = await waitFor(1);
    const many = await waitFor(batch + 1);
    samples.push((many - one) / batch);
  }
  return median(samples);
}
