import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CsvData, type ReadCsvOptions, readCsv, readCsvBatches } from "../../../src/data/csv.js";
import { readIdx } from "../../../src/data/idx.js";
import { DataError, FormatError, LuceError, OptionError, ShapeError } from "../../../src/errors.js";
import { expectRejection } from "./fault.js";

const rowsOf = ({ x: { data, shape } }: CsvData): number[][] =>
  Array.from({ length: shape[0] }, (_, i) => Array.from(data.subarray(i * shape[1], (i + 1) * shape[1])));

const FLOWERS = "length,width,species\n1.5,2,setosa\n-3e2,.25,virginica\n";

/** A stream that hands the text on in pieces of some bytes, which cut characters and line ends anywhere. */
function inPieces(text: string, bytes: number): ReadableStream<Uint8Array> {
  const all = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= all.length) return controller.close();
      controller.enqueue(all.slice(at, at + bytes));
      at += bytes;
    },
  });
}

describe("a table with labels", () => {
  test("numbers, labels and names", async () => {
    const read = await readCsv(FLOWERS, { labelColumn: "species" });
    expect(rowsOf(read)).toEqual([
      [1.5, 2],
      [-300, 0.25],
    ]);
    expect(read.y).toEqual(["setosa", "virginica"]);
    expect(read.columns).toEqual(["length", "width"]);
    expect(read.x.shape).toEqual([2, 2]);
  });

  test("labels by place, as numbers where all of them are", async () => {
    expect((await readCsv("7,1\n8,2", { header: false, labelColumn: 0 })).y).toEqual([7, 8]);
    expect((await readCsv("7,1\n8x,2", { header: false, labelColumn: 0 })).y).toEqual(["7", "8x"]);
    // Quotes say that it is a text.
    expect((await readCsv('"7",1\n8,2', { header: false, labelColumn: 0 })).y).toEqual(["7", "8"]);
    const middle = await readCsv("a,b,c\n1,x,2\n3,y,4", { labelColumn: 1 });
    expect([rowsOf(middle), middle.columns, middle.y]).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      ["a", "c"],
      ["x", "y"],
    ]);
  });

  test("without labels, without names, with another delimiter", async () => {
    const read = await readCsv("1;2\n3;4\n", { header: false, delimiter: ";" });
    expect([rowsOf(read), read.columns]).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      ["0", "1"],
    ]);
    expect("y" in read).toBe(false);
    expect(rowsOf(await readCsv("a\tb\n1\t2", { delimiter: "\t" }))).toEqual([[1, 2]]);
  });
});

describe("what CSV files look like", () => {
  const expected = [
    [1, 2],
    [3, 4],
  ];

  test.each([
    ["LF", "a,b\n1,2\n3,4\n"],
    ["CRLF", "a,b\r\n1,2\r\n3,4\r\n"],
    ["CR", "a,b\r1,2\r3,4\r"],
    ["no line end at the end", "a,b\n1,2\n3,4"],
    ["empty lines", "\n\na,b\n\n1,2\r\n\r\n3,4\n\n\n"],
    ["a mark of byte order", "\uFEFFa,b\n1,2\n3,4"],
    ["quotes", '"a","b"\n"1","2"\n"3",4'],
    ["blanks round numbers", "a,b\n 1, 2 \n3\t,+4"],
  ])("%s", async (_name, text) => {
    for (const source of [
      text,
      new TextEncoder().encode(text),
      new Blob([text]),
      inPieces(text, 1),
      inPieces(text, 3),
    ]) {
      const read = await readCsv(source);
      expect([rowsOf(read), read.columns]).toEqual([expected, ["a", "b"]]);
    }
    expect(rowsOf(await readCsv(gzipSync(text)))).toEqual(expected);
  });

  test("delimiters, line ends and quotes inside quotes", async () => {
    const text = 'x,"the ""class"", so to say"\r\n1,"a,b"\r\n2,"line one\r\nline two"\r\n3,""""\r\n4,λ🐈\r\n';
    for (const source of [text, inPieces(text, 1), inPieces(text, 5)]) {
      const read = await readCsv(source, { labelColumn: 'the "class", so to say' });
      expect(read.y).toEqual(["a,b", "line one\r\nline two", '"', "λ🐈"]);
      expect(rowsOf(read)).toEqual([[1], [2], [3], [4]]);
    }
  });

  test("200,000 columns, and 50,000 rows", async () => {
    const wide = Array.from({ length: 200_000 }, (_, j) => j).join();
    expect((await readCsv(wide, { header: false })).x.shape).toEqual([1, 200_000]);
    const tall = await readCsv(inPieces("1,2\n".repeat(50_000), 4096), { header: false });
    expect(tall.x.shape).toEqual([50_000, 2]);
    expect(tall.x.data.reduce((sum, v) => sum + v, 0)).toBe(150_000);
  });
});

describe("gaps", () => {
  const text = "a,b,c\n1,2,x\n3,,y\n,6,z\n7,8,\n";

  test("are errors that name row, line and column", async () => {
    const refuse = (csv: string, ...parts: string[]) =>
      expectRejection(
        readCsv(csv, { labelColumn: "c" }),
        FormatError,
        "BAD_FIELD",
        "readCsv: ",
        "empty cell",
        ...parts,
      );
    await refuse(text, "row 2 (line 3)", 'column "b"', "`missing`");
    await refuse('a,b,c\n"1",2,"two\nlines"\n5,6,\n', "row 2 (line 4)", 'column "c"');
  });

  test("take a number, but labels cannot", async () => {
    const read = await readCsv(text.replace("8,\n", "8,w\n"), { labelColumn: "c", missing: -1 });
    expect(rowsOf(read)).toEqual([
      [1, 2],
      [3, -1],
      [-1, 6],
      [7, 8],
    ]);
    await expectRejection(readCsv(text, { labelColumn: "c", missing: 0 }), FormatError, "BAD_FIELD", "row 4", '"c"');
  });

  test("or their rows are left out", async () => {
    for (const labelColumn of ["c", "a"]) {
      const csv = labelColumn === "c" ? text : "c,a,b\n1,x,2\n3,y,\n5,,6\n7,z,8\n";
      const read = await readCsv(csv, { labelColumn, missing: "skip" });
      expect(read.y).toEqual(labelColumn === "c" ? ["x"] : ["x", "z"]);
      expect(rowsOf(read)).toEqual(
        labelColumn === "c"
          ? [[1, 2]]
          : [
              [1, 2],
              [7, 8],
            ],
      );
    }
  });

  test("an empty text in quotes is a label, and no number", async () => {
    expect((await readCsv('1,""\n2,b', { header: false, labelColumn: 1 })).y).toEqual(["", "b"]);
    await expectRejection(
      readCsv('1,""', { header: false, missing: 0 }),
      FormatError,
      "BAD_FIELD",
      'got the string ""',
    );
  });
});

describe("what cannot be read", () => {
  const refuse = (text: string, ...parts: string[]) =>
    expectRejection(readCsv(text), FormatError, "BAD_FIELD", "readCsv: ", ...parts);

  test.each(["x", "NaN", "Infinity", "1e", "0x10", "1,5".replace(",", "_"), "--1", "1e39", "-1e400", "12abc", "null"])(
    "%s is no number",
    async (cell) => {
      await refuse(`a,b\n1,2\n3,${cell}\n`, "row 2 (line 3)", 'column "b"', `got the string ${JSON.stringify(cell)}`);
    },
  );

  test("stray quotes", async () => {
    await refuse('a\n"1"2\n', "closing quote", "line 2, column 1");
    await refuse('a,b\n1,2"3"\n', "whole cell", "line 2, column 2");
    await refuse('a,b\n1,"2\n3,4\n', "never closed", "line 2, column 2");
  });

  test("rows of another length", async () => {
    await expectRejection(readCsv("a,b\n1,2\n3\n"), ShapeError, "RAGGED_ROWS", "row 2 (line 3)", "expected 2, got 1");
    await expectRejection(readCsv("a,b\n1,2,3"), ShapeError, "RAGGED_ROWS", "row 1 (line 2)", "got 3");
  });

  test("nothing", async () => {
    for (const text of ["", "\n\n", "a,b\n", "\uFEFF"]) await expectRejection(readCsv(text), DataError, "EMPTY_INPUT");
    await expectRejection(readCsv("1\n2", { header: false, labelColumn: 0 }), DataError, "EMPTY_INPUT", "0 columns");
    await expectRejection(readCsv(new Uint8Array(0)), DataError, "EMPTY_INPUT");
  });

  test("another encoding, a damaged or a huge file", async () => {
    await expectRejection(readCsv(Uint8Array.of(0x61, 0xff, 0x0a)), FormatError, "BAD_UTF8");
    await expectRejection(readCsv(Uint8Array.of(0x31, 0x0a, 0xc3)), FormatError, "BAD_UTF8");
    await expectRejection(readCsv(gzipSync("a\n1\n").subarray(0, 15)), FormatError, "TRUNCATED");
    const zeros = gzipSync("0\n".repeat(500_000));
    await expectRejection(readCsv(zeros, { maxBytes: 1000 }), FormatError, "TOO_LARGE", "at most 1000");
    await expectRejection(readCsv("a\n1\n", { maxBytes: 3 }), FormatError, "TOO_LARGE", "got 4");
    await expectRejection(readCsv(`"${"x".repeat(1_000_001)}`), FormatError, "TOO_LARGE", "1000000 characters");
  });

  test("a Response that is an error, and no file", async () => {
    await expectRejection(
      readCsv(new Response("", { status: 404 })),
      FormatError,
      "BAD_FIELD",
      "got 404",
      "check the address",
    );
    await expectRejection(readCsv(7 as never), DataError, "UNSUPPORTED_TYPE", "got 7");
  });

  test.each<[ReadCsvOptions | object, string]>([
    [{ delimiter: ";;" }, "`delimiter`"],
    [{ delimiter: '"' }, "`delimiter`"],
    [{ header: 1 }, "`header`"],
    [{ missing: "mean" }, "`missing`"],
    [{ missing: Number.NaN }, "`missing`"],
    [{ maxBytes: 0 }, "`maxBytes`"],
    [{ labelColumn: -1 }, "`labelColumn`"],
    [{ labelColumn: 3 }, "`labelColumn`"],
    [{ labelColumn: "z" }, '"length", "width", "species"'],
  ])("options %j", async (options, part) => {
    await expectRejection(readCsv(FLOWERS, options), OptionError, "BAD_OPTION", "readCsv: ", part);
  });

  test("a name that two columns have", async () => {
    await expectRejection(readCsv("a,a\n1,2", { labelColumn: "a" }), OptionError, "BAD_OPTION", "once");
  });
});

describe("any text", () => {
  const cell = fc.string({ unit: "grapheme", maxLength: 8 });

  test("labels come back as they were quoted, however the bytes are cut", async () => {
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    const lists = fc.array(fc.oneof(cell, fc.constantFrom('"', ",", "\r\n", "\n", '""', '",\n"')), {
      minLength: 1,
      maxLength: 9,
    });
    await fc.assert(
      fc.asyncProperty(lists, fc.integer({ min: 1, max: 7 }), async (labels, piece) => {
        const text = labels.map((label, i) => `${i},${quoted(label)}\r\n`).join("");
        const read = await readCsv(inPieces(text, piece), { header: false, labelColumn: 1 });
        expect(read.y).toEqual(labels);
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  test("an error of ours, or a table", async () => {
    const parts = fc.constantFrom('"', ",", "\n", "\r", "1", "2.5", "x", " ", "-", "e", "\uFEFF");
    await fc.assert(
      fc.asyncProperty(fc.array(parts, { maxLength: 40 }), fc.boolean(), async (texts, header) => {
        try {
          const { x, columns } = await readCsv(texts.join(""), { header });
          expect(x.data.length).toBe(x.shape[0] * columns.length);
          expect(x.data.every(Number.isFinite)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(LuceError);
        }
      }),
      { numRuns: 1000, seed: 1 },
    );
  });
});

test("an option that there is not is told, before anything is read", async () => {
  const unknown = { code: "UNKNOWN_OPTION", message: expect.stringContaining("Did you mean `labelColumn`?") };
  await expect(readCsv("a,kind\n1,2\n", { lableColumn: "kind" } as never)).rejects.toMatchObject(unknown);
  expect(() => readCsvBatches("a,kind\n1,2\n", { lableColumn: "kind" } as never)).toThrow(
    expect.objectContaining(unknown),
  );
  await expect(readIdx(new Uint8Array(4), { maxByte: 1 } as never)).rejects.toMatchObject({ code: "UNKNOWN_OPTION" });
});
