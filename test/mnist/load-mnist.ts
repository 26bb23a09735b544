/** The 60,000 + 10,000 digits of MNIST in the page, as a user of the library would load them. */
import { flattenRows, type MatrixData, readIdx } from "../../src/index.js";

export interface Digits {
  /** Pixels as bytes, [n×784], read as 0 … 1. */
  readonly x: MatrixData;
  readonly y: Uint8Array;
}

async function load(part: string): Promise<Digits> {
  const [images, labels] = await Promise.all([
    readIdx(await fetch(`/data/mnist/${part}-images-idx3-ubyte.gz`), { expectRank: 3 }),
    readIdx(await fetch(`/data/mnist/${part}-labels-idx1-ubyte.gz`), { expectRank: 1 }),
  ]);
  const { data, shape } = flattenRows(images);
  return { x: { data, shape, scale: 1 / 255 }, y: labels.data as Uint8Array };
}

export const loadMnist = async (): Promise<{ train: Digits; test: Digits }> => ({
  train: await load("train"),
  test: await load("t10k"),
});
