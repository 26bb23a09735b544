/**
 * CSV: a table of numbers with a column of labels, read as it arrives. Imports errors and its neighbours in this folder.
 */
import { FormatError, OptionError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import { type ByteSource, byteReader } from "./byte-reader.js";
import { CsvCells } from "./csv-cells.js";
import { CsvTable } from "./csv-table.js";
import { describeValue } from "./describe-value.js";
import { inflateIfGzip } from "./gzip.js";

/** What `readCsv` is told about a file. */
export interface ReadCsvOptions {
  /** The column of the labels: its name, or its place from 0 on. Without it all columns are features. */
  readonly labelColumn?: string | number;
  /** One character. Default `","`. */
  readonly delimiter?: string;
  /** Whether the first row has the names of the columns; otherwise they are called `"0"`, `"1"`, … Default true. */
  readonly header?: boolean;
  /** What an empty cell among the features stands for: a number, or `"skip"` for leaving out its row. An error unless given. */
  readonly missing?: number | "skip";
  /** The most bytes that are accepted, after inflating; 1 GiB unless given. */
  readonly maxBytes?: number;
}

/** The numbers of a CSV file and the names of their columns. */
export interface CsvData {
  /** The numbers, row by row, for `fit`. */
  readonly x: { readonly data: Float32Array; readonly shape: readonly [rows: number, columns: number] };
  /** The names of the columns of `x`. */
  readonly columns: readonly string[];
}

/** The same with the label column apart. */
export interface LabelledCsvData extends CsvData {
  /** A label a row: numbers where all of them are, without quotes; otherwise texts. */
  readonly y: readonly string[] | readonly number[];
}

const WHERE = "readCsv";
const OPTIONS = ["labelColumn", "delimiter", "header", "missing", "maxBytes"] as const;
const DEFAULT_MAX_BYTES = 2 ** 30;

/**
 * `{ x [n×d], y [n], columns }` from a table of numbers, in which `labelColumn` may hold anything. From a text, or from a Blob, a Response, a
 * stream or bytes in UTF-8, also gzipped, which are read piece by piece: memory is taken for the numbers, not for the text. Cells may
 * stand in quotes, lines end in LF, CR or CRLF; a mark of byte order and empty lines are passed over. Numbers are stored as float32.
 *
 * @throws FormatError BAD_FIELD (an empty cell, one that is no number, stray quotes; row, line and column are named), BAD_UTF8,
 *   TOO_LARGE, TRUNCATED; ShapeError RAGGED_ROWS; DataError EMPTY_INPUT, UNSUPPORTED_TYPE; OptionError
 */
export function readCsv(
  source: string | ByteSource,
  options: ReadCsvOptions & { readonly labelColumn: string | number },
): Promise<LabelledCsvData>;
export function readCsv(source: string | ByteSource, options?: ReadCsvOptions): Promise<CsvData>;
export async function readCsv(
  source: string | ByteSource,
  options: ReadCsvOptions = {},
): Promise<CsvData | LabelledCsvData> {
  requireKnownOptions(options, OPTIONS, WHERE);
  const { delimiter, maxBytes, ...table } = checkedOptions(options);
  const rows = new CsvTable(table);
  const cells = new CsvCells(delimiter, WHERE, (row) => rows.take(row));
  for await (const text of textOf(source, maxBytes)) cells.take(text);
  cells.end();
  const { data, columns, labels, areNumbers, rows: n } = rows.end();
  const read: CsvData = { x: { data, shape: [n, columns.length] }, columns };
  if (table.labelColumn === undefined) return read;
  return { ...read, y: areNumbers ? labels.map(Number) : labels };
}

/** What `readCsvBatches` is told besides. */
export interface ReadCsvBatchesOptions extends ReadCsvOptions {
  /** The column of the labels: its name, or its place from 0 on. */
  readonly labelColumn: string | number;
  /** Rows in a batch, at least; the last one may have fewer. Default 8192. */
  readonly rowsPerBatch?: number;
  /** Labels are numbers; else they are texts. What is no number is an error then. Default false. */
  readonly numericLabels?: boolean;
}

/** Some rows of a CSV file, as `fit` takes them. */
export interface CsvBatch {
  /** The numbers, row by row. */
  readonly x: CsvData["x"];
  /** A label a row. */
  readonly y: readonly string[] | readonly number[];
}

/**
 * The table of `readCsv` in batches, as it arrives: memory holds one of them. A source that is a stream or a Response is read once, so a
 * fit of several passes asks for a new one each time: `model.fit(() => readCsvBatches(await fetch(url), { labelColumn }))`. There is no limit
 * of size unless `maxBytes` is given.
 *
 * @throws what `readCsv` throws, when the row is reached; FormatError BAD_FIELD for a label that is no number with `numericLabels`
 */
export function readCsvBatches(
  source: string | ByteSource,
  options: ReadCsvBatchesOptions,
): AsyncGenerator<CsvBatch, void, undefined> {
  requireKnownOptions(options, [...OPTIONS, "rowsPerBatch", "numericLabels"], WHERE);
  const { rowsPerBatch = 8192, numericLabels = false, ...rest } = options;
  const checked = checkedOptions({ maxBytes: Number.MAX_SAFE_INTEGER, ...rest });
  requireBatchOptions(options, rowsPerBatch, numericLabels);
  return batches(source, checked, rowsPerBatch, numericLabels);
}

async function* batches(
  source: string | ByteSource,
  { delimiter, maxBytes, ...table }: Checked,
  rowsPerBatch: number,
  numericLabels: boolean,
): AsyncGenerator<CsvBatch, void, undefined> {
  const rows = new CsvTable(table);
  const cells = new CsvCells(delimiter, WHERE, (row) => rows.take(row));
  const batch = (): CsvBatch => {
    if (numericLabels && !rows.areNumbers) {
      throw new FormatError(
        "BAD_FIELD",
        `${WHERE}: a label is no number: expected numbers in column ${describeValue(table.labelColumn)}. Leave out numericLabels for texts.`,
      );
    }
    const { data, rows: n, columns, labels } = rows.batch();
    return { x: { data, shape: [n, columns] }, y: numericLabels ? labels.map(Number) : labels };
  };
  for await (const text of textOf(source, maxBytes)) {
    for (let at = 0; at < text.length; at += PIECE) {
      cells.take(text.slice(at, at + PIECE));
      if (rows.waiting >= rowsPerBatch) yield batch();
    }
  }
  cells.end();
  if (rows.waiting > 0) yield batch();
  // Throws where there was no row at all.
  rows.end();
}

/** Characters between two looks at how many rows there are. */
const PIECE = 65_536;

function requireBatchOptions({ labelColumn }: ReadCsvBatchesOptions, rows: unknown, numeric: unknown): void {
  const bad = (name: string, expected: string, got: unknown): OptionError =>
    new OptionError(
      "BAD_OPTION",
      `${WHERE}: option \`${name}\` cannot be used: expected ${expected}, got ${describeValue(got)}.`,
    );
  if (labelColumn === undefined) throw bad("labelColumn", "a name or a place from 0 on", labelColumn);
  if (!(Number.isSafeInteger(rows) && (rows as number) > 0)) throw bad("rowsPerBatch", "a whole number above 0", rows);
  if (typeof numeric !== "boolean") throw bad("numericLabels", "true or false", numeric);
}

/** The text as it arrives, without a mark of byte order. */
async function* textOf(source: string | ByteSource, maxBytes: number): AsyncGenerator<string, void, undefined> {
  if (typeof source !== "string") {
    yield* decoded(source, maxBytes);
    return;
  }
  requireSize(source.length, maxBytes);
  yield source.startsWith("\uFEFF") ? source.slice(1) : source;
}

async function* decoded(source: ByteSource, maxBytes: number): AsyncGenerator<string, void, undefined> {
  // It takes the mark of byte order away by itself.
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (bytes?: Uint8Array): string => {
    try {
      // A copy, since decoders refuse shared memory.
      return bytes ? decoder.decode(bytes.slice(), { stream: true }) : decoder.decode();
    } catch (cause) {
      throw new FormatError("BAD_UTF8", `${WHERE}: the text is not UTF-8. Save it in that encoding.`, cause);
    }
  };
  let bytes = byteReader(source, WHERE);
  try {
    bytes = await inflateIfGzip(bytes, WHERE);
    let size = 0;
    for (let piece = await bytes.read(); piece !== undefined; piece = await bytes.read()) {
      size += piece.length;
      requireSize(size, maxBytes);
      yield decode(piece);
    }
    yield decode();
  } finally {
    bytes.cancel();
  }
}

function requireSize(size: number, maxBytes: number): void {
  if (size <= maxBytes) return;
  throw new FormatError(
    "TOO_LARGE",
    `${WHERE}: the file is too large: expected at most ${maxBytes} bytes, got ${size} or more. Raise maxBytes if it is meant to be.`,
  );
}

type Checked = Required<Pick<ReadCsvOptions, "delimiter" | "header" | "maxBytes">> & {
  labelColumn: string | number | undefined;
  missing: number | "skip" | undefined;
};

function checkedOptions(options: ReadCsvOptions): Checked {
  const { labelColumn, delimiter = ",", header = true, missing, maxBytes = DEFAULT_MAX_BYTES } = options;
  const require = (isGood: boolean, name: string, expected: string, got: unknown): void => {
    if (isGood) return;
    throw new OptionError(
      "BAD_OPTION",
      `${WHERE}: option \`${name}\` cannot be used: expected ${expected}, got ${describeValue(got)}.`,
    );
  };
  const isDelimiter = typeof delimiter === "string" && delimiter.length === 1 && !'"\r\n'.includes(delimiter);
  require(isDelimiter, "delimiter", "one character other than a quote or a line end", delimiter);
  require(typeof header === "boolean", "header", "true or false", header);
  const isLabel =
    typeof labelColumn === "string" || (Number.isSafeInteger(labelColumn) && (labelColumn as number) >= 0);
  require(labelColumn === undefined || isLabel, "labelColumn", "a name or a place from 0 on", labelColumn);
  const isNumber = typeof missing === "number" && Number.isFinite(Math.fround(missing));
  require(missing === undefined ||
    missing === "skip" ||
    isNumber, "missing", 'a number within float32\'s range or "skip"', missing);
  require(Number.isSafeInteger(maxBytes) && maxBytes > 0, "maxBytes", "a whole number above 0", maxBytes);
  return { labelColumn, delimiter, header, missing, maxBytes };
}
