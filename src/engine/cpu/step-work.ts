/** The fused steps: loss and gradient of rows in one pass over X, and what is done with the gradient. */
import { adamStep } from "../../ops/adam-step.js";
import type { LinearAdamStepArguments } from "../../ops/linear-adam-step.js";
import { linearAdamStep } from "../../ops/linear-adam-step.js";
import type { LinearGradientArguments } from "../../ops/linear-gradient.js";
import { linearGradient } from "../../ops/linear-gradient.js";
import type { LinearSgdStepArguments } from "../../ops/linear-sgd-step.js";
import { linearSgdStep } from "../../ops/linear-sgd-step.js";
import type { LinearStepArguments } from "../../ops/linear-step.js";
import type { HostMatrix, On, Op } from "../../ops/op.js";
import { sgdStep } from "../../ops/sgd-step.js";
import { meanFactor } from "../../ops/step-totals.js";
import { PlainPass } from "./plain-pass.js";
import { FusedPass } from "./simd/fused-pass.js";
import { adamWork, sgdWork } from "./simd/minibatch-work.js";
import type { Resolve, SlicedWork } from "./sliced-work.js";
import type { StepPass } from "./step-pass.js";
import type { KernelMemory } from "./wasm/kernel-memory.js";
import { writeGradient, writeTotals } from "./write-gradient.js";

type Finish<A> = (args: On<A, HostMatrix>, pass: StepPass, memory: KernelMemory | undefined) => void;

const finishGradient: Finish<LinearGradientArguments> = (args, pass) =>
  writeGradient(args, pass.finish(1).data, pass.totals);

/** Small beside the pass, so all at once: by kernels where they reach, else by the reference. */
function runWhole<A>(op: Op<A>, args: On<A, HostMatrix>, work: SlicedWork | undefined): void {
  if (work) work.run(0, work.rows);
  else op.reference(args);
}

const finishSgd: Finish<LinearSgdStepArguments> = (args, pass, memory) => {
  const { theta, loss } = args;
  const gradient = pass.finish(meanFactor(pass.totals));
  // Without momentum any memory serves as a velocity, the gradient's own too.
  const step = { ...args, gradient, velocity: args.velocity ?? gradient, weights: theta };
  runWhole(sgdStep, step, memory && sgdWork(() => step, memory));
  writeTotals(loss, pass.totals);
};

const finishAdam: Finish<LinearAdamStepArguments> = (args, pass, memory) => {
  const { theta, loss } = args;
  const step = { ...args, gradient: pass.finish(meanFactor(pass.totals)), weights: theta };
  runWhole(adamStep, step, memory && adamWork(() => step, memory));
  writeTotals(loss, pass.totals);
};

const FINISH: ReadonlyMap<object, Finish<never>> = new Map<object, Finish<never>>([
  [linearGradient, finishGradient],
  [linearSgdStep, finishSgd],
  [linearAdamStep, finishAdam],
]);

/** The work of a fused step, undefined for another op; by kernels where there are any, and memory for them. */
export function stepWork<A>(op: Op<A>, resolve: Resolve<A>, memory: KernelMemory | undefined): SlicedWork | undefined {
  const finish = FINISH.get(op) as Finish<A> | undefined;
  if (!finish) return undefined;
  const step = resolve as unknown as Resolve<LinearStepArguments>;
  const fused = memory && FusedPass.begin(memory, step);
  const pass: StepPass = fused ?? new PlainPass(step);
  const { x, theta, rows } = step();
  return {
    name: fused ? "fused step" : "plain step",
    rows,
    rowCost: 2 * x.columns * theta.columns,
    grain: pass.grain,
    run: (first, count) => pass.run(first, count),
    finish: () => finish(resolve(), pass, fused && memory),
  };
}
