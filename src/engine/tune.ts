/**
 * `engine.tune()`: times the variants of a matrix product on the device at hand and lets the planner take the fastest. What
 * comes back is a plain object that a page can store and give again.
 */
import { FormatError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import type { MatmulVariant, ProductSizes } from "../ops/matmul-variants.js";
import {
  canCompute,
  chooseMatmul,
  isMatrixTile,
  MATMUL_VARIANTS,
  MEDIUM_COLUMNS,
  NARROW_COLUMNS,
  productClass,
  TILES,
} from "../ops/matmul-variants.js";
import type { ElementType } from "../ops/op.js";
import type { Tuning } from "./backend.js";
import type { MatmulOptions } from "./matmul-options.js";
import type { Tensor } from "./tensor.js";
import type { TensorEngine } from "./tensor-engine.js";
import { VERSION } from "./version.js";

/** The fastest variant of one class of products. */
export interface TuningChoice {
  /** The kind of product: its operands' order, size and type. */
  readonly productClass: string;
  /** The name of the kernel that was fastest for it. */
  readonly variant: string;
  /** Milliseconds that the measured product took. */
  readonly elapsedMs: number;
}

/** Plain data: `JSON.parse(JSON.stringify(table))` can be given to `engine.tune({ from })`. */
export interface TuningTable {
  /** The adapter that was measured, by vendor, architecture and description. */
  readonly adapter: string;
  /** Of the library. */
  readonly version: string;
  /** One for each kind of product that was measured. */
  readonly choices: readonly TuningChoice[];
  /** All of it as Markdown. */
  readonly text: string;
}

/** The table of the fastest variants, and how it came about. */
export interface TuneReport extends TuningTable {
  /** Whether anything was measured; if a table was given, why it was not taken. */
  readonly reason: string;
}

/** How far `tune` has come. */
export interface TuneProgress {
  /** Timings that are done, 0 … `total`. */
  readonly done: number;
  /** Timings that there are in all. */
  readonly total: number;
}

/** An earlier table, progress and abort of `tune`. */
export interface TuneOptions {
  /** A table of an earlier call. One of this adapter and library version is taken as it is, and nothing is measured. */
  readonly from?: TuningTable;
  /** Ends the measuring: `tune` rejects with the signal's reason, and the engine chooses as it did before. */
  readonly signal?: AbortSignal;
  /** After each measured variant. */
  readonly onProgress?: (progress: TuneProgress) => void;
}

/** A product to measure, and how A is stored. */
export type TuneCase = Pick<ProductSizes, "rows" | "columns" | "depth" | "transposeA" | "halves"> & {
  readonly type?: ElementType;
};

/** Rows of a training set: fewer, and a long sum would be short of terms to share out. */
const ROWS = 65_536;
/**
 * One product of each class, of the sizes that are met in training: narrow and medium ones are as long as a training set, and
 * the narrow ones' A holds bytes, as images do. Then those of halves, on devices that multiply matrices of them.
 */
export const TUNE_CASES: readonly TuneCase[] = [
  ...[false, true].flatMap((transposeA) =>
    [10, 32].map((columns): TuneCase => {
      const lengths = transposeA ? { rows: 784, depth: ROWS } : { rows: ROWS, depth: 784 };
      return { ...lengths, columns, transposeA, type: columns > NARROW_COLUMNS ? "f32" : "u8" };
    }),
  ),
  ...[false, true].flatMap((halves) =>
    [false, true].flatMap((transposeA) =>
      [512, 1024, 2048].map((size): TuneCase => ({ rows: size, columns: size, depth: 1024, transposeA, halves })),
    ),
  ),
];

/** No kind of product is begun after this long. */
const BUDGET_MS = 1000;
/** Timers of browsers are coarse: a batch takes as long at least. */
const BATCH_MS = 2;
const REPETITIONS = 2;
/** A variant that one batch shows to be so many times slower than the best is out. */
const HOPELESS = 1.5;
/**
 * A variant must be faster than the planner's own choice by this share, or the choice would be noise: where a GPU is through before
 * the host has recorded the next product, the clock shows the host.
 */
const MARGIN = 0.15;

const sizesOf = (each: TuneCase): ProductSizes => ({ type: "f32", ...each, transposeB: false });

/**
 * @throws FormatError BAD_FIELD for a `from` that is no table; the signal's reason; DeviceError
 */
export async function tuneOn(
  engine: TensorEngine,
  tuning: Tuning | undefined,
  options: TuneOptions,
  cases: readonly TuneCase[] = TUNE_CASES,
  budgetMs: number = BUDGET_MS,
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
  if (tuning === undefined || tuning.traits.software) return report([], `nothing to choose on this device: ${adapter}`);
  if (from !== undefined && stale === undefined) {
    tuning.choices.clear();
    for (const { productClass: name, variant } of from.choices) tuning.choices.set(name, variant);
    return report(from.choices, "taken from the table given");
  }
  const before = new Map(tuning.choices);
  const restore = (): void => {
    tuning.choices.clear();
    for (const [name, variant] of before) tuning.choices.set(name, variant);
  };
  const found: TuningChoice[] = [];
  const measured = cases.filter(({ halves }) => !halves || tuning.traits.adapter?.matrices);
  const total = measured.reduce((sum, each) => sum + candidatesOf(each, tuning).length, 0);
  let done = 0;
  const products: MeasuredProduct[] = [];
  try {
    for (const each of measured) products.push(new MeasuredProduct(engine, each));
    // All at once: compiling one after the other would take longer than everything else.
    const compiled = measured.flatMap((each, index) =>
      candidatesOf(each, tuning).map((variant) => {
        tuning.choices.set(productClass(sizesOf(each)), variant);
        return (products[index] as MeasuredProduct).prepare();
      }),
    );
    restore();
    await Promise.all(compiled);
    const begun = performance.now();
    for (const [index, each] of measured.entries()) {
      if (performance.now() - begun >= budgetMs) break;
      const name = productClass(sizesOf(each));
      // The usual one first: it is the one to beat.
      const [usual, ...others] = candidatesOf(each, tuning) as [MatmulVariant, ...MatmulVariant[]];
      const product = products[index] as MeasuredProduct;
      const timeBy = async (variant: MatmulVariant, toBeat: number): Promise<number> => {
        signal?.throwIfAborted();
        tuning.choices.set(name, variant);
        const ms = await product.time(toBeat);
        onProgress?.({ done: ++done, total });
        return ms;
      };
      let best = usual;
      let elapsedMs = await timeBy(usual, Number.POSITIVE_INFINITY);
      let toBeat = elapsedMs * (1 - MARGIN);
      for (const variant of others) {
        const ms = await timeBy(variant, toBeat);
        if (ms >= toBeat) continue;
        best = variant;
        elapsedMs = toBeat = ms;
      }
      tuning.choices.set(name, best);
      found.push({ productClass: name, variant: best, elapsedMs });
    }
  } catch (error) {
    restore();
    throw error;
  } finally {
    for (const product of products) product.dispose();
  }
  return report(found, stale ?? "measured");
}

/** The variants to measure for a product, the planner's own choice first. */
function candidatesOf(each: TuneCase, { traits: { adapter } }: Tuning): MatmulVariant[] {
  const sizes = sizesOf(each);
  const usual = chooseMatmul(sizes, { software: false, adapter });
  const others = MATMUL_VARIANTS.filter((variant) => {
    if (variant === usual || !canCompute(variant, sizes, adapter)) return false;
    // Made for software adapters, which are not tuned.
    if (variant === "broadcasts") return false;
    // Nothing beats what multiplies matrices but another tile of them.
    if (isMatrixTile(usual)) return isMatrixTile(variant);
    // A tile wastes most of itself on a narrow product, and `direct` reads a wide one's operands again and again.
    return variant in TILES ? each.columns > NARROW_COLUMNS : variant !== "direct" || each.columns <= MEDIUM_COLUMNS;
  });
  return [usual, ...others];
}

/** A product that is computed again and again, by whatever variant the planner is told to take. */
class MeasuredProduct {
  readonly #engine: TensorEngine;
  readonly #a: Tensor;
  readonly #b: Tensor;
  readonly #out: Tensor;
  readonly #options: MatmulOptions & { readonly out: Tensor };

  constructor(engine: TensorEngine, { rows, columns, depth, transposeA, halves = false, type = "f32" }: TuneCase) {
    this.#engine = engine;
    this.#a = engine.zeros(transposeA ? [depth, rows] : [rows, depth], type);
    this.#b = engine.zeros([depth, columns]);
    this.#out = engine.empty([rows, columns]);
    this.#options = { transposeA, precision: halves ? "f16" : "f32", out: this.#out };
  }

  /** Least milliseconds of one product; of a few only, where it is plain that it is slower than `toBeat`. */
  async time(toBeat: number): Promise<number> {
    // Where a variant could not be compiled ahead, the first run does it.
    await this.#run(1);
    const one = await this.#run(1);
    // Alone it also bears the wait for the device: only a batch tells its own time.
    const batch = Math.max(1, Math.min(50, Math.ceil(BATCH_MS / Math.max(one, 0.1))));
    let least = Number.POSITIVE_INFINITY;
    for (let r = 0; r < REPETITIONS; r++) {
      least = Math.min(least, (await this.#run(batch)) / batch);
      if (least > HOPELESS * toBeat) break;
    }
    return least;
  }

  async #run(count: number): Promise<number> {
    const start = performance.now();
    for (let i = 0; i < count; i++) this.#engine.matmul(this.#a, this.#b, this.#options);
    await this.#out.slice(0, 1).read();
    return performance.now() - start;
  }

  /** Compiles the variant that the planner is told to take now. */
  prepare(): Promise<void> {
    return this.#engine.prepareMatmul(this.#a, this.#b, this.#options);
  }

  dispose(): void {
    for (const t of [this.#a, this.#b, this.#out]) t.dispose();
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
