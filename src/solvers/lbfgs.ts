/**
 * Limited-memory BFGS for a linear model: two passes over the data an iteration, one for the direction's logits and one for the
 * gradient. Iterations are recorded without waiting; now and then a copy of the records and of θ tells how far the device is.
 */
import { STATE, STATUS } from "../ops/solver-state.js";
import { Descent, RING } from "./descent.js";
import type { ResumableObjective } from "./objective.js";
import type { SolverProgress, SolverResult, StopReason } from "./solver.js";
import type { SolverCheckpoints } from "./solver-checkpoints.js";
import type { Workspace } from "./workspace.js";

export interface LbfgsOptions {
  readonly maxIterations: number;
  /** Stop when max |dJ| is at most this. */
  readonly tolerance: number;
  /** And at most this share of what it is at the start; undefined: however much it was. */
  readonly shareOfStart?: number | undefined;
  /** Pairs remembered, 40 at most. */
  readonly memory: number;
  /** Told of the iterations since the last time, and of θ after the last of them. */
  readonly observe: (progress: readonly SolverProgress[], theta: Float32Array) => Promise<void>;
  /** Throws when the caller wants no more; asked several times an iteration. */
  readonly throwIfStopped: () => void;
  readonly pacing?: Pacing;
  readonly checkpoints?: SolverCheckpoints | undefined;
}

/** How far the host runs ahead of the device, which changes no bit of the result. */
export interface Pacing {
  /** Iterations are recorded ahead as far as they take this long, one at least. */
  readonly aheadMs: number;
  /** Longest time between two looks at the device, and shortest. */
  readonly mostMs: number;
  readonly leastMs: number;
}

const PACING: Pacing = { aheadMs: 50, mostMs: 50, leastMs: 5 };
/** A look comes after this share of the time so far: what is recorded in vain when a solver stops costs no more. */
const LOOK_SHARE = 0.15;
/** Iterations recorded ahead at most: the ring must be read before it comes round. */
const MOST_AHEAD = RING / 2;

/** Smaller shares are not asked for: float32 sees gradients of some 1e-8. */
const FINEST = 1e-7;

/** What a copy of the device's numbers showed. */
interface Look {
  /** Attempts that had been recorded. */
  readonly attempts: number;
  readonly state: Float32Array;
  readonly ring: Float32Array;
  readonly theta: Float32Array;
}

/**
 * Runs until `tolerance`, `maxIterations` or the end of float32's precision. What is not finite ends it as `diverged`, with θ
 * where it was finite last.
 */
export async function minimiseLbfgs(
  workspace: Workspace,
  objective: ResumableObjective,
  options: LbfgsOptions,
): Promise<SolverResult> {
  const { engine } = workspace;
  const { aheadMs, mostMs, leastMs } = options.pacing ?? PACING;
  const { checkpoints, shareOfStart } = options;
  const resumed = checkpoints?.resumed;
  // What it is at the start is seen before anything else is recorded.
  const descent = new Descent(
    workspace,
    objective,
    shareOfStart === undefined ? options : { ...options, tolerance: 0 },
  );
  const { launches } = engine.trialSteps;
  const begun = performance.now();
  let lookedAt = begun;
  let seenAt = begun;
  let pending: Promise<Look> | undefined;
  let arrived = false;
  /** The attempts that the last look knew of, the last iteration, and how long an attempt takes. */
  let seen = 0;
  let last: SolverProgress = { iteration: -1, loss: Number.NaN, gradientNorm: Number.NaN, passes: 0 };
  let attemptMs = Number.POSITIVE_INFINITY;

  const look = async (): Promise<Look> => {
    const { attempts } = descent;
    const [state, ring, theta] = await engine.read(descent.state, descent.ring, objective.parameters);
    return { attempts, state: state as Float32Array, ring: ring as Float32Array, theta: theta as Float32Array };
  };
  const startLook = (): void => {
    lookedAt = performance.now();
    arrived = false;
    const started = look();
    pending = started;
    // Awaited below; a failure must not count as unhandled before that.
    started
      .catch(() => undefined)
      .finally(() => {
        if (pending === started) arrived = true;
      });
  };

  /** Tells what is new; the result when the solver has stopped. */
  const take = async ({ attempts, state, ring, theta }: Look): Promise<SolverResult | undefined> => {
    const now = performance.now();
    attemptMs = (now - seenAt) / Math.max(1, attempts - seen);
    seenAt = now;
    seen = attempts;
    const progress: SolverProgress[] = [];
    for (let i = last.iteration + 1; i <= state[STATE.iteration]; i++) {
      const [iteration, attempt, loss, gradientNorm] = ring.subarray(4 * (i % RING));
      progress.push({ iteration, loss, gradientNorm, passes: descent.passesAt(attempt) });
    }
    if (shareOfStart !== undefined && last.iteration < 0 && progress.length > 0) {
      const asked = shareOfStart * (progress[0].gradientNorm ?? 0);
      descent.tolerance = Math.min(options.tolerance, Math.max(FINEST, asked));
    }
    last = progress.at(-1) ?? last;
    if (progress.length > 0) await options.observe(progress, theta);
    const stopReason = reasonOf(state[STATE.status]);
    if (!stopReason) return undefined;
    return { ...(last.iteration < 0 ? { ...last, iteration: 0, passes: descent.passesAt(0) } : last), stopReason };
  };

  /** Tells all that was recorded; the result when the solver has stopped. */
  const settle = async (): Promise<SolverResult | undefined> => {
    const ended = pending && (await take(await pending));
    pending = undefined;
    return ended ?? (descent.attempts > seen ? await take(await look()) : undefined);
  };

  /** Keeps what the next iterations depend on, when all that was recorded has been told; the result when the solver has stopped. */
  const save = async (to: SolverCheckpoints): Promise<SolverResult | undefined> => {
    const result = await settle();
    if (result) return result;
    const kept = Object.entries(descent.kept);
    const values = (await engine.read(...kept.map(([, tensor]) => tensor))) as Float32Array[];
    const { attempts, passes } = descent;
    const { iteration, loss, gradientNorm = 0 } = last;
    const preconditioned = Number(descent.isPreconditioned);
    await to.save({
      numbers: { attempts, passes, iteration, loss, gradientNorm, lastPasses: last.passes, preconditioned },
      arrays: Object.fromEntries(kept.map(([name], i) => [name, values[i]])),
    });
    return undefined;
  };

  /** Whether no more may be recorded before the device has been looked at. */
  const mustWait = (): boolean => {
    const ahead = descent.attempts - seen;
    if (last.iteration < 0 || (ahead > 0 && !engine.overlaps)) return true;
    const most = Math.min(MOST_AHEAD, options.maxIterations - last.iteration, aheadMs / attemptMs);
    return ahead >= Math.max(1, most);
  };
  const pause = async (): Promise<void> => {
    await engine.pace();
    options.throwIfStopped();
  };

  if (resumed) {
    const { attempts, passes, iteration, loss, gradientNorm, lastPasses, preconditioned } = resumed.numbers;
    objective.restore(resumed.arrays.theta, passes);
    descent.restore(resumed.arrays, attempts, passes, preconditioned === 1);
    seen = attempts;
    last = { iteration, loss, gradientNorm, passes: lastPasses };
  } else {
    await descent.begin();
    startLook();
  }
  for (;;) {
    options.throwIfStopped();
    if (pending && (arrived || mustWait())) {
      const result = await take(await pending);
      if (result) return result;
      pending = undefined;
    } else if (mustWait()) {
      startLook();
    } else {
      if (checkpoints && descent.isRefreshing && checkpoints.isDue()) {
        const result = await save(checkpoints);
        if (result) return result;
      }
      if (descent.awaitsPreconditioner) {
        const result = await settle();
        if (result) return result;
        await descent.precondition(options.throwIfStopped);
      }
      await descent.aim();
      await pause();
      for (let launch = 0; launch < launches; launch++) descent.search();
      await pause();
      await descent.evaluate();
      await pause();
      const now = performance.now();
      const everyMs = Math.max(leastMs, Math.min(mostMs, LOOK_SHARE * (now - begun)));
      if (!pending && now - lookedAt >= everyMs) startLook();
    }
  }
}

/** Undefined while a solver goes on. */
export function reasonOf(status: number): StopReason | undefined {
  const found = Object.entries(STATUS).find(([, code]) => code === status)?.[0];
  return found === "running" ? undefined : (found as StopReason);
}
