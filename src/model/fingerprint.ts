/** What a fit is of, part by part, so that a checkpoint goes on with nothing else: rows and options that decide on a bit. */

import type { DenseMatrix } from "../data/matrix.js";
import { isSparseMatrix } from "../data/sparse-matrix.js";
import { SparseTensor } from "../engine/sparse-tensor.js";
import { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { VERSION } from "../engine/version.js";
import { yieldToPage } from "../engine/yield-to-page.js";
import { learningRates } from "../solvers/learning-rate.js";
import { digestInSlices, digestOf } from "../storage/digest.js";
import type { Label } from "./labels.js";
import type { CheckedFitOptions, ModelOptions } from "./model-options.js";
import type { CheckedData, CheckedRows } from "./training-data.js";

/** A word for each part, by its name for people. */
export type Fingerprint = Readonly<Record<string, string>>;

/** Options that decide on no bit: they say where and not what. */
const WHERE_NOT_WHAT: readonly string[] = [
  ...["engine", "device", "gpuDevice", "gpu", "powerPreference", "workers", "createWorker"],
  ...["classes", "warmStart"],
];
/** And those that digests of all rows show already. */
const SEEN_OTHERWISE: readonly string[] = [...WHERE_NOT_WHAT, "features", "classWeight", "ignoreLabel"];

/** Reads X back where it is a tensor; else nothing but the host's memory. */
export async function fingerprintOf(
  engine: TensorEngine,
  data: CheckedData,
  options: ModelOptions,
  { earlyStopping }: Pick<CheckedFitOptions, "earlyStopping">,
): Promise<Fingerprint> {
  const steps = options.epochs * Math.ceil(data.x.rows / Math.min(options.batchSize, data.x.rows));
  return {
    ...commonPrint(engine, data.y.classes),
    ...(await rowsPrint(engine, data, "")),
    ...(await stoppingPrint(engine, earlyStopping, data.validation)),
    ...optionsPrint(options, SEEN_OTHERWISE, steps),
  };
}

/** Of a fit of batches, whose rows are told of by `rows` as far as they are known. */
export async function fingerprintOfBatches(
  engine: TensorEngine,
  rows: Fingerprint,
  validation: CheckedRows | undefined,
  classes: readonly Label[],
  options: ModelOptions,
  { earlyStopping, steps }: Pick<CheckedFitOptions, "earlyStopping"> & { readonly steps: number },
): Promise<Fingerprint> {
  return {
    ...commonPrint(engine, classes),
    ...rows,
    ...(await stoppingPrint(engine, earlyStopping, validation)),
    ...optionsPrint(options, WHERE_NOT_WHAT, steps),
  };
}

const commonPrint = (engine: TensorEngine, classes: readonly Label[]): Fingerprint => ({
  "the library's version": VERSION,
  "the device": `${engine.device} ${engine.trialSteps.perLaunch}`,
  "the classes": JSON.stringify(classes),
});

const optionsPrint = (options: ModelOptions, without: readonly string[], steps: number): Fingerprint =>
  Object.fromEntries(
    Object.entries(options)
      .filter(([name, value]) => !without.includes(name) && value !== undefined)
      .map(([name, value]) => [`option \`${name}\``, valuePrint(value, steps)]),
  );

async function stoppingPrint(
  engine: TensorEngine,
  earlyStopping: CheckedFitOptions["earlyStopping"],
  validation: CheckedRows | undefined,
): Promise<Fingerprint> {
  if (!earlyStopping) return {};
  return {
    ...(validation && (await rowsPrint(engine, validation, "validation."))),
    "option `earlyStopping`": JSON.stringify(earlyStopping),
  };
}

async function rowsPrint(engine: TensorEngine, { x, y, weights }: CheckedRows, of: string): Promise<Fingerprint> {
  return {
    [`${of}X`]: `${x.rows}×${x.columns} of ${await featuresPrint(engine, x)}`,
    ...(await targetsPrint({ y, weights }, of)),
  };
}

/** Of labels and weights. */
export async function targetsPrint({ y, weights }: Omit<CheckedRows, "x">, of = ""): Promise<Fingerprint> {
  return {
    [`${of}y`]: await digestInSlices(y.kind === "labels" ? y.indices : y.targets, yieldToPage),
    [`the weights of ${of}X's rows`]: weights ? await digestInSlices(weights, yieldToPage) : "",
  };
}

/** Elements and how they are stored. */
export async function featuresPrint(engine: TensorEngine, x: CheckedRows["x"]): Promise<string> {
  const sparse = x instanceof SparseTensor ? x.matrix : !(x instanceof Tensor) && isSparseMatrix(x) ? x : undefined;
  if (sparse) {
    const parts = [sparse.values, sparse.indices, sparse.starts];
    const digests: string[] = [];
    for (const part of parts) digests.push(await digestInSlices(part, yieldToPage));
    return `sparse rows ${digests.join(" ")}`;
  }
  const dense = x as DenseMatrix | Tensor;
  const elements = dense instanceof Tensor ? (await engine.read(dense))[0] : dense.data;
  const [scale, offset] = [Math.fround(dense.scale), Math.fround(dense.offset)];
  return `${elements.constructor.name} · ${scale} + ${offset} ${await digestInSlices(elements, yieldToPage)}`;
}

/** A function is a learning rate's: what it gives tells it, its text does not. */
function valuePrint(value: unknown, steps: number): string {
  if (typeof value !== "function") return JSON.stringify(value, (_, part) => (part instanceof Map ? [...part] : part));
  const rates = learningRates(value as (step: number, steps: number) => number, steps);
  return digestOf(Float64Array.from({ length: steps }, (_, t) => rates(t)));
}

/** The parts in which two fits differ. */
export function differences(one: Fingerprint, other: Fingerprint): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((part) => one[part] !== other[part]);
}
