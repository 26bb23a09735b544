/**
 * L-BFGS for several problems side by side, which share their passes over the data: each has its own `Descent`, and so its own
 * direction, line search and end; what they have together are the two products of an iteration. Those that have stopped are
 * found by a look at fixed iterations, never by a clock, since the products' widths depend on it, and their rounding on these.
 */
import type { TensorEngine } from "../engine/tensor-engine.js";
import { STATE } from "../ops/solver-state.js";
import { Descent, RING } from "./descent.js";
import { reasonOf } from "./lbfgs.js";
import type { JoinedObjective, LineObjectives } from "./line-objectives.js";
import type { SolverProgress, SolverResult } from "./solver.js";
import { Workspace } from "./workspace.js";

/** Iterations between two looks at the device. */
const LOOK_EVERY = 4;

export interface JoinedProgress {
  /** Of those that are furthest. */
  readonly iteration: number;
  /** Problems that have not stopped. */
  readonly running: number;
  readonly passes: number;
}

export interface JoinedOptions {
  readonly maxIterations: number;
  readonly tolerance: number;
  /** Pairs remembered for each problem. */
  readonly memory: number;
  /** Told after each look. */
  readonly observe: (progress: JoinedProgress) => Promise<void>;
  /** Throws when the caller wants no more. */
  readonly throwIfStopped: () => void;
}

export interface JoinedResult extends SolverResult {
  readonly theta: Float32Array;
  /** When it was seen to have stopped, as `performance.now` tells the time. */
  readonly seenMs: number;
  /** One for each iteration, the first point before any. */
  readonly course: readonly SolverProgress[];
}

interface Runner {
  readonly index: number;
  readonly member: JoinedObjective;
  readonly workspace: Workspace;
  readonly descent: Descent;
  readonly course: SolverProgress[];
}

/** The results in the order of the members; θ of each where it stopped. */
export async function minimiseJoined(
  engine: TensorEngine,
  objective: LineObjectives,
  options: JoinedOptions,
): Promise<JoinedResult[]> {
  const results: JoinedResult[] = [];
  const workspaces: Workspace[] = [];
  try {
    let running = objective.members.map((member, index): Runner => {
      const workspace = new Workspace(engine);
      workspaces.push(workspace);
      return { index, member, workspace, descent: new Descent(workspace, member, options), course: [] };
    });
    const pause = async (): Promise<void> => {
      await engine.pace();
      options.throwIfStopped();
    };
    const evaluate = (): void => {
      for (const { member, descent } of running) member.move(descent.state, descent.losses);
      objective.multiplyBack();
      for (const { descent } of running) descent.evaluate();
    };
    evaluate();
    for (let attempt = 1; running.length > 0; attempt++) {
      for (const { descent } of running) descent.aim();
      objective.multiply();
      await pause();
      for (const { descent } of running) {
        for (let launch = 0; launch < engine.trialSteps.launches; launch++) descent.search();
      }
      await pause();
      evaluate();
      await pause();
      if (attempt % LOOK_EVERY !== 0) continue;
      const all = running;
      running = await look(engine, all, results);
      objective.retain(running.map(({ member }) => member));
      const iteration = Math.max(...all.map(({ course }) => course.at(-1)?.iteration ?? 0));
      await options.observe({ iteration, running: running.length, passes: objective.passes });
    }
    return results;
  } finally {
    for (const each of workspaces) each.dispose();
  }
}

/** Takes note of the iterations since the last look; who has stopped is done. The others come back. */
async function look(engine: TensorEngine, running: readonly Runner[], results: JoinedResult[]): Promise<Runner[]> {
  const read = await engine.read(...running.flatMap(({ descent }) => [descent.state, descent.ring]));
  const stopped: { readonly runner: Runner; readonly result: SolverResult }[] = [];
  const left: Runner[] = [];
  for (const [i, runner] of running.entries()) {
    const [state, ring] = [read[2 * i], read[2 * i + 1]];
    const { course, descent } = runner;
    for (let next = course.length; next <= state[STATE.iteration]; next++) {
      const [iteration, attempt, loss, gradientNorm] = ring.subarray(4 * (next % RING));
      course.push({ iteration, loss, gradientNorm, passes: descent.passesAt(attempt) });
    }
    const stopReason = reasonOf(state[STATE.status]);
    const nowhere = { iteration: 0, loss: Number.NaN, gradientNorm: Number.NaN, passes: descent.passesAt(0) };
    if (stopReason) stopped.push({ runner, result: { ...(course.at(-1) ?? nowhere), stopReason } });
    else left.push(runner);
  }
  if (stopped.length === 0) return left;
  const weights = await engine.read(...stopped.map(({ runner }) => runner.member.parameters));
  for (const [i, { runner, result }] of stopped.entries()) {
    results[runner.index] = {
      ...result,
      theta: weights[i] as Float32Array,
      seenMs: performance.now(),
      course: runner.course,
    };
    runner.workspace.dispose();
    runner.member.dispose();
  }
  return left;
}
