/**
 * Kernels on one memory: assembled for the shape when first asked for, compiled once for all memories of this thread, and
 * called with addresses. Modules are compiled at once, on the page's thread: each is well below the 4 kB that every browser allows.
 */
import type { AdamStep } from "./adam.js";
import { adamStep } from "./adam.js";
import type { FunctionSource } from "./assembler.js";
import { assemble } from "./assembler.js";
import type { Decode, FeatureType } from "./decode.js";
import { decode } from "./decode.js";
import type { FilledForward, FilledForwardVariant } from "./filled-forward.js";
import { filledForward } from "./filled-forward.js";
import type { FilledGradient } from "./filled-gradient.js";
import { filledGradient } from "./filled-gradient.js";
import type { FindFilled } from "./filled-quads.js";
import { findFilled } from "./filled-quads.js";
import type { Forward, ForwardVariant } from "./forward.js";
import { forward } from "./forward.js";
import type { Gather, Touch } from "./gather.js";
import { gather, touch } from "./gather.js";
import type { Gradient, GradientVariant } from "./gradient.js";
import { gradient } from "./gradient.js";
import type { MultiplyAdd } from "./instructions.js";
import { f32x4, get, plainMultiplyAdd, relaxedMultiplyAdd, v128 } from "./instructions.js";
import type { LineSearch } from "./line-rows.js";
import { lineSearchRows } from "./line-rows.js";
import type { ColumnMoments } from "./moments.js";
import { columnMomentRows } from "./moments.js";
import type { Accumulate, MultiplyPacked, Pack } from "./packed.js";
import { accumulate, multiplyPacked, pack } from "./packed.js";
import type { CrossEntropy, CrossEntropyVariant, Softmax } from "./rows.js";
import { crossEntropyRows, softmaxRows } from "./rows.js";
import type { ScoreLine, ScoreRows, ScoreVariant } from "./score-rows.js";
import { scoreLine, scoreRows } from "./score-rows.js";
import type { SgdStep } from "./sgd.js";
import { sgdStep } from "./sgd.js";
import type { SparseLines, SparseLinesVariant } from "./sparse-lines.js";
import { sparseLines } from "./sparse-lines.js";
import type { AddRows, Flush, PackWeights, Unpack } from "./sums.js";
import { addRows, flush, packWeights, unpack } from "./sums.js";
import type { TargetVariant } from "./target-rows.js";
import type { AddScaled, AddToSums, Dot, Summarize } from "./vectors.js";
import { addScaled, addToSums, dot, summarize } from "./vectors.js";
import type { WideSoftmax } from "./wide-softmax.js";
import { wideSoftmax } from "./wide-softmax.js";

/** `relaxed` has a fused multiply-add where the processor has one; `plain` is the SIMD of 2021. */
export type Build = "relaxed" | "plain";

const MULTIPLY_ADD: Readonly<Record<Build, MultiplyAdd>> = { relaxed: relaxedMultiplyAdd, plain: plainMultiplyAdd };

/** Whether this runtime takes a module with the build's instructions; false too where a page's policy forbids WebAssembly. */
export function runs(build: Build): boolean {
  try {
    const probe: FunctionSource = (writer) => {
      const address = writer.parameter("i32");
      const value = f32x4.constant(1);
      return v128.store(get(address), MULTIPLY_ADD[build](value, value, value));
    };
    return new WebAssembly.Module(assemble({ probe })) instanceof WebAssembly.Module;
  } catch {
    return false;
  }
}

let fastest: Build | "none" | undefined;

/** The fastest build that this runtime takes. */
export function fastestBuild(): Build | "none" {
  fastest ??= (["relaxed", "plain"] as const).find(runs) ?? "none";
  return fastest;
}

const modules = new Map<string, WebAssembly.Module>();

export class Kernels {
  readonly build: Build;
  readonly #memory: WebAssembly.Memory;
  readonly #functions = new Map<string, unknown>();

  constructor(build: Build, memory: WebAssembly.Memory) {
    this.build = build;
    this.#memory = memory;
  }

  forward(v: ForwardVariant): Forward {
    const name = `forward ${v.columns} ${v.type} ${v.affine} ${v.ordered} ${v.keep}`;
    return this.#function(name, () => forward(v, MULTIPLY_ADD[this.build]));
  }

  gradient(v: GradientVariant): Gradient {
    const name = `gradient ${v.columns} ${v.type} ${v.affine} ${v.keep}`;
    return this.#function(name, () => gradient(v, MULTIPLY_ADD[this.build]));
  }

  findFilled(type: FeatureType): FindFilled {
    return this.#function(`find filled ${type}`, () => findFilled(type));
  }

  filledForward(v: FilledForwardVariant): FilledForward {
    const name = `filled forward ${v.columns} ${v.type} ${v.keep}`;
    return this.#function(name, () => filledForward(v, MULTIPLY_ADD[this.build]));
  }

  filledGradient(columns: number): FilledGradient {
    return this.#function(`filled gradient ${columns}`, () => filledGradient(columns, MULTIPLY_ADD[this.build]));
  }

  packWeights(): PackWeights {
    return this.#function("pack weights", () => packWeights);
  }

  flush(): Flush {
    return this.#function("flush", () => flush);
  }

  unpack(): Unpack {
    return this.#function("unpack", () => unpack);
  }

  addRows(): AddRows {
    return this.#function("add rows", () => addRows);
  }

  decode(type: FeatureType): Decode {
    return this.#function(`decode ${type}`, () => decode(type));
  }

  /** Panels of `width` lines. */
  pack(width: number): Pack {
    return this.#function(`pack ${width}`, () => pack(width));
  }

  multiplyPacked(adds: boolean): MultiplyPacked {
    return this.#function(`multiply packed ${adds}`, () => multiplyPacked(MULTIPLY_ADD[this.build], adds));
  }

  accumulate(): Accumulate {
    return this.#function("accumulate", () => accumulate);
  }

  softmax(log: boolean): Softmax {
    return this.#function(`softmax ${log}`, () => softmaxRows(log));
  }

  wideSoftmax(log: boolean): WideSoftmax {
    return this.#function(`wide softmax ${log}`, () => wideSoftmax(log));
  }

  crossEntropy(variant: CrossEntropyVariant): CrossEntropy {
    const name = [variant.soft, variant.classWeight, variant.gradient].join(" ");
    return this.#function(`cross-entropy ${name}`, () => crossEntropyRows(variant));
  }

  columnMoments(type: FeatureType, affine: boolean): ColumnMoments {
    return this.#function(`column moments ${type} ${affine}`, () => columnMomentRows(type, affine));
  }

  scoreRows(v: ScoreVariant): ScoreRows {
    const name = `score rows ${v.kind} ${v.power} ${v.largest} ${v.soft} ${v.gradient}`;
    return this.#function(name, () => scoreRows(v));
  }

  scoreLine(v: ScoreVariant): ScoreLine {
    const name = `score line ${v.kind} ${v.power} ${v.largest} ${v.soft}`;
    return this.#function(name, () => scoreLine(v));
  }

  lineSearch(variant: TargetVariant): LineSearch {
    return this.#function(`line ${variant.soft} ${variant.classWeight}`, () => lineSearchRows(variant));
  }

  sparseLines(v: SparseLinesVariant): SparseLines {
    const name = `sparse lines ${v.columns} ${v.listed}`;
    return this.#function(name, () => sparseLines(v, MULTIPLY_ADD[this.build]));
  }

  dot(): Dot {
    return this.#function("dot", () => dot);
  }

  addScaled(hasY: boolean, keeps: boolean): AddScaled {
    return this.#function(`add scaled ${hasY} ${keeps}`, () => addScaled(hasY, keeps));
  }

  addToSums(): AddToSums {
    return this.#function("add to sums", () => addToSums);
  }

  summarize(): Summarize {
    return this.#function("summarize", () => summarize);
  }

  gather(): Gather {
    return this.#function("gather", () => gather);
  }

  touch(): Touch {
    return this.#function("touch", () => touch);
  }

  sgdStep(nesterov: boolean, penalised: boolean): SgdStep {
    return this.#function(`sgd ${nesterov} ${penalised}`, () => sgdStep(nesterov, penalised));
  }

  adamStep(): AdamStep {
    return this.#function("adam", () => adamStep);
  }

  /** `name` says all that the source depends on but the build. */
  #function<T>(name: string, source: () => FunctionSource): T {
    let found = this.#functions.get(name);
    if (!found) {
      const key = `${this.build} ${name}`;
      const module = modules.get(key) ?? new WebAssembly.Module(assemble({ run: source() }));
      modules.set(key, module);
      found = new WebAssembly.Instance(module, { host: { memory: this.#memory } }).exports.run;
      this.#functions.set(name, found);
    }
    return found as T;
  }
}
