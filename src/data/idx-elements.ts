/** The element types of IDX files and how their big-endian bytes become a typed array. Imports nothing. */

export type IdxData = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

export interface IdxType {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike): IdxData;
}

const BY_CODE: ReadonlyMap<number, IdxType> = new Map<number, IdxType>([
  [0x08, Uint8Array],
  [0x09, Int8Array],
  [0x0b, Int16Array],
  [0x0c, Int32Array],
  [0x0d, Float32Array],
  [0x0e, Float64Array],
]);

/** The array type for the third byte of a file, or undefined where the format has none. */
export function idxType(code: number | undefined): IdxType | undefined {
  return BY_CODE.get(code as number);
}

const isLittleEndian = (): boolean => new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The elements in `bytes`, which are turned round in place where the platform is not big-endian, and fill their buffer. */
export function decodeBigEndian(bytes: Uint8Array, type: IdxType): IdxData {
  const size = type.BYTES_PER_ELEMENT;
  if (size > 1 && isLittleEndian()) {
    for (let start = 0; start < bytes.length; start += size) {
      for (let low = start, high = start + size - 1; low < high; low++, high--) {
        const byte = bytes[low];
        bytes[low] = bytes[high];
        bytes[high] = byte;
      }
    }
  }
  return new type(bytes.buffer);
}
