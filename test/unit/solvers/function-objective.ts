/**
 * Any function of θ, written in float64, as L-BFGS sees it: on the CPU device, as ops of its own. θ itself is float32, and
 * trial points are rounded as θ would be, so that the end of float32's precision can be met here too.
 */
import type { Tensor } from "../../../src/engine/tensor.js";
import { createEngine } from "../../../src/index.js";
import type { Matrix, Op } from "../../../src/ops/op.js";
import type { LineObjective, LinePoint } from "../../../src/solvers/objective.js";
import { Workspace } from "../../../src/solvers/workspace.js";

export interface Smooth {
  value(theta: Float64Array): number;
  gradient(theta: Float64Array): Float64Array;
}

interface EvaluateArguments<M extends Matrix = Matrix> {
  readonly theta: M;
  readonly gradient: M;
  readonly losses: M;
  readonly ofGradient: M;
  readonly ofWeights: M;
}

interface LineArguments<M extends Matrix = Matrix> {
  readonly theta: M;
  readonly direction: M;
  readonly step: number;
  readonly out: M;
}

const summaryOf = (values: ArrayLike<number>): number[] => {
  const all = Array.from(values);
  const finite = all.filter(Number.isFinite);
  const largest = Math.max(0, ...finite.map(Math.abs));
  return [
    finite.reduce((s, v) => s + v, 0),
    finite.reduce((s, v) => s + v * v, 0),
    largest,
    all.length - finite.length,
  ];
};

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((s, v, i) => s + v * b[i], 0);
const noGpu = (): never => {
  throw new Error("FunctionObjective runs on the CPU device only.");
};

function evaluation(f: Smooth): Op<EvaluateArguments> {
  return {
    name: "testFunction",
    writes: ["gradient", "losses", "ofGradient", "ofWeights"],
    check() {},
    reference({ theta, gradient, losses, ofGradient, ofWeights }) {
      const at = Float64Array.from(theta.data);
      gradient.data.set(f.gradient(at));
      losses.data.set(summaryOf([f.value(at)]));
      ofGradient.data.set(summaryOf(gradient.data));
      ofWeights.data.set(summaryOf(theta.data));
    },
    plan: noGpu,
  };
}

function alongLine(f: Smooth): Op<LineArguments> {
  return {
    name: "testLine",
    check() {},
    reference({ theta, direction, step, out }) {
      const moved = (t: number): Float64Array =>
        Float64Array.from(theta.data, (value, i) => Math.fround(value + t * direction.data[i]));
      const slope = dot(f.gradient(moved(step)), direction.data);
      const nudge = 1e-3 * Math.max(1e-6, Math.abs(step));
      const curvature = (dot(f.gradient(moved(step + nudge)), direction.data) - slope) / nudge;
      out.data.set([f.value(moved(step)), slope, Math.max(0, curvature), 0]);
    },
    plan: noGpu,
  };
}

export class FunctionObjective implements LineObjective {
  readonly parameters: Tensor;
  readonly summaries: LineObjective["summaries"];
  passes = 0;
  /** Trial steps asked for. */
  trials = 0;
  readonly workspace: Workspace;
  readonly #f: Smooth;
  readonly #line: Tensor;
  #direction: Tensor | undefined;

  static async create(f: Smooth, start: readonly number[]): Promise<FunctionObjective> {
    return new FunctionObjective(new Workspace(await createEngine({ device: "cpu" })), f, start);
  }

  private constructor(workspace: Workspace, f: Smooth, start: readonly number[]) {
    this.workspace = workspace;
    this.#f = f;
    this.parameters = workspace.tensor({ data: [...start], shape: [start.length, 1] });
    this.summaries = { losses: workspace.empty([4]), gradient: workspace.empty([4]), weights: workspace.empty([4]) };
    this.#line = workspace.empty([4]);
  }

  refresh(): void {
    this.passes++;
  }

  evaluate(gradient: Tensor): void {
    this.passes++;
    const { losses, gradient: ofGradient, weights: ofWeights } = this.summaries;
    this.workspace.engine.run(evaluation(this.#f), { theta: this.parameters, gradient, losses, ofGradient, ofWeights });
  }

  lossOf(losses: ArrayLike<number>): number {
    return losses[3] > 0 ? Number.NaN : losses[0];
  }

  aim(direction: Tensor): void {
    this.passes++;
    this.#direction = direction;
  }

  async lineAt(step: number): Promise<LinePoint> {
    this.trials++;
    const { engine } = this.workspace;
    const direction = this.#direction as Tensor;
    engine.run(alongLine(this.#f), { theta: this.parameters, direction, step, out: this.#line });
    const [[loss, slope, curvature]] = await engine.read(this.#line);
    return { loss, slope, curvature };
  }

  advance(step: number): void {
    this.workspace.engine.addScaled(this.parameters, step, this.#direction as Tensor);
  }

  async theta(): Promise<number[]> {
    const [data] = await this.workspace.engine.read(this.parameters);
    return Array.from(data);
  }
}
