/**
 * The header of a npy file: a Python dictionary with three keys, `{'descr': '<f4', 'fortran_order': False, 'shape': (60, 4), }`, which
 * is read by its grammar and never evaluated. Imports errors and its neighbours in this folder.
 */
import { FormatError } from "../errors.js";
import { describeValue } from "./describe-value.js";

export interface NpyHeader {
  /** Such as `<f4`: byte order, kind and bytes of an element. */
  readonly descr: string;
  readonly isFortran: boolean;
  readonly shape: readonly number[];
}

const WHERE = "readNpy";
/** As many as NumPy has. */
const MOST_DIMENSIONS = 32;

const ENTRY = /\s*'(descr|fortran_order|shape)'\s*:\s*(?:'([^'\\]*)'|(True|False)|\(([\d\s,]*)\))\s*(,|\})/y;

/** Throws FormatError BAD_FIELD, UNKNOWN_TYPE for records. */
export function readNpyHeader(text: string): NpyHeader {
  const fields = new Map<string, string>();
  const entry = new RegExp(ENTRY);
  entry.lastIndex = text.startsWith("{") ? 1 : text.length;
  let isClosed = false;
  while (!isClosed) {
    if (fields.size > 0 && /^\s*\}/.test(text.slice(entry.lastIndex, entry.lastIndex + 8))) break;
    const match = entry.exec(text);
    if (match === null) throw notRead(text);
    const [, name, quoted, truth, tuple, end] = match as unknown as [string, string, ...(string | undefined)[]];
    const expected = { descr: quoted, fortran_order: truth, shape: tuple }[name];
    if (expected === undefined || fields.has(name)) throw notRead(text);
    fields.set(name, expected);
    isClosed = end === "}";
  }
  const rest = text.slice(entry.lastIndex).replace(isClosed ? "" : "}", "");
  const [descr, order, tuple] = [fields.get("descr"), fields.get("fortran_order"), fields.get("shape")];
  if (descr === undefined || order === undefined || tuple === undefined || rest.trim() !== "") throw notRead(text);
  return { descr, isFortran: order === "True", shape: readTuple(tuple, text) };
}

/** The sizes in `60, 4`, `5,` or nothing: as Python writes them, with a comma after the only one. */
function readTuple(tuple: string, header: string): number[] {
  if (tuple.trim() === "") return [];
  const parts = tuple.split(",").map((part) => part.trim());
  if (parts.length > 1 && parts[parts.length - 1] === "") parts.pop();
  else if (parts.length === 1) throw notRead(header);
  const shape = parts.map((part) => (/^\d+$/.test(part) ? Number(part) : Number.NaN));
  if (shape.length > MOST_DIMENSIONS || !shape.every(Number.isSafeInteger)) throw notRead(header);
  return shape;
}

function notRead(text: string): FormatError {
  const isRecord = /'descr'\s*:\s*\[/.test(text);
  return new FormatError(
    isRecord ? "UNKNOWN_TYPE" : "BAD_FIELD",
    `${WHERE}: the header cannot be read: expected descr, fortran_order and shape, got ${describeValue(text)}.` +
      (isRecord ? " Records are not supported: save their columns apart." : " The file is damaged."),
  );
}
