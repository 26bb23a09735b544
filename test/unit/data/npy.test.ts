import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readNpy } from "../../../src/data/npy.js";
import { DataError, type ErrorCode, FormatError } from "../../../src/errors.js";
import { SoftmaxRegression } from "../../../src/index.js";
import golden from "../../golden/npy.json" with { type: "json" };
import { expectFault } from "./fault.js";

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));

/** A file with any header and any bytes after it. */
function npy(header: string, data: Uint8Array | number = 0, version: readonly [number, number] = [1, 0]): Uint8Array {
  const length =
    version[0] === 1 ? [header.length & 255, header.length >> 8] : [header.length & 255, header.length >> 8, 0, 0];
  const text = [...header].map((character) => character.charCodeAt(0));
  return Uint8Array.of(
    0x93,
    ...[..."NUMPY"].map((c) => c.charCodeAt(0)),
    ...version,
    ...length,
    ...text,
    ...(typeof data === "number" ? new Uint8Array(data) : data),
  );
}

const header = (change: Readonly<Record<string, string>> = {}): string => {
  const fields = { descr: "'<f4'", fortran_order: "False", shape: "(2, 3)", ...change };
  return `{${Object.entries(fields)
    .map(([key, value]) => `'${key}': ${value}, `)
    .join("")}}  \n`;
};

const refuse = (file: Uint8Array, code: ErrorCode, ...parts: string[]) =>
  expectFault(() => readNpy(file), FormatError, code, "readNpy: ", ...parts);

describe("arrays that NumPy saved", () => {
  test.each(golden.cases)("$name", ({ file, shape, data }) => {
    const array = readNpy(bytesOf(file));
    expect(array.shape).toEqual(shape);
    expect(Array.from(array.data)).toEqual(data);
  });

  test.each(golden.refused)("$name are refused", ({ name, file }) => {
    refuse(bytesOf(file), "UNKNOWN_TYPE", name === "objects" ? "Python programs" : "not supported");
  });

  test("halves come as float32, all else as it is stored; a matrix goes into a fit", async () => {
    const kinds = golden.cases.slice(0, 12).map(({ file }) => readNpy(bytesOf(file)).data.constructor.name);
    expect([...new Set(kinds)]).toEqual([
      "Float32Array",
      "Float64Array",
      "Uint8Array",
      "Int8Array",
      "Int16Array",
      "Int32Array",
    ]);
    using model = new SoftmaxRegression({ device: "cpu", maxIterations: 2 });
    await model.fit(readNpy(bytesOf(golden.cases[0].file)), ["a", "b"]);
    expect(model.coef.shape).toEqual([3, 2]);
  });

  test("at an odd offset, from an ArrayBuffer, and without changing the bytes", () => {
    const file = bytesOf(golden.cases[3].file);
    const shifted = new Uint8Array(file.length + 1);
    shifted.set(file, 1);
    const before = shifted.slice();
    expect(Array.from(readNpy(shifted.subarray(1)).data)).toEqual(golden.cases[3].data);
    expect(shifted).toEqual(before);
    expect(Array.from(readNpy(file.buffer as ArrayBuffer).data)).toEqual(golden.cases[3].data);
  });
});

describe("headers", () => {
  test("are read whatever their order and blanks", () => {
    expect(readNpy(npy("{'shape':(6,),'descr':'<f4','fortran_order':False}", 24)).shape).toEqual([6]);
    expect(readNpy(npy(header(), 24)).shape).toEqual([2, 3]);
  });

  test.each([
    ["nothing", ""],
    ["no braces", "'descr': '<f4'"],
    ["no closing brace", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), "],
    ["a key missing", "{'descr': '<f4', 'shape': (2, 3)}"],
    ["a key twice", header().replace("}", "'shape': (2, 3)}")],
    ["another key", header().replace("}", "'evil': True}")],
    ["something after it", `${header().trim()} + 1`],
    ["a shape that is a number", header({ shape: "6" })],
    ["a shape without its comma", header({ shape: "(6)" })],
    ["a hole in the shape", header({ shape: "(2,,3)" })],
    ["a negative size", header({ shape: "(-2, 3)" })],
    ["a size beyond 2^53", header({ shape: "(99999999999999999, 1)" })],
    ["33 dimensions", header({ shape: `(${"1, ".repeat(33)})` })],
    ["an order that is no truth", header({ fortran_order: "0" })],
    ["code", header({ shape: "(__import__('os').system('ls'),)" })],
    ["a text for the order", header({ fortran_order: "'True'" })],
  ])("with %s", (_name, text) => {
    refuse(npy(text, 24), "BAD_FIELD", "header");
  });

  test.each(["'f4'", "'=f4'", "'|f4'", "'<f16'", "'<V4'", "'<m8'", "'|O'", "'|S3'", "''"])("of type %s", (descr) => {
    refuse(npy(header({ descr }), 24), "UNKNOWN_TYPE", descr.slice(1, -1));
  });
});

describe("lengths", () => {
  test("no npy at all, a cut beginning, another version", () => {
    refuse(new Uint8Array(0), "BAD_MAGIC");
    refuse(new TextEncoder().encode("<!doctype html>"), "BAD_MAGIC", "NUMPY");
    refuse(npy("").subarray(0, 8), "TRUNCATED", "got 8");
    refuse(npy(header(), 24).subarray(0, 40), "TRUNCATED", "got 40");
    refuse(npy(header(), 24, [4, 0]), "BAD_VERSION", "got 4.0");
    refuse(npy(header(), 24, [1, 1]), "BAD_VERSION", "got 1.1");
  });

  test("too few elements, too many, and a shape that would take terabytes", () => {
    refuse(npy(header(), 23), "TRUNCATED", "expected 24 bytes, got 23");
    refuse(npy(header(), 25), "TRAILING_BYTES", "expected 24 bytes, got 25");
    refuse(npy(header({ shape: "(1099511627776, 3)" }), 24), "TRUNCATED");
    refuse(npy(header({ shape: "(1099511627776, 1099511627776)" }), 24), "SIZE_OVERFLOW");
  });

  test("what is no file", () => {
    expectFault(() => readNpy([1, 2] as never), DataError, "UNSUPPORTED_TYPE", "an array of length 2");
  });
});

test("any damage: a FormatError or an array that fills its shape", () => {
  const readOrRefuse = (file: Uint8Array): void => {
    try {
      const { data, shape } = readNpy(file);
      expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
    }
  };
  const sound = npy(header(), 24);
  for (let bit = 0; bit < 8 * sound.length; bit++) {
    const damaged = sound.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    readOrRefuse(damaged);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readOrRefuse(bytes);
      readOrRefuse(npy(String.fromCharCode(...bytes)));
    }),
    { numRuns: 500, seed: 1 },
  );
});
