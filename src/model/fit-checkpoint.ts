/** The checkpoints of one fit: read when it begins, written now and then, deleted when it has ended well. */
import { FormatError, StorageError } from "../errors.js";
import type { SolverCheckpoints, SolverState } from "../solvers/solver-checkpoints.js";
import { readCheckpoint, writeCheckpoint } from "../storage/checkpoint-file.js";
import { answerOf } from "./answer-of.js";
import type { BestWeights, Checks } from "./early-stopping.js";
import { differences, type Fingerprint } from "./fingerprint.js";
import type { CheckedCheckpoint } from "./model-options.js";
import type { FitPoint } from "./report.js";
import type { Ending } from "./unless-stopped.js";

/** The time between two checkpoints, in milliseconds, and in multiples of what the last one took. */
const EVERY = { leastMs: 10_000, times: 10 };

/** A fit's course as far as a checkpoint knows it. */
export interface CourseSoFar {
  readonly history: readonly FitPoint[];
  readonly elapsedMs: number;
}

interface Kept {
  readonly fingerprint: Fingerprint;
  readonly numbers: SolverState["numbers"];
  readonly elapsedMs: number;
  readonly history: readonly PackedPoint[];
  readonly checks: PackedChecks | null;
}

/** Where the checkpoints of this name lie in a store. */
export const checkpointKey = (name: string): string => `checkpoints/${name}`;

export class FitCheckpoint {
  /** Where an interrupted fit had come to; undefined where this one begins. */
  readonly resumed: (CourseSoFar & { readonly state: SolverState; readonly checks: Checks | undefined }) | undefined;
  readonly #options: CheckedCheckpoint;
  readonly #fingerprint: Fingerprint;
  readonly #ending: Ending;
  #savedAt = performance.now();
  #tookMs = 0;

  private constructor(
    options: CheckedCheckpoint,
    fingerprint: Fingerprint,
    ending: Ending,
    resumed: FitCheckpoint["resumed"],
  ) {
    this.#ending = ending;
    this.#options = options;
    this.#fingerprint = fingerprint;
    this.resumed = resumed;
  }

  /** @throws StorageError from the store, or CHECKPOINT_MISMATCH; FormatError for what is no checkpoint, or a damaged one */
  static async open(options: CheckedCheckpoint, fingerprint: Fingerprint, ending: Ending): Promise<FitCheckpoint> {
    const { name } = options;
    const bytes = await asked(() => options.store.get(checkpointKey(name)), ending);
    if (bytes === undefined) return new FitCheckpoint(options, fingerprint, ending, undefined);
    if (!(bytes instanceof Uint8Array)) {
      throw new FormatError(
        "BAD_MAGIC",
        "fit: the checkpoint's store gave no bytes: expected a Uint8Array or undefined.",
      );
    }
    const { values, arrays } = readCheckpoint(bytes, `fit: checkpoint "${name}"`);
    const kept = values as Kept;
    const others = differences(kept.fingerprint, fingerprint);
    if (others.length > 0) {
      throw new StorageError(
        "CHECKPOINT_MISMATCH",
        `fit: the checkpoint "${name}" is of another fit: expected the same data and options, got another value of ${others.join(", ")}. ` +
          `Call fit as it was, use another name, or delete it: store.delete("${checkpointKey(name)}").`,
      );
    }
    const { bestTheta, ...state } = arrays;
    return new FitCheckpoint(options, fingerprint, ending, {
      state: { numbers: kept.numbers, arrays: state },
      history: kept.history.map(unpackPoint),
      elapsedMs: kept.elapsedMs,
      checks: kept.checks ? unpackChecks(kept.checks, bestTheta) : undefined,
    });
  }

  /** The solver's side. The course goes with each of its states. */
  following(course: CourseSoFar, bestWeights: BestWeights | undefined): SolverCheckpoints {
    return {
      resumed: this.resumed?.state,
      isDue: () => {
        const { everyMs = Math.max(EVERY.leastMs, EVERY.times * this.#tookMs) } = this.#options;
        return performance.now() - this.#savedAt >= everyMs;
      },
      save: async (state) => {
        const begun = performance.now();
        await this.#save(state, course, bestWeights?.checks);
        this.#savedAt = performance.now();
        this.#tookMs = this.#savedAt - begun;
      },
    };
  }

  async #save({ numbers, arrays }: SolverState, { history, elapsedMs }: CourseSoFar, checks: Checks | undefined) {
    const values: Kept = {
      ...{ fingerprint: this.#fingerprint, numbers, elapsedMs },
      history: history.map(packPoint),
      checks: checks ? packChecks(checks) : null,
    };
    const best = checks?.best && { bestTheta: checks.best.theta };
    const bytes = writeCheckpoint({ values, arrays: { ...arrays, ...best } });
    await asked(() => this.#options.store.put(checkpointKey(this.#options.name), bytes), this.#ending);
  }

  /** The fit has ended, and the next one begins anew. */
  async remove(): Promise<void> {
    await asked(() => this.#options.store.delete(checkpointKey(this.#options.name)), this.#ending);
  }
}

/** A store of the caller's may throw anything, or never answer. */
function asked<Result>(call: () => Promise<Result>, ending: Ending): Promise<Result> {
  const message = "fit: the checkpoint's store threw; the checkpoint before stays. `cause` is what it threw.";
  return answerOf(call, ending, message, (error) => error instanceof StorageError);
}

/** JSON knows neither NaN nor undefined. */
type Packed = number | string | null;
type PackedPoint = Readonly<Record<string, Packed>>;
type PackedChecks = { readonly point: PackedPoint | null; readonly reference: Packed; readonly since: number };

const pack = (value: number | undefined): Packed =>
  value === undefined ? null : Number.isFinite(value) ? value : String(value);
const unpack = (value: Packed): number | undefined => (value === null ? undefined : Number(value));
const packPoint = (point: FitPoint): PackedPoint =>
  Object.fromEntries(Object.entries(point).map(([name, value]) => [name, pack(value)]));
const unpackPoint = (point: PackedPoint): FitPoint =>
  Object.fromEntries(Object.entries(point).map(([name, value]) => [name, unpack(value)])) as unknown as FitPoint;
const packChecks = ({ best, reference, since }: Checks): PackedChecks => ({
  ...{ point: best ? packPoint(best.point) : null, reference: pack(reference), since },
});
const unpackChecks = ({ point, reference, since }: PackedChecks, theta: Float32Array): Checks => ({
  ...{ best: point ? { point: unpackPoint(point), theta } : undefined, reference: Number(reference), since },
});
