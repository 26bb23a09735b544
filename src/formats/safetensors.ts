/**
 * A fitted model as a safetensors file: `weight` [k×d] and `bias` [k] in float32, as `torch.nn.Linear(d, k)` names and lays them out,
 * and the classes as JSON in the file's metadata.
 */
import { describeValue } from "../data/describe-value.js";
import type { FileBytes } from "../data/file-bytes.js";
import { FormatError, type LuceError } from "../errors.js";
import { contentOfRows, isLabelList, weightRows } from "./class-rows.js";
import { duplicateKey } from "./duplicate-key.js";
import type { FittedModel } from "./fitted-model.js";
import { isSavedOptions, type ModelContent, type SavedOptions } from "./json.js";
import { requireModel } from "./model-side.js";
import { parseSafetensors, type SafetensorsFile } from "./safetensors-file.js";
import type { TensorPlace } from "./safetensors-header.js";

const FORMAT = "luce/softmax-regression";
const VERSION = "1";
const WHERE = "fromSafetensors";

/**
 * `scores = x · weightᵀ + bias` as a file that PyTorch reads: weight [k×d] and bias [k], float32. In Python,
 * `torch.nn.Linear(d, k).load_state_dict(safetensors.torch.load_file("model.safetensors"))` takes it as it is.
 * The metadata has `format`, `version` and `classes`, a JSON array in the order of the rows; `temperature`, by which scores are to be
 * divided, where the model is calibrated; and `options`, a JSON object, where training goes by others than the defaults: by them a model
 * that is loaded trains on as this one would. Functions, such as a learning rate's, engines and devices are left out, and so is what
 * `partialFit` remembers of its steps.
 *
 * @throws NotFittedError; OptionError for what is no model
 */
export function toSafetensors(model: FittedModel): Uint8Array<ArrayBuffer> {
  requireModel(model, "toSafetensors");
  const { classes, intercept, temperature = 1, trainingOptions = {} } = model;
  const weight = weightRows(model);
  const [d, k] = model.coef.shape;
  const metadata = {
    format: FORMAT,
    version: VERSION,
    classes: JSON.stringify(classes),
    ...(temperature === 1 ? {} : { temperature: String(temperature) }),
    ...(Object.keys(trainingOptions).length > 0 && { options: JSON.stringify(trainingOptions) }),
  };
  const split = 4 * weight.length;
  const header = JSON.stringify({
    __metadata__: metadata,
    weight: { dtype: "F32", shape: [k, d], data_offsets: [0, split] },
    bias: { dtype: "F32", shape: [k], data_offsets: [split, split + 4 * k] },
  });
  const encoded = new TextEncoder().encode(header);
  // Blanks up to a multiple of 8, so that the tensors of a mapped file are aligned.
  const dataStart = Math.ceil((8 + encoded.length) / 8) * 8;
  const file = new Uint8Array(dataStart + split + 4 * k).fill(0x20, 8 + encoded.length, dataStart);
  const view = new DataView(file.buffer);
  view.setBigUint64(0, BigInt(dataStart - 8), true);
  file.set(encoded, 8);
  weight.forEach((value, i) => {
    view.setFloat32(dataStart + 4 * i, value, true);
  });
  intercept.forEach((value, j) => {
    view.setFloat32(dataStart + split + 4 * j, value, true);
  });
  return file;
}

export interface SafetensorsOptions {
  /** What the names of the layer's tensors begin with, such as `"classifier."`. Default none: `weight` and `bias`. */
  readonly prefix?: string;
  /** The classes in the order of the rows, for a file that does not name them; 0 … k − 1 unless given. */
  readonly classes?: readonly (number | string | boolean)[];
}

/**
 * Reads what `toSafetensors` wrote, or a linear layer from elsewhere in F32, F16, BF16 or F64.
 * @throws FormatError with a code for each fault of the file; `wrongClasses` when there are not as many as the layer has rows
 */
export function readSafetensors(
  file: FileBytes,
  { prefix = "", classes: given }: SafetensorsOptions,
  wrongClasses: (rows: number) => LuceError,
): ModelContent {
  const parsed = parseSafetensors(file, WHERE);
  const weight = requireTensor(parsed, `${prefix}weight`);
  const [k, d] = weight.shape;
  if (weight.shape.length !== 2 || k < 2 || d < 1) {
    throw badField(`\`${weight.name}\``, "the shape [classes, features] of two classes at least", shapeOf(weight));
  }
  const bias = parsed.tensors.get(`${prefix}bias`);
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== k))
    throw badField(`\`${bias.name}\``, `the shape [${k}]`, shapeOf(bias));
  const classes = classesOf(parsed, k) ?? given ?? Array.from({ length: k }, (_, j) => j);
  if (classes.length !== k) throw wrongClasses(k);
  const content = contentOfRows({
    weight: parsed.floats(weight),
    bias: bias ? parsed.floats(bias) : new Float32Array(k),
    classes,
  });
  const temperature = temperatureOf(parsed);
  const options = optionsOf(parsed);
  return { ...content, ...(temperature !== 1 && { temperature }), ...(options && { options }) };
}

/** The options that our own files keep, not yet looked at. */
function optionsOf({ metadata }: SafetensorsFile): SavedOptions | undefined {
  const text = metadata.get("options");
  if (metadata.get("format") !== FORMAT || text === undefined) return undefined;
  const options = parsedJson(text, "options");
  const twice = duplicateKey(text);
  if (twice !== undefined) {
    throw new FormatError(
      "DUPLICATE_KEY",
      `${WHERE}: the metadata \`options\` is ambiguous: expected each option once, got ${describeValue(twice)} twice.`,
    );
  }
  if (isSavedOptions(options)) return options;
  throw badField("the metadata `options`", "an object", describeValue(options));
}

function parsedJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError("BAD_JSON", `${WHERE}: the metadata \`${name}\` is not JSON.`, cause);
  }
}

function temperatureOf({ metadata }: SafetensorsFile): number {
  const text = metadata.get("temperature");
  if (metadata.get("format") !== FORMAT || text === undefined) return 1;
  const temperature = /^[\d.eE+-]+$/.test(text) ? Number(text) : Number.NaN;
  if (temperature > 0 && temperature < Number.POSITIVE_INFINITY) return temperature;
  throw badField("the metadata `temperature`", "a finite number > 0", describeValue(text));
}

function requireTensor({ tensors }: SafetensorsFile, name: string): TensorPlace {
  const tensor = tensors.get(name);
  if (tensor) return tensor;
  const names = [...tensors.keys()].slice(0, 10).join(", ").slice(0, 400);
  throw new FormatError(
    "BAD_FIELD",
    `${WHERE}: tensor ${describeValue(name)} is missing: expected it among the file's, got ${names || "none"}. ` +
      "Name the beginning of the layer's names in `prefix`.",
  );
}

/** The classes that our own files name; undefined in other files. */
function classesOf({ metadata }: SafetensorsFile, k: number): ModelContent["classes"] | undefined {
  if (metadata.get("format") !== FORMAT) return undefined;
  const version = metadata.get("version");
  if (version !== VERSION) {
    throw new FormatError(
      "BAD_VERSION",
      `${WHERE}: unknown version: expected ${VERSION}, got ${describeValue(version)}. Update luce to read a later one.`,
    );
  }
  const classes = parsedJson(metadata.get("classes") ?? "null", "classes");
  if (isLabelList(classes) && classes.length === k) return classes;
  throw badField("the metadata `classes`", `${k} different labels of one type`, describeValue(classes));
}

const shapeOf = ({ shape }: TensorPlace): string =>
  `[${shape.slice(0, 10).join(", ")}${shape.length > 10 ? ", …" : ""}]`;

function badField(what: string, expected: string, got: string): FormatError {
  return new FormatError("BAD_FIELD", `${WHERE}: ${what} cannot be used: expected ${expected}, got ${got}.`);
}
