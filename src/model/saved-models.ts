/**
 * Fitted models under a name, in the browser's IndexedDB or another store. Functions of their own, so that a bundler leaves them out
 * where a page does not use them.
 */
import { describeValue } from "../data/describe-value.js";
import { CallbackError, OptionError, StorageError } from "../errors.js";
import type { FittedModel } from "../formats/fitted-model.js";
import { toSafetensors } from "../formats/safetensors.js";
import { requireKnownOptions } from "../known-options.js";
import type { ByteStore } from "../storage/byte-store.js";
import { indexedDbStore } from "../storage/indexed-db.js";
import { checkModelOptions } from "./check-options.js";
import { fromSafetensors } from "./interchange.js";
import type { SoftmaxRegressionOptions } from "./model-options.js";
import type { SoftmaxRegression } from "./softmax-regression.js";

/** Where saved models lie. */
export interface SavedModelOptions {
  /** Default `indexedDbStore()`: of this page's origin. */
  readonly store?: ByteStore;
}

/** What `loadModel` takes: where the model lies, and the options of the one that it becomes. */
export interface LoadModelOptions extends SoftmaxRegressionOptions, SavedModelOptions {}

/** `store[models/NAME] ← toSafetensors(model)`, in place of a model of that name. All of it is kept, or what was there before. */
export async function saveModel(name: string, model: FittedModel, options: SavedModelOptions = {}): Promise<void> {
  const store = storeOf(options, "saveModel");
  const key = keyOf(name, "saveModel");
  const bytes = toSafetensors(model);
  await asked("saveModel", () => store.put(key, bytes));
}

/**
 * The model that `saveModel` kept, with the same weights to the last bit; undefined where there is none of that name.
 * @throws StorageError from the store; FormatError for what is no model; OptionError
 */
export async function loadModel(name: string, options: LoadModelOptions = {}): Promise<SoftmaxRegression | undefined> {
  requireObject(options, "loadModel");
  const { store: given, ...modelOptions } = options;
  const store = storeOf(given === undefined ? {} : { store: given }, "loadModel");
  checkModelOptions(modelOptions);
  const key = keyOf(name, "loadModel");
  const bytes = await asked("loadModel", () => store.get(key));
  return bytes ? fromSafetensors(bytes, modelOptions) : undefined;
}

/** Forgets a saved model; nothing happens where there is none of that name. */
export async function deleteModel(name: string, options: SavedModelOptions = {}): Promise<void> {
  const store = storeOf(options, "deleteModel");
  const key = keyOf(name, "deleteModel");
  await asked("deleteModel", () => store.delete(key));
}

const requireObject = (options: object, where: string): void =>
  requireKnownOptions(options, typeof options === "object" && options !== null ? Object.keys(options) : [], where);

function storeOf(options: SavedModelOptions, where: string): ByteStore {
  requireKnownOptions(options, ["store"], where);
  const { store } = options;
  if (store === undefined) return indexedDbStore();
  const methods = ["get", "put", "delete"] as const;
  if (typeof store === "object" && store !== null && methods.every((method) => typeof store[method] === "function"))
    return store;
  throw new OptionError(
    "BAD_OPTION",
    `${where}: option \`store\` cannot be used: expected an object with get, put and delete, got ${describeValue(store)}.`,
  );
}

/** A store of the caller's may throw anything. */
async function asked<Result>(where: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof StorageError) throw cause;
    throw new CallbackError("CALLBACK_FAILED", `${where}: the store threw. \`cause\` is what it threw.`, cause);
  }
}

function keyOf(name: unknown, where: string): string {
  if (typeof name === "string" && name !== "") return `models/${name}`;
  throw new OptionError(
    "BAD_OPTION",
    `${where}: a model cannot have this name: expected a string that is not empty, got ${describeValue(name)}.`,
  );
}
