/** How features are kept in memory, on the host and on the device. Imports errors and its neighbours in this folder. */
import { OptionError } from "../errors.js";
import { describeValue } from "./describe-value.js";

/** In the order of the messages. */
export const FEATURE_STORAGES = ["auto", "f32", "f16", "u8"] as const;

/**
 * How the values of a matrix are stored:
 * - `"auto"`: as they are given, so that no value changes but by rounding to float32: bytes take 1 byte, halves 2, all others 4;
 * - `"f32"`: 4 bytes each, bytes and halves too;
 * - `"f16"`: 2 bytes, the nearest half, 11 bits long (a relative error of 2⁻¹¹ at most above 6e-5), within ±65504; bytes keep
 *   their values;
 * - `"u8"`: 1 byte and a scale and an offset for the whole matrix. Values that are evenly spaced in at most 256 steps, such as
 *   k/255 or whole numbers, are kept, to float32 rounding of `byte · scale + offset`. Others go to the nearest of 256 even
 *   steps between the smallest and the largest value: an error of (max − min) / 510 at most.
 */
export type FeatureStorage = (typeof FEATURE_STORAGES)[number];

/** Throws OptionError BAD_OPTION unless it is one of the words. */
export function checkFeatureStorage(given: unknown, where: string): FeatureStorage {
  if ((FEATURE_STORAGES as readonly unknown[]).includes(given)) return given as FeatureStorage;
  const words = FEATURE_STORAGES.map((word) => JSON.stringify(word)).join(", ");
  throw new OptionError(
    "BAD_OPTION",
    `${where}: option \`features\` cannot be used: expected one of ${words}, got ${describeValue(given)}.`,
  );
}
