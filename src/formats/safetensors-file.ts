/**
 * safetensors, the format of PyTorch's and Hugging Face's weights: the length of the header in 8 bytes, the header as JSON, then
 * the tensors' elements, all little-endian. Sizes are checked against the bytes there are before any memory is taken.
 */
import { describeValue } from "../data/describe-value.js";
import { type FileBytes, fileBytes } from "../data/file-bytes.js";
import { FormatError } from "../errors.js";
import { fromHalf } from "../half-float.js";
import { duplicateKey } from "./duplicate-key.js";
import { readHeader, type TensorPlace } from "./safetensors-header.js";

/** What the format allows a header to have, and bytes of its length field. */
const LARGEST_HEADER = 100_000_000;
const LENGTH_BYTES = 8;

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, TensorPlace>;
  readonly metadata: ReadonlyMap<string, string>;
  /** The elements of a tensor as float32. Throws FormatError UNKNOWN_TYPE unless they are floats, NON_FINITE_WEIGHTS. */
  floats(tensor: TensorPlace): Float32Array;
}

/** Throws FormatError with a code of its own for each fault, and DataError for what is no file. */
export function parseSafetensors(file: FileBytes, where: string): SafetensorsFile {
  const bytes = fileBytes(file, where);
  const text = headerText(bytes, where);
  const dataStart = LENGTH_BYTES + text.bytes;
  const header = parseHeader(text.decoded, where);
  const { tensors, metadata } = readHeader(header, bytes.length - dataStart, where);
  const data = bytes.subarray(dataStart);
  return { tensors, metadata, floats: (tensor) => decodeFloats(data, tensor, where) };
}

function headerText(bytes: Uint8Array, where: string): { decoded: string; bytes: number } {
  if (bytes.length < LENGTH_BYTES) {
    throw new FormatError(
      "TRUNCATED",
      `${where}: this is no safetensors file: expected at least ${LENGTH_BYTES} bytes, got ${bytes.length}. Get the file again.`,
    );
  }
  const claimed = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (claimed > BigInt(Number.MAX_SAFE_INTEGER))
    throw badLength("HEADER_OVERFLOW", "less than 2^53 bytes", claimed, where);
  const length = Number(claimed);
  if (length > LARGEST_HEADER) throw badLength("HEADER_TOO_LARGE", `at most ${LARGEST_HEADER} bytes`, claimed, where);
  const rest = bytes.length - LENGTH_BYTES;
  if (length > rest) throw badLength("HEADER_PAST_END", `at most the ${rest} bytes that follow`, claimed, where);
  try {
    // A copy where the memory is shared: decoders refuse it. The mark of byte order is no part of JSON, so it must not vanish.
    const part = bytes.slice(LENGTH_BYTES, LENGTH_BYTES + length);
    return { decoded: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(part), bytes: length };
  } catch (cause) {
    throw new FormatError("BAD_UTF8", `${where}: the header is not UTF-8. The file is damaged.`, cause);
  }
}

type LengthFault = "HEADER_OVERFLOW" | "HEADER_TOO_LARGE" | "HEADER_PAST_END";

function badLength(code: LengthFault, expected: string, got: bigint, where: string): FormatError {
  return new FormatError(
    code,
    `${where}: the length of the header cannot be right: expected ${expected}, got ${got}. The file is damaged, or no safetensors file.`,
  );
}

function parseHeader(text: string, where: string): object {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw new FormatError("BAD_JSON", `${where}: the header is not JSON. The file is damaged.`, cause);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header) || text[0] !== "{") {
    throw new FormatError(
      "BAD_JSON",
      `${where}: the header lists no tensors: expected an object from its first byte on, got ${describeValue(header)}.`,
    );
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) {
    throw new FormatError(
      "DUPLICATE_KEY",
      `${where}: the header is ambiguous: expected each key once, got ${describeValue(twice)} twice. The file is damaged.`,
    );
  }
  return header;
}

const READERS: Readonly<Record<string, { bytes: number; read: (view: DataView, at: number) => number }>> = {
  F16: { bytes: 2, read: (view, at) => fromHalf(view.getUint16(at, true)) },
  // The upper half of a float32.
  BF16: { bytes: 2, read: (view, at) => upperHalf(view.getUint16(at, true)) },
  F32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  F64: { bytes: 8, read: (view, at) => Math.fround(view.getFloat64(at, true)) },
};

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);
function upperHalf(bits: number): number {
  word[0] = bits << 16;
  return float[0];
}

function decodeFloats(data: Uint8Array, { name, type, begin, end }: TensorPlace, where: string): Float32Array {
  if (!Object.hasOwn(READERS, type)) {
    throw new FormatError(
      "UNKNOWN_TYPE",
      `${where}: tensor \`${name}\` holds no floats: expected ${Object.keys(READERS).join(", ")}, got ${type}.`,
    );
  }
  const { bytes, read } = READERS[type];
  const view = new DataView(data.buffer, data.byteOffset + begin, end - begin);
  const values = new Float32Array((end - begin) / bytes);
  for (let i = 0; i < values.length; i++) {
    const value = read(view, i * bytes);
    if (!Number.isFinite(value)) {
      throw new FormatError(
        "NON_FINITE_WEIGHTS",
        `${where}: tensor \`${name}\` cannot be used: expected numbers within float32's range, got ${value} at ${i}.`,
      );
    }
    values[i] = value;
  }
  return values;
}
