/** Follows models that are trained together: tells the caller now and then, and stops when asked. */
import { CallbackError } from "../errors.js";
import type { JoinedProgress } from "../solvers/lbfgs-joined.js";
import type { CheckedJoinedOptions } from "./joined-options.js";
import { unlessStopped } from "./unless-stopped.js";

const REPORT_MS = 100;

export class JoinedCourse {
  /** As `performance.now` tells the time. */
  readonly begunMs: number = performance.now();
  /** The call named in messages. */
  readonly where: string;
  readonly #options: CheckedJoinedOptions;
  #lastReport = Number.NEGATIVE_INFINITY;

  constructor(where: string, options: CheckedJoinedOptions) {
    this.where = where;
    this.#options = options;
  }

  get elapsedMs(): number {
    return performance.now() - this.begunMs;
  }

  /** Throws the signal's reason once it is aborted. */
  throwIfStopped(): void {
    const { signal } = this.#options.fit;
    if (signal?.aborted) throw signal.reason;
  }

  /** @param models in all @throws CallbackError when the caller's function throws */
  async observe(progress: JoinedProgress, models: number): Promise<void> {
    const { onProgress, model, fit } = this.#options;
    const due = performance.now() - this.#lastReport >= REPORT_MS || progress.running === 0;
    if (!onProgress || !due) return;
    const { maxIterations } = model;
    try {
      const told = onProgress({ ...progress, models, maxIterations, elapsedMs: this.elapsedMs });
      await unlessStopped(told, fit.signal ? [fit.signal] : []);
    } catch (cause) {
      throw new CallbackError("CALLBACK_FAILED", `${this.where}: onProgress threw.`, cause);
    }
    this.#lastReport = performance.now();
    this.throwIfStopped();
  }
}
