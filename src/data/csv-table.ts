/** The rows of a CSV file as numbers and labels, taken one by one; what is wrong with one is said with its place. Imports errors and its neighbours. */
import { DataError, FormatError, OptionError, ShapeError } from "../errors.js";
import type { CsvRow } from "./csv-cells.js";
import { describeValue } from "./describe-value.js";

export interface CsvTableOptions {
  readonly labelColumn: string | number | undefined;
  readonly header: boolean;
  readonly missing: number | "skip" | undefined;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const WHERE = "readCsv";

export class CsvTable {
  readonly #options: CsvTableOptions;
  #names: readonly string[] | undefined;
  #label = -1;
  #values = new Float32Array(1024);
  #count = 0;
  #rows = 0;
  /** Rows that have been handed out in batches. */
  #before = 0;
  #labels: string[] = [];
  #areNumbers = true;

  constructor(options: CsvTableOptions) {
    this.#options = options;
  }

  take(row: CsvRow): void {
    const names = this.#names ?? this.#begin(row);
    if (this.#options.header && names === row.cells) return;
    const { cells, quoted, line } = row;
    this.#rows++;
    if (cells.length !== names.length) {
      throw new ShapeError(
        "RAGGED_ROWS",
        `${WHERE}: row ${this.#rows} (line ${line}) has another number of cells: expected ${names.length}, got ${cells.length}. ` +
          "Check the delimiter and the quotes.",
      );
    }
    const start = this.#count;
    for (let column = 0; column < cells.length; column++) {
      const text = quoted[column] ? cells[column] : cells[column].trim();
      if (text === "" && !quoted[column]) {
        if (this.#options.missing === "skip") {
          this.#forget(start);
          return;
        }
        this.#gap(column, line);
      } else if (column === this.#label) this.#pushLabel(text, quoted[column]);
      else this.#push(this.#number(text, column, line));
    }
  }

  /** Rows that have not been handed out. */
  get waiting(): number {
    return this.#rows - this.#before;
  }

  /** Hands out the rows since the last time, one at least. */
  batch(): { data: Float32Array; rows: number; columns: number; labels: string[] } {
    const rows = this.waiting;
    const given = { data: this.#values.slice(0, this.#count), rows, columns: this.#count / rows, labels: this.#labels };
    this.#before = this.#rows;
    this.#count = 0;
    this.#labels = [];
    return given;
  }

  /** Whether all labels so far look like numbers. */
  get areNumbers(): boolean {
    return this.#areNumbers;
  }

  /** The matrix [n×d], the labels, and the names of its columns. */
  end(): { data: Float32Array; rows: number; columns: string[]; labels: string[]; areNumbers: boolean } {
    const columns = (this.#names ?? []).filter((_, column) => column !== this.#label);
    if (this.#rows === 0 || columns.length === 0) {
      throw new DataError(
        "EMPTY_INPUT",
        `${WHERE}: there is nothing to learn from: expected at least one row and one column of numbers, ` +
          `got ${this.#rows} rows and ${columns.length} columns.`,
      );
    }
    const data = this.#values.slice(0, this.#count);
    return { data, rows: this.#rows, columns, labels: this.#labels, areNumbers: this.#areNumbers };
  }

  #begin({ cells }: CsvRow): readonly string[] {
    const names = this.#options.header ? cells : cells.map((_, column) => String(column));
    const { labelColumn } = this.#options;
    if (labelColumn !== undefined) {
      this.#label = typeof labelColumn === "number" ? labelColumn : names.indexOf(labelColumn);
      const isThere = this.#label >= 0 && this.#label < names.length;
      if (!isThere || (typeof labelColumn === "string" && names.lastIndexOf(labelColumn) !== this.#label)) {
        const listed = names.slice(0, 10).map((name) => JSON.stringify(name.slice(0, 40)));
        throw new OptionError(
          "BAD_OPTION",
          `${WHERE}: option \`labelColumn\` cannot be used: expected one of ${listed.join(", ")}${names.length > 10 ? ", …" : ""} ` +
            `that stands there once, or its place from 0 on, got ${describeValue(labelColumn)}.`,
        );
      }
    }
    this.#names = names;
    return names;
  }

  #gap(column: number, line: number): void {
    const { missing } = this.#options;
    if (typeof missing === "number" && column !== this.#label) {
      this.#push(missing);
      return;
    }
    throw this.#fault(
      "an empty cell",
      "a value",
      column,
      line,
      "nothing",
      "Say what stands for it by the option `missing`.",
    );
  }

  #forget(start: number): void {
    // A label of this row may have been taken already.
    this.#count = start;
    this.#rows--;
    if (this.#label >= 0) this.#labels.length = this.waiting;
  }

  #number(text: string, column: number, line: number): number {
    const value = NUMBER.test(text) ? Number(text) : Number.NaN;
    if (Number.isFinite(Math.fround(value))) return value;
    const range = Number.isNaN(value) ? "a number" : "a number within float32's range";
    throw this.#fault("a cell that cannot be used", range, column, line, describeValue(text), "");
  }

  #fault(wrong: string, expected: string, column: number, line: number, got: string, remedy: string): FormatError {
    const name = describeValue(this.#names?.[column]).replace("the string ", "");
    return new FormatError(
      "BAD_FIELD",
      `${WHERE}: there is ${wrong} at row ${this.#rows} (line ${line}), column ${name}: expected ${expected}, got ${got}. ${remedy}`.trim(),
    );
  }

  #pushLabel(text: string, isQuoted: boolean): void {
    this.#labels.push(text);
    this.#areNumbers &&= !isQuoted && NUMBER.test(text) && Number.isFinite(Number(text));
  }

  #push(value: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float32Array(2 * this.#values.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = value;
  }
}
