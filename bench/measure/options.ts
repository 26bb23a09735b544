/** The words after `npm run bench --`. */
import { ROW_IDS } from "../tasks/list.js";

export interface BenchOptions {
  /** Words that choose rows by their ids; all where there are none. */
  readonly chosen: readonly string[];
  /** Fewer repetitions. */
  readonly quick: boolean;
  /** Leave the contestants without a GPU out. */
  readonly gpuOnly: boolean;
  /** Leave those with a GPU out; let Luce show one worker too, and minibatches a whole epoch. */
  readonly cpuOnly: boolean;
  /** Have Luce check every kernel of its device first: a software adapter may compile them for many minutes. */
  readonly selfCheck: boolean;
  /** Where Markdown and JSON are kept; only printed where it is not given. */
  readonly out: string | undefined;
  /** Seconds for everything; Infinity unless given. */
  readonly budget: number;
  /** Float32 peak of the GPU in TFLOP/s, where the benchmark does not know it by name. */
  readonly peak: number | undefined;
}

/** @throws Error with the words that are known */
export function readArguments(words: readonly string[]): BenchOptions {
  const chosen: string[] = [];
  let [quick, gpuOnly, cpuOnly, selfCheck] = [false, false, false, true];
  let budget = Number.POSITIVE_INFINITY;
  let [peak, out]: [number | undefined, string | undefined] = [undefined, undefined];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--quick") quick = true;
    else if (word === "--gpu-only") gpuOnly = true;
    else if (word === "--cpu-only") cpuOnly = true;
    else if (word === "--no-self-check") selfCheck = false;
    else if (word === "--budget") budget = positive(word, rest.shift());
    else if (word === "--peak") peak = positive(word, rest.shift());
    else if (word === "--out") out = rest.shift();
    else if (ROW_IDS.includes(word)) chosen.push(word);
    else
      throw new Error(
        `bench: unknown word: expected some of ${ROW_IDS.join(", ")}, --quick, --gpu-only, --cpu-only, --no-self-check, --budget <seconds>, --peak <TFLOP/s>, --out <folder>, got ${word}.`,
      );
  }
  return { chosen, quick, gpuOnly, cpuOnly, selfCheck, out, budget, peak };
}

function positive(option: string, text: string | undefined): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new Error(`bench: ${option} is followed by the wrong word: expected a number above 0, got ${text}.`);
}
