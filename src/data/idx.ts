/**
 * IDX, the format of MNIST (LeCun, Cortes & Burges 1998): two zero bytes, a byte for the type of the elements, a byte for
 * the number of dimensions, each dimension as a 32-bit and then the elements, all big-endian.
 * Imports errors and its neighbours in this folder.
 */
import { FormatError, OptionError, ShapeError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import { type ByteReader, type ByteSource, byteReader } from "./byte-reader.js";
import { inflateIfGzip } from "./gzip.js";
import { decodeBigEndian, type IdxData, type IdxType, idxType } from "./idx-elements.js";

/** The array of an IDX file, as its header describes it. */
export interface IdxArray {
  /** All elements, the last dimension running fastest. */
  readonly data: IdxData;
  /** Length of each dimension, outermost first: `[60000, 28, 28]` for MNIST's images. */
  readonly shape: readonly number[];
}

/** What `readIdx` is told about a file. */
export interface ReadIdxOptions {
  /** The most elements that are accepted, in bytes after inflating; 1 GiB unless given. */
  readonly maxBytes?: number;
  /** The number of dimensions that the file must have: 3 for images, 1 for labels. Any unless given. */
  readonly expectRank?: number;
}

const DEFAULT_MAX_BYTES = 2 ** 30;

/**
 * Reads an IDX file, plain or gzipped, into a row-major array and its shape: MNIST's images are 60000 × 28 × 28 bytes.
 * No memory is spent on more than `maxBytes`, whatever the file claims to hold or inflates to.
 *
 * @throws FormatError BAD_MAGIC (not IDX, or a web page in its place), TRUNCATED, TOO_LARGE, BAD_FIELD (bytes after the
 *   end, or a Response with an error status; the message says whether trying again may help)
 * @throws ShapeError SHAPE_MISMATCH when the file has another rank than `expectRank`
 */
export async function readIdx(source: ByteSource, options: ReadIdxOptions = {}): Promise<IdxArray> {
  requireKnownOptions(options, ["maxBytes", "expectRank"], WHERE);
  const maxBytes = sizeOption("maxBytes", options.maxBytes ?? DEFAULT_MAX_BYTES);
  const expectRank = options.expectRank === undefined ? undefined : sizeOption("expectRank", options.expectRank);
  let bytes = byteReader(source, WHERE);
  try {
    bytes = await inflateIfGzip(bytes, WHERE);
    const intake = intakeOf(bytes);
    const { type, rank } = readMagic(await intake.take(4));
    if (expectRank !== undefined && rank !== expectRank) throw unexpectedRank(expectRank, rank);
    const sizes = new DataView((await intake.take(4 * rank)).buffer);
    const shape = Array.from({ length: rank }, (_, axis) => sizes.getUint32(4 * axis));
    const body = await intake.take(bytesOf(shape, type.BYTES_PER_ELEMENT, maxBytes));
    if (!(await intake.isAtEnd())) {
      throw new FormatError(
        "BAD_FIELD",
        `${WHERE}: bytes follow the last element: expected ${body.length} bytes for the shape [${shape}], got more. The file is damaged.`,
      );
    }
    return { data: decodeBigEndian(body, type), shape };
  } finally {
    bytes.cancel();
  }
}

/**
 * The same numbers as a matrix: one row for each entry of the first dimension, `[60000, 28, 28]` → `[60000, 784]`.
 * The data is shared, not copied. Throws ShapeError SHAPE_MISMATCH for an array without dimensions.
 */
export function flattenRows<Data>(array: { readonly data: Data; readonly shape: readonly number[] }): {
  data: Data;
  shape: [rows: number, columns: number];
} {
  const shape: unknown = array?.shape;
  const [rows, ...rest] = Array.isArray(shape) ? (shape as readonly number[]) : [];
  if (rows === undefined) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      "flattenRows: there are no rows: expected data with a shape of at least one dimension, got none.",
    );
  }
  return { data: array.data, shape: [rows, rest.reduce((product, size) => product * size, 1)] };
}

const WHERE = "readIdx";

function sizeOption(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new OptionError(
    "BAD_OPTION",
    `${WHERE}: option \`${name}\` must be a whole number above 0, got ${String(value)}.`,
  );
}

interface Intake {
  /** The next `count` bytes, in a buffer of their own. Throws FormatError TRUNCATED where the file has fewer. */
  take(count: number): Promise<Uint8Array>;
  isAtEnd(): Promise<boolean>;
}

function intakeOf(bytes: ByteReader): Intake {
  let rest: Uint8Array = new Uint8Array(0);
  const isAtEnd = async (): Promise<boolean> => {
    if (rest.length === 0) rest = (await bytes.read()) ?? rest;
    return rest.length === 0;
  };
  const take = async (count: number): Promise<Uint8Array> => {
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < count) {
      if (await isAtEnd()) {
        throw new FormatError(
          "TRUNCATED",
          `${WHERE}: the file is cut short: expected ${count} more bytes, got ${length}. Get the file again.`,
        );
      }
      const part = rest.subarray(0, count - length);
      rest = rest.subarray(part.length);
      parts.push(part);
      length += part.length;
    }
    // Only now, for a file that claims more than it has must not be given the memory.
    const whole = new Uint8Array(count);
    let end = 0;
    for (const part of parts) {
      whole.set(part, end);
      end += part.length;
    }
    return whole;
  };
  return { take, isAtEnd };
}

function readMagic(magic: Uint8Array): { type: IdxType; rank: number } {
  const type = idxType(magic[2]);
  if (magic[0] === 0 && magic[1] === 0 && type !== undefined && magic[3] > 0) return { type, rank: magic[3] };
  const isPage = /^\s*</.test(new TextDecoder().decode(magic));
  throw new FormatError(
    "BAD_MAGIC",
    `${WHERE}: this is no IDX file: expected it to begin with the bytes 0, 0, 8 … 14, rank, got ${magic.join(", ")}. ` +
      (isPage
        ? "It looks like a web page, as servers send for unknown addresses. Trying again will not help: check the address."
        : "Check that it is the right file."),
  );
}

function unexpectedRank(expected: number, got: number): ShapeError {
  const swapped = (expected === 1 && got === 3) || (expected === 3 && got === 1);
  return new ShapeError(
    "SHAPE_MISMATCH",
    `${WHERE}: the file has another number of dimensions: expected ${expected}, got ${got}.` +
      (swapped ? " It looks as if images and labels were swapped." : ""),
  );
}

/** The size of all elements, checked factor by factor: a file may claim a shape whose product overflows anything. */
function bytesOf(shape: readonly number[], elementBytes: number, maxBytes: number): number {
  if (shape.includes(0)) return 0;
  let bytes = elementBytes;
  for (const size of shape) {
    bytes *= size;
    if (bytes > maxBytes) {
      throw new FormatError(
        "TOO_LARGE",
        `${WHERE}: the file is too large: expected at most ${maxBytes} bytes, got the shape [${shape}] of ${elementBytes} bytes each. ` +
          "Raise maxBytes if it is meant to be that large.",
      );
    }
  }
  return bytes;
}
