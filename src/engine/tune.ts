/**
 * `engine.tune()`: times the variants of a matrix product on the device at hand and lets the planner take the fastest. What
 * comes back is a plain object that a page can store and give again.
 */
import { FormatError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import type { MatmulVariant, ProductSizes } from "../ops/matmul-variants.js";
import { canCompute, chooseMatmul, MATMUL_VARIANTS, productClass } from "../ops/matmul-variants.js";
import type { Tuning } from "./backend.js";
import type { TensorEngine } from "./tensor-engine.js";
import { VERSION } from "./version.js";

/** The fastest variant of one class of products. */
export interface TuningChoice {
  readonly productClass: string;
  readonly variant: string;
  /** Milliseconds that the measured product took. */
  readonly elapsedMs: number;
}

/** Plain data: `JSON.parse(JSON.stringify(table))` can be given to `engine.tune({ from })`. */
export interface TuningTable {
  readonly adapter: string;
  /** Of the library. */
  readonly version: string;
  readonly choices: readonly TuningChoice[];
  /** All of it as Markdown. */
  readonly text: string;
}

export interface TuneReport extends TuningTable {
  /** Whether anything was measured; if a table was given, why it was not taken. */
  readonly reason: string;
}

export interface TuneProgress {
  readonly done: number;
  readonly total: number;
}

export interface TuneOptions {
  /** A table of an earlier call. One of this adapter and library version is taken as it is, and nothing is measured. */
  readonly from?: TuningTable;
  /** Ends the measuring: `tune` rejects with the signal's reason, and the engine chooses as it did before. */
  readonly signal?: AbortSignal;
  /** After each measured variant. */
  readonly onProgress?: (progress: TuneProgress) => void;
}

/** A product to measure, and how it is stored. */
export type TuneCase = Pick<ProductSizes, "rows" | "columns" | "depth" | "transposeA">;

/** One product of each class: together about two seconds of a laptop's GPU. */
export const TUNE_CASES: readonly TuneCase[] = [false, true].flatMap((transposeA) => [
  transposeA
    ? { rows: 784, columns: 10, depth: 32_768, transposeA }
    : { rows: 32_768, columns: 10, depth: 784, transposeA },
  transposeA
    ? { rows: 784, columns: 32, depth: 16_384, transposeA }
    : { rows: 16_384, columns: 32, depth: 784, transposeA },
  { rows: 512, columns: 512, depth: 512, transposeA },
  { rows: 1024, columns: 1024, depth: 1024, transposeA },
  { rows: 2048, columns: 2048, depth: 1024, transposeA },
]);

/** No class is begun after this long. */
const BUDGET_MS = 2000;
/** Timers of browsers are coarse: a batch takes a few milliseconds at least. */
const BATCH_MS = 4;
const REPETITIONS = 3;
/** A variant must be faster than the planner's own choice by this share, or the choice would be noise. */
const MARGIN = 0.03;

const sizesOf = (each: TuneCase): ProductSizes => ({ ...each, transposeB: false, type: "f32" });

/**
 * @throws FormatError BAD_FIELD for a `from` that is no table; the signal's reason; DeviceError
 */
export async function tuneOn(
  engine: TensorEngine,
  tuning: Tuning | undefined,
  options: TuneOptions,
  cases: readonly TuneCase[] = TUNE_CASES,
): Promise<TuneReport> {
  requireKnownOptions(options, ["from", "signal", "onProgress"], "tune");
  const adapter = tuning?.adapter ?? engine.device;
  const report = (choices: readonly TuningChoice[], reason: string): TuneReport => ({
    adapter,
    version: VERSION,
    choices,
    text: asMarkdown(adapter, choices),
    reason,
  });
  const { from, signal, onProgress } = options;
  const stale = from === undefined ? undefined : whyStale(from, adapter);
  if (tuning === undefined || tuning.software) return report([], `nothing to choose on this device: ${adapter}`);
  if (from !== undefined && stale === undefined) {
    tuning.choices.clear();
    for (const { productClass: name, variant } of from.choices) tuning.choices.set(name, variant);
    return report(from.choices, "taken from the table given");
  }
  const before = new Map(tuning.choices);
  const found: TuningChoice[] = [];
  const candidatesOf = (each: TuneCase): MatmulVariant[] =>
    MATMUL_VARIANTS.filter((variant) => variant !== "direct" || each.columns <= 64).filter(
      (variant) => canCompute(variant, sizesOf(each)) && (each.columns > 16 || !variant.includes("×")),
    );
  const total = cases.reduce((sum, each) => sum + candidatesOf(each).length, 0);
  let done = 0;
  const begun = performance.now();
  try {
    for (const each of cases) {
      if (performance.now() - begun > BUDGET_MS) break;
      const name = productClass(sizesOf(each));
      const usual = chooseMatmul(sizesOf(each), { software: false, adapter: tuning.traits });
      const times = new Map<MatmulVariant, number>();
      for (const variant of candidatesOf(each)) {
        signal?.throwIfAborted();
        tuning.choices.set(name, variant);
        times.set(variant, await timeOf(engine, each));
        onProgress?.({ done: ++done, total });
      }
      let best = usual;
      let least = (times.get(usual) ?? Number.POSITIVE_INFINITY) * (1 - MARGIN);
      for (const [variant, ms] of times) {
        if (ms >= least) continue;
        [best, least] = [variant, ms];
      }
      tuning.choices.set(name, best);
      found.push({ productClass: name, variant: best, elapsedMs: times.get(best) ?? least });
    }
  } catch (error) {
    tuning.choices.clear();
    for (const [name, variant] of before) tuning.choices.set(name, variant);
    throw error;
  }
  return report(found, stale ?? "measured");
}

/** Least milliseconds of one product, as the planner has it now. */
async function timeOf(engine: TensorEngine, { rows, columns, depth, transposeA }: TuneCase): Promise<number> {
  const a = engine.zeros(transposeA ? [depth, rows] : [rows, depth]);
  const b = engine.zeros([depth, columns]);
  const out = engine.empty([rows, columns]);
  try {
    const waitFor = async (count: number): Promise<number> => {
      const start = performance.now();
      for (let i = 0; i < count; i++) engine.matmul(a, b, { transposeA, out });
      await out.slice(0, 1).read();
      return performance.now() - start;
    };
    // The first run compiles.
    await waitFor(1);
    const one = await waitFor(1);
    const batch = Math.max(1, Math.min(50, Math.ceil(BATCH_MS / Math.max(one, 0.1))));
    let least = Number.POSITIVE_INFINITY;
    for (let r = 0; r < REPETITIONS; r++) least = Math.min(least, (await waitFor(batch)) / batch);
    return least;
  } finally {
    for (const t of [a, b, out]) t.dispose();
  }
}

/** Why a stored table does not hold here; undefined when it does. @throws FormatError when it is no table */
function whyStale(from: TuningTable, adapter: string): string | undefined {
  const fault = (what: string): FormatError =>
    new FormatError("BAD_FIELD", `tune: \`from\` is no tuning table: ${what}. Give what an earlier tune() returned.`);
  if (typeof from !== "object" || from === null) throw fault("expected an object");
  if (typeof from.adapter !== "string" || typeof from.version !== "string")
    throw fault("expected adapter and version as strings");
  if (!Array.isArray(from.choices)) throw fault("expected choices as an array");
  for (const choice of from.choices as readonly Partial<TuningChoice>[]) {
    if (typeof choice?.productClass !== "string" || typeof choice.variant !== "string")
      throw fault("expected every choice with productClass and variant");
  }
  if (from.adapter !== adapter) return `measured anew: the table is of another adapter, ${from.adapter}`;
  if (from.version !== VERSION) return `measured anew: the table is of another version, ${from.version}`;
  return undefined;
}

function asMarkdown(adapter: string, choices: readonly TuningChoice[]): string {
  const rows = choices.map((c) => `| ${c.productClass} | ${c.variant} | ${c.elapsedMs?.toFixed(3)} |`);
  return [`Luce ${VERSION} on ${adapter}`, "", "| product | variant | ms |", "|---|---|---|", ...rows].join("\n");
}
