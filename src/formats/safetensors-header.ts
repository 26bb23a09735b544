/** The header of a safetensors file: what its tensors are and where they lie, checked before anything of them is read. */
import { describeValue } from "../data/describe-value.js";
import { type ErrorCode, FormatError } from "../errors.js";

/** Bits of an element. */
const BITS: ReadonlyMap<unknown, number> = new Map([
  ["BOOL", 8],
  ["U8", 8],
  ["I8", 8],
  ["F8_E4M3", 8],
  ["F8_E5M2", 8],
  ["I16", 16],
  ["U16", 16],
  ["F16", 16],
  ["BF16", 16],
  ["I32", 32],
  ["U32", 32],
  ["F32", 32],
  ["I64", 64],
  ["U64", 64],
  ["F64", 64],
]);

/** A tensor's place among the bytes after the header. */
export interface TensorPlace {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The tensors and the metadata of a header that has been parsed, `dataBytes` bytes following it. Throws FormatError. */
export function readHeader(
  header: object,
  dataBytes: number,
  where: string,
): { tensors: Map<string, TensorPlace>; metadata: Map<string, string> } {
  const metadata = new Map<string, string>();
  const tensors = new Map<string, TensorPlace>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") readMetadata(entry, metadata, where);
    else tensors.set(name, readPlace(name, entry, where));
  }
  requireSeamless([...tensors.values()], dataBytes, where);
  return { tensors, metadata };
}

function readMetadata(entry: unknown, into: Map<string, string>, where: string): void {
  if (!isObject(entry)) throw badField("`__metadata__`", "an object of strings", entry, where);
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== "string") throw badField(`\`__metadata__\`.${shown(key)}`, "a string", value, where);
    into.set(key, value);
  }
}

function readPlace(name: string, entry: unknown, where: string): TensorPlace {
  const called = shown(name);
  if (!isObject(entry)) throw badField(called, "an object with dtype, shape and data_offsets", entry, where);
  // Own properties only: what a prototype supplies is not in the file.
  const field = (key: string): unknown => (Object.hasOwn(entry, key) ? entry[key] : undefined);
  const type = field("dtype");
  if (typeof type !== "string") throw badField(`${called}.dtype`, "a string", type, where);
  const bits = BITS.get(type);
  if (bits === undefined) {
    throw fault(
      "UNKNOWN_TYPE",
      `${called} has an unknown dtype: expected one of ${[...BITS.keys()].join(", ")}`,
      type,
      where,
    );
  }
  const shape = field("shape");
  if (!isSizeList(shape)) throw badField(`${called}.shape`, "a list of whole numbers of 0 or more", shape, where);
  const offsets = field("data_offsets");
  if (!isSizeList(offsets) || offsets.length !== 2) {
    throw badField(`${called}.data_offsets`, "two whole numbers of 0 or more", offsets, where);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) throw fault("BAD_RANGE", `${called} ends before it begins: expected at least ${begin}`, end, where);
  const size = bytesOf(shape, bits);
  if (!Number.isSafeInteger(size)) {
    throw fault("SIZE_OVERFLOW", `the shape of ${called} is too large: expected less than 2^53 bytes`, size, where);
  }
  if (end - begin !== size) {
    throw fault(
      "SPAN_MISMATCH",
      `${called} does not fill its bytes: expected ${size} for its shape`,
      end - begin,
      where,
    );
  }
  return { name, type, shape, begin, end };
}

function bytesOf(shape: readonly number[], bits: number): number {
  // A dimension of 0 empties the tensor, however large the others are.
  return shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, bits / 8);
}

/** The tensors must fill the data from its beginning to its end, each byte belonging to one of them. */
function requireSeamless(places: TensorPlace[], dataBytes: number, where: string): void {
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let filled = 0;
  for (const { name, begin, end } of places) {
    if (begin < filled) {
      throw fault(
        "OVERLAP",
        `${shown(name)} lies over the tensor before it: expected it to begin at ${filled}`,
        begin,
        where,
      );
    }
    if (begin > filled) {
      throw fault(
        "HOLE",
        `bytes before ${shown(name)} belong to no tensor: expected it to begin at ${filled}`,
        begin,
        where,
      );
    }
    filled = end;
  }
  if (filled > dataBytes) {
    throw fault("TRUNCATED", `the file is cut short: expected ${filled} bytes of tensors`, dataBytes, where);
  }
  if (filled < dataBytes) {
    throw fault(
      "TRAILING_BYTES",
      `bytes follow the last tensor: expected ${filled} bytes of tensors`,
      dataBytes,
      where,
    );
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isSizeList = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

/** A name as a message shows it; a file may have one of any length. */
const shown = (name: string): string => `\`${name.length > 60 ? `${name.slice(0, 60)}…` : name}\``;

function badField(field: string, expected: string, got: unknown, where: string): FormatError {
  return fault("BAD_FIELD", `${field} cannot be used: expected ${expected}`, got, where);
}

function fault(code: ErrorCode, wrongAndExpected: string, got: unknown, where: string): FormatError {
  return new FormatError(code, `${where}: ${wrongAndExpected}, got ${describeValue(got)}. The file is damaged.`);
}
