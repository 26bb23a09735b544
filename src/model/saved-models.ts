/**
 * Fitted models under a name, in the browser's IndexedDB or another store. Functions of their own, so that a bundler leaves them out
 * where a page does not use them.
 */
import { describeValue } from "../data/describe-value.js";
import { OptionError } from "../errors.js";
import type { FittedModel } from "../formats/fitted-model.js";
import { toSafetensors } from "../formats/safetensors.js";
import type { ByteStore } from "../storage/byte-store.js";
import { indexedDbStore } from "../storage/indexed-db.js";
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
export async function saveModel(name: string, model: FittedModel, { store }: SavedModelOptions = {}): Promise<void> {
  await (store ?? indexedDbStore()).put(keyOf(name, "saveModel"), toSafetensors(model));
}

/**
 * The model that `saveModel` kept, with the same weights to the last bit; undefined where there is none of that name.
 * @throws StorageError from the store; FormatError for what is no model; OptionError
 */
export async function loadModel(name: string, options: LoadModelOptions = {}): Promise<SoftmaxRegression | undefined> {
  const { store = indexedDbStore(), ...modelOptions } = options;
  const bytes = await store.get(keyOf(name, "loadModel"));
  return bytes && fromSafetensors(bytes, modelOptions);
}

/** Forgets a saved model; nothing happens where there is none of that name. */
export async function deleteModel(name: string, { store }: SavedModelOptions = {}): Promise<void> {
  await (store ?? indexedDbStore()).delete(keyOf(name, "deleteModel"));
}

function keyOf(name: unknown, where: string): string {
  if (typeof name === "string" && name !== "") return `models/${name}`;
  throw new OptionError(
    "BAD_OPTION",
    `${where}: a model cannot have this name: expected a string that is not empty, got ${describeValue(name)}.`,
  );
}
