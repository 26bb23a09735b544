/**
 * npy, NumPy's format for one array: the bytes 93 "NUMPY", the version, the length of the header, the header, then the elements.
 * Imports errors, half-float and its neighbours in this folder.
 */
import { FormatError } from "../errors.js";
import { fromHalf } from "../half-float.js";
import { describeValue } from "./describe-value.js";
import { type FileBytes, fileBytes } from "./file-bytes.js";
import { type NpyHeader, readNpyHeader } from "./npy-header.js";

/** The typed arrays that NumPy's types are read into. */
export type NpyData = Float32Array | Float64Array | Uint8Array | Int8Array | Int16Array | Int32Array;

/** The array of an .npy file, in row-major order whatever order the file had. */
export interface NpyArray {
  /** All elements, the last dimension running fastest. */
  readonly data: NpyData;
  /** Length of each dimension; `[]` for a single number. */
  readonly shape: readonly number[];
}

interface ElementType {
  readonly array: new (length: number) => NpyData;
  readonly bytes: number;
  readonly read: (view: DataView, at: number, isLittle: boolean) => number;
}

/** By kind and bytes. Halves become float32, which holds each of them. */
const TYPES: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ["f2", { array: Float32Array, bytes: 2, read: (view, at, little) => fromHalf(view.getUint16(at, little)) }],
  ["f4", { array: Float32Array, bytes: 4, read: (view, at, little) => view.getFloat32(at, little) }],
  ["f8", { array: Float64Array, bytes: 8, read: (view, at, little) => view.getFloat64(at, little) }],
  ["u1", { array: Uint8Array, bytes: 1, read: (view, at) => view.getUint8(at) }],
  ["i1", { array: Int8Array, bytes: 1, read: (view, at) => view.getInt8(at) }],
  ["i2", { array: Int16Array, bytes: 2, read: (view, at, little) => view.getInt16(at, little) }],
  ["i4", { array: Int32Array, bytes: 4, read: (view, at, little) => view.getInt32(at, little) }],
]);

const WHERE = "readNpy";
const MAGIC = "\u0093NUMPY";

/**
 * Reads a npy file of versions 1 to 3 into a row-major array and its shape, `{ data, shape }`, as `fit` takes them: elements f2 (as
 * float32), f4, f8, u1, i1, i2 and i4 in either byte order; columns that are stored one after the other (Fortran order) are turned into rows.
 * Objects are refused, since they are Python programs. The array lies in memory of its own.
 *
 * @throws FormatError BAD_MAGIC, BAD_VERSION, TRUNCATED, TRAILING_BYTES, BAD_FIELD, UNKNOWN_TYPE, SIZE_OVERFLOW; DataError for what is no file
 */
export function readNpy(file: FileBytes): NpyArray {
  const bytes = fileBytes(file, WHERE);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { header, end } = findHeader(bytes, view);
  const type = elementType(header);
  const { shape } = header;
  const count = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(count * type.bytes)) {
    throw new FormatError(
      "SIZE_OVERFLOW",
      `${WHERE}: the shape is too large: expected less than 2^53 bytes, got [${shape}].`,
    );
  }
  // Lengths first: a number in a file must not decide how much memory is taken.
  const [expected, got] = [count * type.bytes, bytes.length - end];
  if (got !== expected) {
    throw new FormatError(
      got < expected ? "TRUNCATED" : "TRAILING_BYTES",
      `${WHERE}: the elements do not fill the shape [${shape}]: expected ${expected} bytes, got ${got}. The file is damaged.`,
    );
  }
  const data = new type.array(count);
  const isLittle = !header.descr.startsWith(">");
  const place = header.isFortran ? fortranPlaces(shape) : (i: number) => i;
  for (let i = 0; i < count; i++) data[place(i)] = type.read(view, end + i * type.bytes, isLittle);
  return { data, shape };
}

function findHeader(bytes: Uint8Array, view: DataView): { header: NpyHeader; end: number } {
  const magic = String.fromCharCode(...bytes.subarray(0, 6));
  if (magic !== MAGIC) {
    throw new FormatError(
      "BAD_MAGIC",
      `${WHERE}: this is no npy file: expected it to begin with \\x93NUMPY, got ${describeValue(magic)}.`,
    );
  }
  if (bytes.length < 12) throw cutShort(12, bytes.length);
  const version = bytes[6];
  if (version < 1 || version > 3 || bytes[7] !== 0) {
    throw new FormatError(
      "BAD_VERSION",
      `${WHERE}: unknown version: expected 1.0, 2.0 or 3.0, got ${version}.${bytes[7]}.`,
    );
  }
  const start = version === 1 ? 10 : 12;
  const end = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (end > bytes.length) throw cutShort(end, bytes.length);
  // A copy where the memory is shared: decoders refuse it.
  const decoder = new TextDecoder(version === 3 ? "utf-8" : "latin1");
  return { header: readNpyHeader(decoder.decode(bytes.slice(start, end))), end };
}

function cutShort(expected: number, got: number): FormatError {
  return new FormatError(
    "TRUNCATED",
    `${WHERE}: the file is cut short: expected ${expected} bytes or more, got ${got}. Get the file again.`,
  );
}

function elementType({ descr }: NpyHeader): ElementType {
  const match = /^([<>|=]?)([a-zA-Z]\d+)$/.exec(descr);
  const type = TYPES.get(match?.[2] ?? "");
  // Only single bytes have no order; what `=` would mean depends on the machine that wrote the file.
  if (type && (type.bytes === 1 || match?.[1] === "<" || match?.[1] === ">")) return type;
  throw new FormatError(
    "UNKNOWN_TYPE",
    `${WHERE}: elements of this type are not supported: expected ${[...TYPES.keys()].join(", ")}, got ${describeValue(descr)}. ` +
      (descr.endsWith("O") ? "Objects are Python programs, which are not run. " : "") +
      "Save it with .astype(numpy.float32).",
  );
}

/** From the place of an element where the first index runs fastest to that where the last one does. */
function fortranPlaces(shape: readonly number[]): (index: number) => number {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  return (index) => {
    let rest = index;
    let place = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      const size = shape[axis];
      place += (rest % size) * strides[axis];
      rest = Math.floor(rest / size);
    }
    return place;
  };
}
