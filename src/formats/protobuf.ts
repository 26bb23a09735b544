/** Just enough of Protocol Buffers to write a message: fields in a row, each a key (number and wire type) and a value. Imports nothing. */

type Bytes = Uint8Array<ArrayBuffer>;

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** A whole number ≥ 0, 7 bits a byte, lowest first; a byte's top bit says that another follows. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  // By division, since shifts would cut numbers to 32 bits.
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return bytes;
}

const key = (field: number, wireType: number): number[] => varint(field * 8 + wireType);

/** An int32, int64 or enum ≥ 0. */
export const integer = (field: number, value: number): Bytes =>
  Uint8Array.from([...key(field, VARINT), ...varint(value)]);

/** A float. */
export function float(field: number, value: number): Bytes {
  const bytes = Uint8Array.from([...key(field, FIXED_32), 0, 0, 0, 0]);
  new DataView(bytes.buffer).setFloat32(bytes.length - 4, value, true);
  return bytes;
}

/** A string, as UTF-8. */
export const text = (field: number, value: string): Bytes => message(field, [new TextEncoder().encode(value)]);

/** A message of fields that have been written, or with one part a field of bytes. */
export function message(field: number, parts: readonly Uint8Array[]): Bytes {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return joined([Uint8Array.from([...key(field, LENGTH_DELIMITED), ...varint(length)]), ...parts]);
}

/** The fields one after the other: a message as it stands in a file. */
export function joined(parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}
