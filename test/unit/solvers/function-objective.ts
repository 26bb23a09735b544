/**
 * Any function of θ, written in float64, as L-BFGS sees it: on the CPU device, as ops of its own. θ itself is float32, and
 * trial points are rounded as θ would be, so that the end of float32's precision can be met here too.
 */
import type { Tensor } from "../../../src/engine/tensor.js";
import { createEngine } from "../../../src/index.js";
import type { Matrix, Op } from "../../../src/ops/op.js";
import { isIdle, STATE } from "../../../src/ops/solver-state.js";
import type { Evaluation, Preconditioner, ResumableObjective } from "../../../src/solvers/objective.js";
import { Workspace } from "../../../src/solvers/workspace.js";

export interface Smooth {
  value(theta: Float64Array): number;
  gradient(theta: Float64Array): Float64Array;
}

interface EvaluateArguments<M extends Matrix = Matrix> {
  readonly theta: M;
  readonly direction: M;
  readonly state: M;
  readonly pairs: number;
  readonly stack: M;
  readonly losses: M;
  readonly gradient: M;
}

interface LineArguments<M extends Matrix = Matrix> {
  readonly theta: M;
  readonly direction: M;
  readonly state: M;
  readonly out: M;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((s, v, i) => s + v * b[i], 0);
const noGpu = (): never => {
  throw new Error("FunctionObjective runs on the CPU device only.");
};

function evaluation(f: Smooth, evaluated: () => void): Op<EvaluateArguments> {
  return {
    name: "testFunction",
    writes: ["stack", "losses", "gradient"],
    check() {},
    reference({ theta, direction, state, pairs, stack, losses, gradient }) {
      if (isIdle(state)) return;
      evaluated();
      const step = state.data[STATE.step];
      const slot = state.data[STATE.slot] % pairs;
      const size = theta.data.length;
      const point = Float64Array.from(theta.data, (v, i) =>
        step === 0 ? v : Math.fround(v + step * direction.data[i]),
      );
      const value = f.value(point);
      const now = Float64Array.from(f.gradient(point));
      const before = stack.data.subarray(2 * pairs * size);
      stack.data.set(
        direction.data.map((d) => (step === 0 ? 0 : step * d)),
        slot * size,
      );
      stack.data.set(
        now.map((v, i) => v - before[i]),
        (pairs + slot) * size,
      );
      before.set(now);
      losses.data.set([Number.isFinite(value) ? value : 0, 0, 0, Number(!Number.isFinite(value))]);
      const finite = now.filter(Number.isFinite);
      const largest = finite.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      gradient.data.set([dot(point, point), largest, dot(now, now), now.length - finite.length]);
    },
    plan: noGpu,
  };
}

function alongLine(f: Smooth, tried: (step: number) => void): Op<LineArguments> {
  return {
    name: "testLine",
    check() {},
    reference({ theta, direction, state, out }) {
      const moved = (t: number): Float64Array =>
        Float64Array.from(theta.data, (value, i) => Math.fround(value + t * direction.data[i]));
      for (let trial = 0; trial < state.data[STATE.trials]; trial++) {
        const step = state.data[STATE.steps + trial];
        tried(step);
        const [value, slope] = [f.value(moved(step)), dot(f.gradient(moved(step)), direction.data)];
        const nudge = 1e-3 * Math.max(1e-6, Math.abs(step));
        const curvature = (dot(f.gradient(moved(step + nudge)), direction.data) - slope) / nudge;
        const fault = !(Number.isFinite(value) && Number.isFinite(slope));
        out.data.set(fault ? [0, 0, 0, 1] : [value, slope, Math.max(0, curvature), 0], 4 * trial);
      }
    },
    plan: noGpu,
  };
}

export class FunctionObjective implements ResumableObjective {
  readonly parameters: Tensor;
  readonly scale = 1;
  readonly l1 = 0;
  readonly l2 = 0;
  readonly penalisedRows = 0;
  readonly slices = 1;
  passes = 0;
  preconditioner: Preconditioner | undefined;
  /** Trial steps asked for, and points evaluated. */
  readonly tried: number[] = [];
  evaluated = 0;
  readonly workspace: Workspace;
  readonly #f: Smooth;
  #direction: Tensor | undefined;

  static async create(f: Smooth, start: readonly number[]): Promise<FunctionObjective> {
    return new FunctionObjective(new Workspace(await createEngine({ device: "cpu" })), f, start);
  }

  private constructor(workspace: Workspace, f: Smooth, start: readonly number[]) {
    this.workspace = workspace;
    this.#f = f;
    this.parameters = workspace.tensor({ data: [...start], shape: [start.length, 1] });
  }

  restore(theta: Float32Array, passes: number): void {
    this.workspace.engine.write(this.parameters, theta);
    this.passes = passes;
  }

  refresh(): void {
    this.passes++;
  }

  aim(direction: Tensor): void {
    this.passes++;
    this.#direction = direction;
  }

  tryStep(state: Tensor, out: Tensor): void {
    const direction = this.#direction as Tensor;
    const op = alongLine(this.#f, (step) => this.tried.push(step));
    this.workspace.engine.run(op, { theta: this.parameters, direction, state, out });
  }

  evaluate(at: Evaluation): void {
    this.passes++;
    const op = evaluation(this.#f, () => {
      this.evaluated++;
    });
    this.workspace.engine.run(op, { theta: this.parameters, ...at });
  }

  async theta(): Promise<number[]> {
    const [data] = await this.workspace.engine.read(this.parameters);
    return Array.from(data);
  }
}
