/** Rows that come in pieces, each checked as it comes: what a fit reads when the whole does not fit into memory. */
import { describeValue } from "../data/describe-value.js";
import { inTurns } from "../engine/in-turns.js";
import { yieldToPage } from "../engine/yield-to-page.js";
import { CallbackError, DataError, LabelError, OptionError, ShapeError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import { answerOf } from "./answer-of.js";
import type { EncodedLabels, Label } from "./labels.js";
import { checkSampleWeight, encodeLabels } from "./labels.js";
import type { Batches, ModelOptions, RowBatch } from "./model-options.js";
import { classWeighted, countedWeights, withMass } from "./row-weights.js";
import { type CheckedFeatures, featuresInPieces } from "./training-data.js";
import type { Ending } from "./unless-stopped.js";

/** As long as the page may wait for its turn. */
const TURN_MS = 6;

/** A piece of the rows, checked. */
export interface CheckedBatch {
  readonly x: CheckedFeatures;
  readonly y: EncodedLabels;
  /** `[m]`, or undefined: every row counts 1. */
  readonly weights: Float32Array | undefined;
}

/** What the batches are checked by. */
export interface BatchRules extends Pick<ModelOptions, "features" | "ignoreLabel" | "classWeight">, Ending {
  readonly classes: readonly Label[];
}

/** Whether a second pass can begin: what is its own iterator, as a generator is, has been gone through then, and so has a stream. */
export function isRepeatable(batches: Batches): boolean {
  if (typeof batches === "function") return true;
  return !("next" in batches) && !("getReader" in batches);
}

export class BatchReader {
  readonly #source: Batches;
  readonly #rules: BatchRules;
  /** d and the form of y, as the first batch has them. */
  #columns: number | undefined;
  #kind: EncodedLabels["kind"] | undefined;
  #passes = 0;
  #balance: Float64Array | undefined;

  constructor(source: Batches, rules: BatchRules) {
    this.#source = source;
    this.#rules = rules;
  }

  /** From the next pass on rows count by their class [k], as `classWeight: "balanced"` asks; before, as if it had not been asked for. */
  balanceBy(ofClass: Float64Array): void {
    this.#balance = ofClass;
  }

  /**
   * One pass over all batches, in their order. The source is told when it is broken off.
   * @throws CallbackError when the source throws; ShapeError, DataError, LabelError for a batch, which is named by its place
   */
  async *pass(): AsyncGenerator<CheckedBatch, void, undefined> {
    const { throwIfStopped } = this.#rules;
    throwIfStopped();
    const iterator = await this.#asked(async () => iteratorOf(this.#source));
    this.#passes++;
    let [ended, counting] = [false, false];
    let turn = performance.now();
    try {
      for (let place = 0; ; place++) {
        const next = await this.#asked(async () => iterator.next());
        throwIfStopped();
        if (typeof next !== "object" || next === null) throw noBatches();
        if (next.done) {
          ended = true;
          if (place === 0) throw this.#nothing();
          if (!counting) throw noneCounts(place);
          return;
        }
        const batch = await this.#checked(next.value, place);
        // Rows that count for nothing are as if they were not there, also where they are all of a batch.
        if (batch.weights?.every((weight) => weight === 0) !== true) {
          counting = true;
          yield this.#balanced(batch, place);
        }
        // A source that answers at once would never give the page a turn.
        if (performance.now() - turn > TURN_MS) {
          await yieldToPage();
          turn = performance.now();
        }
        throwIfStopped();
      }
    } catch (error) {
      // What threw has ended by itself.
      if (error instanceof CallbackError) ended = true;
      throw error;
    } finally {
      // Nobody waits for it: a source that hangs must not hold up an abort.
      if (!ended) void (async () => iterator.return?.())().catch(() => undefined);
    }
  }

  #asked<Result>(ask: () => Promise<Result>): Promise<Result> {
    const message = "fit: the batches threw; the weights so far are kept. `cause` is what they threw.";
    return answerOf(ask, this.#rules, message, (error) => error instanceof OptionError);
  }

  async #checked(batch: unknown, place: number): Promise<CheckedBatch> {
    const where = `fit: batch ${place}`;
    if (typeof batch !== "object" || batch === null || !("x" in batch && "y" in batch)) {
      throw new DataError("UNSUPPORTED_TYPE", `${where} cannot be used: expected { x, y, sampleWeight? }.`);
    }
    requireKnownOptions(batch, ["x", "y", "sampleWeight"], where);
    const { x: givenX, y: givenY, sampleWeight } = batch as RowBatch;
    const { features, classes, ignoreLabel, classWeight, throwIfStopped } = this.#rules;
    const x = await inTurns(featuresInPieces(givenX, where, "X", features), throwIfStopped);
    const y = encodeLabels(givenY, x.rows, { where, ignore: ignoreLabel, classes });
    this.#columns ??= x.columns;
    this.#kind ??= y.kind;
    if (x.columns !== this.#columns) {
      throw new ShapeError(
        "SHAPE_MISMATCH",
        `${where}: X has another number of features than the batches before: expected ${this.#columns}, got ${x.columns}.`,
      );
    }
    if (y.kind !== this.#kind) {
      const [expected, got] = y.kind === "soft" ? ["labels", "probabilities"] : ["probabilities", "labels"];
      throw new DataError(
        "UNSUPPORTED_TYPE",
        `${where}: y is of another form than before: expected ${expected}, got ${got}.`,
      );
    }
    const given = sampleWeight === undefined ? undefined : checkSampleWeight(sampleWeight, x.rows, where, true);
    const counted = countedWeights(y, given, where, true);
    const isNamed = classWeight !== undefined && classWeight !== "balanced";
    return { x, y, weights: isNamed ? classWeighted(y, counted, classWeight, where, true) : counted };
  }

  #balanced(batch: CheckedBatch, place: number): CheckedBatch {
    const ofClass = this.#balance;
    if (!ofClass) return batch;
    const { x, y, weights } = batch;
    const where = `fit: batch ${place}`;
    const mass = withMass(new Float64Array(ofClass.length), y, weights);
    const unknown = mass.findIndex((m, j) => m > 0 && ofClass[j] === 0);
    if (unknown < 0) return { x, y, weights: classWeighted(y, weights, ofClass, where, true) };
    throw new LabelError(
      "BAD_LABEL",
      `${where}: y has rows of ${describeValue(y.classes[unknown])}, of which the first pass had none: expected the same rows each time, ` +
        "by which their classes were balanced. Give the same batches in the same order each time.",
    );
  }

  #nothing(): DataError {
    return this.#passes === 1
      ? new DataError("EMPTY_INPUT", "fit: there are no batches: expected one { x, y } at least, got none.")
      : new DataError(
          "EMPTY_INPUT",
          `fit: pass ${this.#passes} over the batches gave none, and the first did: expected the same rows each time. ` +
            "Pass a function that makes a new iterable for each pass.",
        );
  }
}

const noneCounts = (batches: number): LabelError =>
  new LabelError(
    "BAD_LABEL",
    `fit: no row counts: expected one at least whose label is not ignored and whose weight is above 0, got none in ${batches} batches.`,
  );

async function iteratorOf(source: Batches): Promise<AsyncIterator<unknown> | Iterator<unknown>> {
  const iterable: unknown = typeof source === "function" ? await source() : source;
  if (typeof iterable === "object" && iterable !== null) {
    if (Symbol.asyncIterator in iterable) return (iterable as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    if (Symbol.iterator in iterable) return (iterable as Iterable<unknown>)[Symbol.iterator]();
  }
  throw noBatches();
}

const noBatches = (): OptionError =>
  new OptionError(
    "BAD_OPTION",
    "fit: X gives no batches: expected an async iterable of { x, y }, or a function that makes one for each pass.",
  );
