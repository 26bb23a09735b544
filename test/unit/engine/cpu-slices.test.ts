import { expect, test } from "vitest";
import { createEngine } from "../../../src/engine/create-engine.js";
import type { Engine } from "../../../src/engine/engine.js";
import { gatherRows } from "../../../src/ops/gather-rows.js";
import { lineSearch } from "../../../src/ops/line-search.js";
import { randomBytes, randomLabels } from "../../support/random-matrix.js";
import { stateWith } from "../../support/target-cases.js";

/** Processor time in milliseconds: unlike the clock, it does not run while other programs have the processor. */
const processorMs = (): number => process.cpuUsage().user / 1000;

/** The longest stretch of work between two turns of a timer, in processor time. */
async function longestTask(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = processorMs();
  const beat = (): void => {
    const now = processorMs();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(beat, 1);
  await work();
  beat();
  clearInterval(timer);
  return longest;
}

/** A frame is 16 ms; below 50 ms people take an answer for immediate. Collecting garbage counts in. */
const LONGEST_MS = 50;

test("the CPU takes turns with timers, whatever the shape of the work before", async () => {
  using engine: Engine = await createEngine({ device: "cpu" });
  const [rows, features, classes] = [20_000, 784, 10];
  const x = engine.tensor({ data: randomBytes(rows * features, 1), shape: [rows, features] });
  const w = engine.zeros([features, classes]);
  const z = engine.zeros([rows, classes]);
  const labels = engine.tensor(Int32Array.from(randomLabels(rows, classes, 2)));
  const indices = engine.tensor(Int32Array.from(randomLabels(rows, rows, 3)));
  const line = engine.zeros([4]);
  const state = engine.tensor({ data: stateWith({ trials: 1 }, [1]).data, shape: [1, 28] });
  const shuffled = engine.empty([rows, features], "u8");
  const rest = { soft: undefined, classWeight: undefined, rowWeight: undefined, labelSmoothing: 0, ignoreIndex: -100 };
  const narrow = engine.zeros([200_000, 1]);
  const wide = engine.zeros([40, 40_000]);
  await engine.pace();

  const tasks: Record<string, () => void> = {
    forward: () => engine.matmul(x, w, { out: z }),
    backward: () => engine.matmul(x, z, { transposeA: true, out: w }),
    "line search": () => engine.run(lineSearch, { logits: z, direction: z, state, out: line, labels, ...rest }),
    gather: () => engine.run(gatherRows, { source: x, indices, first: 0, out: shuffled }),
    // The pace learnt on rows of one value must not be taken for rows of many.
    "narrow softmax": () => engine.softmax(narrow).dispose(),
    "wide softmax": () => engine.softmax(wide).dispose(),
    summarize: () => engine.summarize(wide).dispose(),
  };
  for (const [name, record] of Object.entries(tasks)) {
    const taskMs = await longestTask(async () => {
      record();
      await engine.pace();
    });
    expect(taskMs, name).toBeLessThan(LONGEST_MS);
  }
});
