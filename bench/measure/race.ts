/** One row of the table: contestants are set up, checked, warmed, and then take turns, one repetition each. */
import { type Contestant, type Lane, nameOf } from "../contestants/contestant.js";
import type { Check } from "../tasks/checks.js";
import type { Work } from "../tasks/task.js";
import type { GpuClock } from "./gpu-clock.js";
import { median } from "./median.js";

export interface RaceOptions {
  readonly repetitions: number;
  /** A lane whose repetitions would take longer than this together is timed once. */
  readonly laneLimitMs: number;
  /** When the row must be over, on the clock of `performance.now()`. */
  readonly deadline: number;
  readonly log: (line: string) => void;
  readonly gpuClock: GpuClock;
}

/** What one contestant showed in one way of doing the work. */
export interface LaneResult {
  readonly contestant: string;
  readonly device: Contestant["device"];
  readonly variant: string;
  /** Median milliseconds of the work done once; undefined where it failed. */
  readonly ms?: number;
  readonly samplesMs?: readonly number[];
  /** How often a repetition did the work. */
  readonly batch?: number;
  /** Milliseconds on the GPU of the work done once. */
  readonly gpuMs?: number;
  /** Why there is no time, or why there are fewer samples than asked for. */
  readonly note?: string;
}

interface Runner {
  readonly contestant: Contestant;
  readonly lane: Lane;
  readonly samples: number[];
  batch: number;
  repetitions: number;
  gpuMs?: number;
  note?: string;
  failed: boolean;
}

/** A repetition repeats the work until it lasts about this long, so that the wait at its end hardly counts. */
const REPETITION_MS = 100;
const MAX_BATCH = 1024;
const NO_TIME = "no time was left";
const TOO_SLOW = "once, too slow for more";

export async function race(
  contestants: readonly Contestant[],
  work: Work,
  check: Check,
  options: RaceOptions,
): Promise<LaneResult[]> {
  const runners: Runner[] = [];
  const failures: LaneResult[] = [];
  for (const contestant of contestants) {
    try {
      if (performance.now() > options.deadline) throw new Error(NO_TIME);
      await contestant.activate();
      for (const lane of await contestant.lanes(work)) {
        const runner: Runner = { contestant, lane, samples: [], batch: 1, repetitions: 0, failed: false };
        runners.push(runner);
        await guarded(runner, () => prepare(runner, check, options));
      }
    } catch (error) {
      failures.push({ ...namesOf(contestant), variant: "", note: noteOf(error) });
    }
  }
  // A slow last one must not cost the others the turns that they had time for.
  const planned = runners.reduce(
    (sum, { samples, batch, repetitions }) => sum + (samples[0] ?? 0) * batch * repetitions,
    0,
  );
  const deadline = Math.max(options.deadline, performance.now() + planned);
  for (let turn = 0; turn < options.repetitions; turn++) {
    for (let i = 0; i < runners.length; i++) {
      // Who follows whom changes from turn to turn.
      const runner = runners[(i + turn) % runners.length];
      if (runner.failed || turn >= runner.repetitions || performance.now() > deadline) continue;
      await guarded(runner, async () => {
        await runner.contestant.activate();
        // The sample taken before the turns was for planning.
        if (turn === 0) runner.samples.length = 0;
        runner.samples.push(await timed(runner.lane, runner.batch));
      });
    }
  }
  for (const runner of runners) await finish(runner, options);
  const results = [...runners.map((runner) => resultOf(runner, options)), ...failures];
  for (const { contestant, variant, ms, note } of results) {
    const time = ms === undefined ? "" : `${ms.toPrecision(4)} ms`;
    options.log(`  ${[contestant, variant, time, note].filter(Boolean).join(", ")}`);
  }
  return results;
}

/** The first run, its check, and a plan: how often a repetition repeats the work, and how many repetitions there can be. */
async function prepare(runner: Runner, check: Check, options: RaceOptions): Promise<void> {
  const { lane } = runner;
  if (performance.now() > options.deadline) throw new Error(NO_TIME);
  const affordableMs = (): number => Math.min(options.laneLimitMs, options.deadline - performance.now());
  const first = await timed(lane, 1);
  const fault = check(await lane.answer());
  if (fault !== undefined) throw new Error(`wrong answer: ${fault}`);
  // The first run compiles, on a software adapter for many seconds: it tells little of the next.
  if (first > options.deadline - performance.now()) {
    runner.samples.push(first);
    runner.note = `${TOO_SLOW}, first run`;
    return;
  }
  let ms = await timed(lane, 1);
  while (runner.batch * 2 <= MAX_BATCH && ms * runner.batch * 2 <= REPETITION_MS) {
    runner.batch *= 2;
    ms = await timed(lane, runner.batch);
  }
  runner.samples.push(ms);
  const affordable = Math.floor(affordableMs() / (ms * runner.batch));
  if (affordable >= Math.min(3, options.repetitions)) runner.repetitions = Math.min(options.repetitions, affordable);
  else runner.note = TOO_SLOW;
}

/** Time on the GPU, where there is a clock and time; then the lane gives its memory back. */
async function finish(runner: Runner, options: RaceOptions): Promise<void> {
  const { contestant, lane, failed, repetitions, batch } = runner;
  await guarded(runner, async () => {
    await contestant.activate();
    if (failed || repetitions === 0 || contestant.device !== "webgpu" || performance.now() > options.deadline) return;
    const total = await options.gpuClock(() => lane.run(batch));
    if (total !== undefined) runner.gpuMs = total / batch;
  });
  try {
    lane.dispose();
  } catch {
    // A lane that failed may be in no state to be put away; its cell says that it failed.
  }
}

/** Milliseconds of the work done once, out of `batch`. */
async function timed(lane: Lane, batch: number): Promise<number> {
  const start = performance.now();
  await lane.run(batch);
  return (performance.now() - start) / batch;
}

/** A contestant that fails is out of this row; the others go on. */
async function guarded(runner: Runner, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    runner.failed = true;
    runner.note = noteOf(error);
  }
}

const namesOf = (contestant: Contestant): Pick<LaneResult, "contestant" | "device"> => ({
  contestant: nameOf(contestant),
  device: contestant.device,
});

function resultOf({ contestant, lane, samples, batch, gpuMs, note, failed }: Runner, options: RaceOptions): LaneResult {
  const few = `${samples.length} of ${options.repetitions} repetitions, no time for more`;
  const why = note ?? (samples.length < options.repetitions ? few : undefined);
  const named = { ...namesOf(contestant), variant: lane.variant, ...(why !== undefined && { note: why }) };
  if (failed || samples.length === 0) return named;
  return { ...named, ms: median(samples), samplesMs: samples, batch, ...(gpuMs !== undefined && { gpuMs }) };
}

const noteOf = (error: unknown): string => {
  const message = messageOf(error);
  return message === NO_TIME ? message : `failed: ${message}`;
};

/** The first line of what went wrong; some libraries throw plain objects. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : (JSON.stringify(error) ?? String(error));
  return message.split("\n", 1)[0].slice(0, 200);
}
