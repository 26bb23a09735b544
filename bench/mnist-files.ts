/** MNIST from gzip'd IDX files in a folder, for benchmarks under Node. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { flattenRows, type MatrixData, readIdx } from "../src/index.js";

export interface Digits {
  readonly x: MatrixData;
  readonly y: Uint8Array;
}

export async function readDigits(folder: string, part: "train" | "t10k"): Promise<Digits> {
  const read = (name: string) => readIdx(new Uint8Array(readFileSync(join(folder, `${part}-${name}.gz`))));
  const [images, labels] = [await read("images-idx3-ubyte"), await read("labels-idx1-ubyte")];
  return { x: { ...flattenRows(images), scale: 1 / 255 } as MatrixData, y: labels.data as Uint8Array };
}
