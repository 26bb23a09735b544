/** Digits of MNIST from a folder of IDX files, gzipped or plain. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { flattenRows, type IdxArray, readIdx } from "../../src/index.js";
import type { Digits } from "../tasks/task.js";

export async function readDigits(folder: string, part: "train" | "t10k"): Promise<Digits> {
  const read = (name: string): Promise<IdxArray> => {
    const path = join(folder, `${part}-${name}`);
    return readIdx(new Uint8Array(readFileSync(existsSync(path) ? path : `${path}.gz`)));
  };
  const images = flattenRows(await read("images-idx3-ubyte"));
  const labels = await read("labels-idx1-ubyte");
  return { pixels: images.data as Uint8Array, shape: images.shape, labels: labels.data as Uint8Array };
}
