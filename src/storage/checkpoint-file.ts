/**
 * A checkpoint as bytes: "lucechk1", the length of the header in 4 bytes, the header as JSON up to a multiple of 4, the arrays as
 * float32, and the digest of all that. Little-endian, as every machine is that a browser runs on.
 */
import { FormatError } from "../errors.js";
import { digestOf } from "./digest.js";

/** What a checkpoint holds: values that JSON can tell exactly, and arrays by name. */
export interface CheckpointContent {
  readonly values: unknown;
  readonly arrays: Readonly<Record<string, Float32Array>>;
}

interface Header {
  readonly values: unknown;
  /** Names and lengths, in their order in the file. */
  readonly arrays: readonly (readonly [string, number])[];
}

const MAGIC = "lucechk1";
const DIGEST_BYTES = 32;
const FIRST = MAGIC.length + 4;
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

export function writeCheckpoint({ values, arrays }: CheckpointContent): Uint8Array {
  const listed = Object.entries(arrays);
  const header: Header = { values, arrays: listed.map(([name, { length }]) => [name, length]) };
  const text = ascii(JSON.stringify(header));
  const dataStart = Math.ceil((FIRST + text.length) / 4) * 4;
  const dataBytes = listed.reduce((sum, [, array]) => sum + array.byteLength, 0);
  const file = new Uint8Array(dataStart + dataBytes + DIGEST_BYTES);
  file.set(ascii(MAGIC));
  new DataView(file.buffer).setUint32(MAGIC.length, text.length, true);
  file.set(text, FIRST);
  const data = new Float32Array(file.buffer, dataStart, dataBytes / 4);
  let first = 0;
  for (const [, array] of listed) {
    data.set(array, first);
    first += array.length;
  }
  file.set(ascii(digestOf(file.subarray(0, -DIGEST_BYTES))), dataStart + dataBytes);
  return file;
}

/** @throws FormatError BAD_MAGIC for other bytes, DAMAGED where a part is missing or has changed */
export function readCheckpoint(bytes: Uint8Array, where: string): CheckpointContent {
  const file = bytes.slice();
  const decode = (from: number, to: number): string => new TextDecoder().decode(file.subarray(from, to));
  if (decode(0, MAGIC.length) !== MAGIC) {
    throw new FormatError(
      "BAD_MAGIC",
      `${where}: these bytes are no checkpoint of this version: expected them to begin with ${MAGIC}. Delete them, or use another name.`,
    );
  }
  const end = file.length - DIGEST_BYTES;
  if (end < FIRST || digestOf(file.subarray(0, end)) !== decode(end, file.length)) {
    throw new FormatError(
      "DAMAGED",
      `${where}: the checkpoint is damaged: expected the bytes that were written, got ${file.length} bytes with another digest. ` +
        "Delete it, and use a store that keeps all of a value or the one before.",
    );
  }
  const length = new DataView(file.buffer).getUint32(MAGIC.length, true);
  const header = JSON.parse(decode(FIRST, FIRST + length)) as Header;
  const data = new Float32Array(file.buffer, Math.ceil((FIRST + length) / 4) * 4, undefined);
  let first = 0;
  const arrays = header.arrays.map(([name, count]) => {
    const array = data.slice(first, first + count);
    first += count;
    return [name, array] as const;
  });
  return { values: header.values, arrays: Object.fromEntries(arrays) };
}
