import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Answer, Contestant, Lane } from "../../../bench/contestants/contestant.js";
import { type RaceOptions, race } from "../../../bench/measure/race.js";
import { tasksFor } from "../../../bench/tasks/list.js";
import { workFor } from "../../../bench/tasks/work.js";

const softmax = tasksFor(false).find((task) => task.kind === "softmax")!;
const noDigits = { pixels: new Uint8Array(0), shape: [0, 784] as const, labels: new Uint8Array(0) };
const work = workFor({ ...softmax, rows: 1, classes: 2 } as typeof softmax, noDigits);

/** The clock that the race looks at; only work moves it. */
let now = 0;
beforeEach(() => {
  now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now);
});
afterEach(() => vi.restoreAllMocks());

/** A contestant whose work takes so long; what happens is written into `log`. */
function pretender(
  library: Contestant["library"],
  ms: number,
  log: string[] = [],
  { answer = {}, fails = false }: { answer?: Answer; fails?: boolean } = {},
): Contestant {
  const lane: Lane = {
    variant: "",
    async run(times) {
      log.push(library);
      if (fails && log.length > 1) throw new Error("device lost");
      now += times * ms;
    },
    answer: async () => answer,
    dispose: () => log.push(`${library} disposed`),
  };
  return { library, device: "webgpu", activate: async () => undefined, lanes: async () => [lane] };
}

const options = (given: Partial<RaceOptions> = {}): RaceOptions => ({
  repetitions: 3,
  laneLimitMs: 10_000,
  deadline: 60_000,
  log: () => undefined,
  gpuClock: async (run) => {
    await run();
    return undefined;
  },
  ...given,
});
const right = () => undefined;

test("contestants take turns, in an order that rotates", async () => {
  const log: string[] = [];
  const results = await race([pretender("Luce", 60, log), pretender("TF.js", 60, log)], work, right, options());
  // Two runs each to prepare, three turns, one for the GPU's clock, then the memory.
  expect(log).toEqual([
    ...["Luce", "Luce", "TF.js", "TF.js"],
    ...["Luce", "TF.js", "TF.js", "Luce", "Luce", "TF.js"],
    ...["Luce", "Luce disposed", "TF.js", "TF.js disposed"],
  ]);
  expect(results.map((each) => [each.contestant, each.samplesMs?.length, each.note])).toEqual([
    ["Luce webgpu", 3, undefined],
    ["TF.js webgpu", 3, undefined],
  ]);
  expect(results[0].ms).toBe(60);
});

test("short work is repeated until the wait hardly counts, and reported for once", async () => {
  const [result] = await race([pretender("Luce", 5)], work, right, options());
  expect(result.batch).toBe(16);
  expect(result.ms).toBe(5);
});

test("a wrong answer has no time, and its reason in the cell", async () => {
  const check = ({ loss }: Answer) => (loss === 1 ? undefined : `loss: expected 1, got ${loss}`);
  const liar = pretender("jax-js", 1, [], { answer: { loss: 2 } });
  const honest = pretender("Luce", 1, [], { answer: { loss: 1 } });
  const results = await race([liar, honest], work, check, options());
  expect(results[0]).toEqual({
    contestant: "jax-js webgpu",
    device: "webgpu",
    variant: "",
    note: "failed: wrong answer: loss: expected 1, got 2",
  });
  expect(results[1].ms).toBe(1);
});

test("a contestant that fails in mid-race or cannot begin does not stop the others", async () => {
  const broken = pretender("TF.js", 1, [], { fails: true });
  const absent: Contestant = { ...pretender("jax-js", 1), lanes: () => Promise.reject(new Error("no such kernel")) };
  const results = await race([broken, absent, pretender("Luce", 1)], work, right, options());
  expect(results.map(({ contestant, note }) => [contestant, note])).toEqual([
    ["TF.js webgpu", "failed: device lost"],
    ["Luce webgpu", undefined],
    ["jax-js webgpu", "failed: no such kernel"],
  ]);
});

test("who is too slow is timed once and says so", async () => {
  const [slow] = await race([pretender("TF.js", 80)], work, right, options({ laneLimitMs: 200 }));
  expect(slow.samplesMs).toHaveLength(1);
  expect(slow.note).toBe("once, too slow for more");
  now = 0;
  const [slower] = await race([pretender("TF.js", 80)], work, right, options({ deadline: 100 }));
  expect(slower.note).toBe("once, too slow for more, first run");
});

test("nothing begins after the deadline", async () => {
  const log: string[] = [];
  const [result] = await race([pretender("Luce", 1, log)], work, right, options({ deadline: -1 }));
  expect(log).toEqual([]);
  expect(result.note).toBe("no time was left");
});

test("a slow last one does not cost the others their turns", async () => {
  const field = [pretender("Luce", 500), pretender("TF.js", 9000)];
  const [quick, slow] = await race(field, work, right, options({ deadline: 5000 }));
  expect(quick.samplesMs).toHaveLength(3);
  expect(slow.note).toBe("once, too slow for more, first run");
});
