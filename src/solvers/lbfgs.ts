/**
 * Limited-memory BFGS (Liu & Nocedal 1989) for a linear model: two passes over the data an iteration, one for the direction's
 * logits and one for the gradient, since trial steps along the line use cached logits. Vectors live on the device; a handful
 * of numbers crosses to the host.
 */
import { CurvatureMemory } from "./curvature-memory.js";
import { searchLine } from "./line-search.js";
import type { LineObjective, LinePoint } from "./objective.js";
import type { SolverObserver, SolverProgress, SolverResult, StopReason } from "./solver.js";
import { Stall } from "./stall.js";
import type { Workspace } from "./workspace.js";

export interface LbfgsOptions {
  readonly maxIterations: number;
  /** Stop when max |dJ| is at most this. */
  readonly tolerance: number;
  /** Pairs remembered. */
  readonly memory: number;
  readonly observe: SolverObserver;
  /** Throws when the caller wants no more; asked whenever the solver has waited for the device. */
  readonly throwIfStopped: () => void;
}

/** The cached logits are summed anew after so many steps, before float32 rounding adds up. */
const REFRESH_EVERY = 20;

interface Measured extends SolverProgress {
  readonly gradientNorm: number;
  /** gᵀg and max |g| of the solver's gradient. */
  readonly squares: number;
  readonly largest: number;
  /** The stack's products with the gradient. */
  readonly withG: ArrayLike<number>;
  readonly finite: boolean;
}

/**
 * Runs until `tolerance`, `maxIterations` or the end of float32's precision. What is not finite ends it as `diverged`, with θ
 * where it was finite last.
 */
export async function minimiseLbfgs(
  workspace: Workspace,
  objective: LineObjective,
  options: LbfgsOptions,
): Promise<SolverResult> {
  const { rows, columns } = objective.parameters;
  const { engine } = workspace;
  const memory = new CurvatureMemory(workspace, options.memory, rows, columns);
  let [last, next] = [workspace.empty([rows, columns]), workspace.empty([rows, columns])];
  const direction = workspace.empty([rows, columns]);
  const ownSummary = workspace.empty([4]);
  const [productsS, productsY, productsG] = memory.products;

  /** One read tells all about the point where the gradient `g` was recorded. */
  const measure = async (iteration: number, g: typeof last): Promise<Measured> => {
    engine.summarize(g, { out: ownSummary });
    const { losses, gradient, weights } = objective.summaries;
    const [l, raw, w, gg, withS, withY, withG] = await engine.read(
      losses,
      gradient,
      weights,
      ownSummary,
      productsS,
      productsY,
      productsG,
    );
    if (iteration > 0) memory.accept(withS, withY);
    const loss = objective.lossOf(l, w);
    const finite = l[3] + raw[3] + w[3] + gg[3] === 0 && Number.isFinite(loss + gg[1]);
    const own = { squares: gg[1], largest: gg[2], withG, finite };
    return { iteration, loss, gradientNorm: raw[2], passes: objective.passes, ...own };
  };

  objective.refresh();
  objective.evaluate(last);
  let now = await measure(0, last);
  const stop = (stopReason: StopReason): SolverResult => ({ ...publicPart(now), stopReason });
  if (!now.finite) return stop("diverged");
  await options.observe(publicPart(now));
  const stall = new Stall();
  while (now.gradientNorm > options.tolerance) {
    if (stall.isReached(now.iteration, now.loss, now.gradientNorm)) return stop("precision");
    if (now.iteration >= options.maxIterations) return stop("max-iterations");
    let slope = memory.pairs > 0 ? memory.direction(now.withG, now.squares, last, direction) : 0;
    if (!(slope < 0)) {
      memory.clear();
      const length = steepestLength(now.largest);
      engine.addScaled(direction, -length, last, { keep: 0 });
      slope = -length * now.squares;
    }
    objective.aim(direction);
    const firstStep = memory.pairs > 0 ? 1 : await newtonStep(objective, slope);
    const at = (t: number): Promise<LinePoint> => {
      options.throwIfStopped();
      return objective.lineAt(t);
    };
    const found = await searchLine(at, slope, firstStep);
    options.throwIfStopped();
    if (!found) {
      // No descent that float32 can see: once more from the plain gradient, then it is the end.
      if (memory.pairs === 0) return stop("precision");
      memory.clear();
      continue;
    }
    objective.advance(found.step);
    if ((now.iteration + 1) % REFRESH_EVERY === 0) objective.refresh();
    objective.evaluate(next);
    memory.record(found.step, direction, last, next);
    const after = await measure(now.iteration + 1, next);
    if (!after.finite) {
      objective.advance(-found.step);
      return stop("diverged");
    }
    now = after;
    [last, next] = [next, last];
    await options.observe(publicPart(now));
  }
  return stop("converged");
}

/**
 * How much of the gradient to take as a direction: a power of two, which changes no bit, such that the direction's logits stay
 * small where features, and so the gradient, are large; squares of theirs would leave float32.
 */
const steepestLength = (largest: number): number => 2 ** Math.min(0, -2 * Math.floor(Math.log2(largest)));

/** The minimiser of the parabola that J is along the line at 0. */
async function newtonStep(objective: LineObjective, slope: number): Promise<number> {
  const { curvature } = await objective.lineAt(0);
  return curvature > 0 ? -slope / curvature : 1;
}

function publicPart({ iteration, loss, gradientNorm, passes }: Measured): SolverProgress {
  return { iteration, loss, gradientNorm, passes };
}
