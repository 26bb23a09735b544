/** MNIST: 60,000 digits to train on and 10,000 to test with, each 28×28 bytes (0 is background, 255 is ink). */
import { readIdx } from "../src/index.js";

export const imageSide = 28;
export const pixelsPerDigit: number = imageSide * imageSide;
export const digitClasses = 10;
/** Bytes 0..255 are read as 0..1; the library scales on the device, the bytes stay bytes. */
export const pixelScale: number = 1 / 255;

export interface DigitSet {
  /** [count × 784] */
  readonly pixels: Uint8Array;
  /** [count], each 0..9 */
  readonly labels: Uint8Array;
  readonly count: number;
}

export interface Mnist {
  readonly train: DigitSet;
  readonly test: DigitSet;
}

/** The pixels of one digit, not copied. */
export function digitPixels(digits: DigitSet, index: number): Uint8Array {
  return digits.pixels.subarray(index * pixelsPerDigit, (index + 1) * pixelsPerDigit);
}

/** Loads the four files. `onProgress` hears the share of the bytes that have arrived, 0..1. Rejects if a file is missing or damaged. */
export async function loadMnist(onProgress: (share: number) => void): Promise<Mnist> {
  const arrived = new Map<string, { bytes: number; expected: number }>();
  const load = async (file: string, expectRank: number): Promise<Uint8Array> => {
    const response = await fetch(`${import.meta.env.BASE_URL}data/mnist/${file}.gz`);
    const count = { bytes: 0, expected: Number(response.headers.get("content-length") ?? 0) };
    arrived.set(file, count);
    const counted = countedResponse(response, (bytes) => {
      count.bytes += bytes;
      onProgress(shareOf([...arrived.values()]));
    });
    const { data } = await readIdx(counted, { expectRank });
    return asBytes(file, data);
  };
  const [trainPixels, trainLabels, testPixels, testLabels] = await Promise.all([
    load("train-images-idx3-ubyte", 3),
    load("train-labels-idx1-ubyte", 1),
    load("t10k-images-idx3-ubyte", 3),
    load("t10k-labels-idx1-ubyte", 1),
  ]);
  return { train: digitSet("training", trainPixels, trainLabels), test: digitSet("test", testPixels, testLabels) };
}

function digitSet(name: string, pixels: Uint8Array, labels: Uint8Array): DigitSet {
  if (pixels.length !== labels.length * pixelsPerDigit) {
    throw new Error(
      `dataset: the ${name} digits do not fit together: expected ${labels.length * pixelsPerDigit} pixels for ` +
        `${labels.length} labels, got ${pixels.length}. Reload the page; if it stays so, the files are damaged.`,
    );
  }
  return { pixels, labels, count: labels.length };
}

function asBytes(file: string, data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data;
  throw new Error(
    `dataset: ${file} holds another type of number: expected bytes, got ${Object.prototype.toString.call(data)}.`,
  );
}

/** The same response, whose body is counted as it is read. */
function countedResponse(response: Response, onBytes: (bytes: number) => void): Response {
  if (response.body === null) return response;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      onBytes(chunk.byteLength);
      controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = response;
  return new Response(response.body.pipeThrough(counter), { status, statusText, headers });
}

function shareOf(files: readonly { bytes: number; expected: number }[]): number {
  const expected = files.reduce((sum, file) => sum + file.expected, 0);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return expected > 0 ? Math.min(1, bytes / expected) : 0;
}
