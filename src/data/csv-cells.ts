/**
 * The grammar of CSV (RFC 4180): cells between delimiters, rows between line ends, cells in quotes that may hold both, two quotes for one.
 * Text comes in pieces, rows go out as they are complete. Imports errors.
 */
import { FormatError } from "../errors.js";

/** A row's cells, and whether each stood in quotes: an empty one in quotes is a text, one without is a gap. */
export interface CsvRow {
  readonly cells: string[];
  readonly quoted: boolean[];
  /** Counted from 1, with all line ends inside quotes. */
  readonly line: number;
}

/** Characters that one cell may have: beyond, a quote was never closed. */
const LONGEST_CELL = 1_000_000;

type State = "start" | "plain" | "quoted" | "quote-in-quoted";

export class CsvCells {
  readonly #delimiter: string;
  readonly #where: string;
  readonly #onRow: (row: CsvRow) => void;
  #state: State = "start";
  #cell = "";
  #row: string[] = [];
  #quoted: boolean[] = [];
  #isQuoted = false;
  #afterReturn = false;
  #line = 1;
  #rowLine = 1;

  constructor(delimiter: string, where: string, onRow: (row: CsvRow) => void) {
    this.#delimiter = delimiter;
    this.#where = where;
    this.#onRow = onRow;
  }

  /** Takes the next piece of text, cut anywhere. */
  take(text: string): void {
    for (let i = 0; i < text.length; ) {
      const special = this.#nextSpecial(text, i);
      if (special > i) {
        this.#plain(text.slice(i, special));
        i = special;
      } else {
        this.#character(text[i]);
        i++;
      }
    }
  }

  /** The text has ended: the last row needs no line end. */
  end(): void {
    if (this.#state === "quoted") throw this.#neverClosed();
    if (this.#state !== "start" || this.#row.length > 0) this.#endRow();
  }

  /** Where the run of characters that mean nothing here ends. */
  #nextSpecial(text: string, from: number): number {
    let i = from;
    if (this.#state === "quoted") {
      const quote = text.indexOf('"', from);
      return quote < 0 ? text.length : quote;
    }
    const delimiter = this.#delimiter;
    for (; i < text.length; i++) {
      const c = text[i];
      if (c === delimiter || c === '"' || c === "\n" || c === "\r") break;
    }
    return i;
  }

  #plain(run: string): void {
    if (this.#state === "quote-in-quoted") throw this.#strayQuote("a delimiter or a line end after the closing quote");
    this.#afterReturn = false;
    if (this.#state === "start") this.#state = "plain";
    if (this.#state === "quoted") this.#countLines(run);
    this.#cell += run;
    if (this.#cell.length > LONGEST_CELL) throw this.#tooLong();
  }

  #character(c: string): void {
    const isPair = c === "\n" && this.#afterReturn;
    this.#afterReturn = c === "\r";
    if (c === '"') this.#quote();
    else if (c === this.#delimiter) this.#endCell();
    else if (!isPair) {
      this.#line++;
      this.#endRow();
    }
  }

  #quote(): void {
    if (this.#state === "plain") throw this.#strayQuote("quotes round the whole cell, inside doubled");
    if (this.#state === "quote-in-quoted") this.#cell += '"';
    this.#isQuoted = true;
    this.#state = this.#state === "quoted" ? "quote-in-quoted" : "quoted";
  }

  #endCell(): void {
    this.#row.push(this.#cell);
    this.#quoted.push(this.#isQuoted);
    this.#cell = "";
    this.#isQuoted = false;
    this.#state = "start";
  }

  #endRow(): void {
    this.#endCell();
    const [cells, quoted, line] = [this.#row, this.#quoted, this.#rowLine];
    this.#row = [];
    this.#quoted = [];
    this.#rowLine = this.#line;
    // A line without anything is none.
    if (cells.length > 1 || cells[0] !== "" || quoted[0]) this.#onRow({ cells, quoted, line });
  }

  #countLines(run: string): void {
    for (let i = run.indexOf("\n"); i >= 0; i = run.indexOf("\n", i + 1)) this.#line++;
  }

  #fault(wrong: string): FormatError {
    return new FormatError(
      "BAD_FIELD",
      `${this.#where}: ${wrong} at line ${this.#rowLine}, column ${this.#row.length + 1}.`,
    );
  }

  #strayQuote(expected: string): FormatError {
    return this.#fault(`a quote stands where none may: expected ${expected}`);
  }

  #neverClosed(): FormatError {
    return this.#fault("a quote is never closed: expected another one before the end, got the end of the text");
  }

  #tooLong(): FormatError {
    return new FormatError(
      "TOO_LARGE",
      this.#fault(`a cell is too long: expected at most ${LONGEST_CELL} characters, or a quote is never closed,`)
        .message,
    );
  }
}
