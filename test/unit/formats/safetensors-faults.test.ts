import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataError, type ErrorCode, FormatError, LabelError, OptionError, ShapeError } from "../../../src/errors.js";
import { fromSafetensors, toSafetensors } from "../../../src/index.js";
import { expectFault } from "../data/fault.js";
import { LUCE_MODEL } from "./interchange-golden.js";
import { compose, fileOf } from "./safetensors-file.js";

const refuse = (file: Uint8Array, code: ErrorCode, ...parts: string[]) =>
  expectFault(() => fromSafetensors(file), FormatError, code, "fromSafetensors: ", ...parts);

/** A sound header for weight [2×1] and bias [2], with some entries changed. */
const header = (change: object = {}): string =>
  JSON.stringify({
    weight: { dtype: "F32", shape: [2, 1], data_offsets: [0, 8] },
    bias: { dtype: "F32", shape: [2], data_offsets: [8, 16] },
    ...change,
  });
const bias = (change: object): string =>
  header({ bias: { dtype: "F32", shape: [2], data_offsets: [8, 16], ...change } });

test("the header that the others are made of is sound", () => {
  expect(fromSafetensors(fileOf(header(), 16)).coef.shape).toEqual([1, 2]);
});

describe("the length of the header", () => {
  test.each([0, 1, 7])("a file of %d bytes", (length) => {
    refuse(new Uint8Array(length), "TRUNCATED", "at least 8 bytes", `got ${length}`);
  });

  test("past the end of the file", () => {
    refuse(fileOf(header(), 16, 1000n), "HEADER_PAST_END", "got 1000");
    refuse(fileOf("", 0, 1n), "HEADER_PAST_END", "the 0 bytes that follow");
  });

  test("more than 100 MB, more than 2^53, all ones", () => {
    refuse(fileOf(header(), 16, 100_000_001n), "HEADER_TOO_LARGE", "at most 100000000", "got 100000001");
    refuse(fileOf(header(), 16, 2n ** 53n), "HEADER_OVERFLOW", "got 9007199254740992");
    refuse(new Uint8Array(64).fill(0xff), "HEADER_OVERFLOW");
  });
});

describe("the text of the header", () => {
  test("that is not UTF-8", () => {
    refuse(fileOf(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)), "BAD_UTF8");
    refuse(fileOf(Uint8Array.of(0xc0, 0x80)), "BAD_UTF8");
  });

  test.each(["", "{", "{]", "\uFEFF{}", "{}x", "[]", "null", "7", ' {"a":1}', '"weight"'])(
    "%j: no JSON object",
    (text) => {
      refuse(fileOf(text), "BAD_JSON");
    },
  );

  test.each([
    ['{"bias":1,"bias":2}', '"bias"'],
    ['{"a":{"x":1,"x":2}}', '"x"'],
    ['{"a":[{"k":[{}, {"q":1, "r":[], "q" : 2}]}]}', '"q"'],
    ['{"__proto__":1,"__proto__":2}', '"__proto__"'],
    ['{"a":1,"\\u0061":2}', '"a"'],
    ['{"\\"":1,"b":"\\\\","\\"":2}', '"\\""'],
  ])("%s: a key twice", (text, key) => {
    refuse(fileOf(text), "DUPLICATE_KEY", key);
  });

  test("the same key in different objects, and values that look like keys, are no duplicates", () => {
    const text = header({ __metadata__: { dtype: "weight", shape: '":', weight: "a:\\" } });
    expect(fromSafetensors(fileOf(text, 16)).classes).toEqual([0, 1]);
  });

  test("200,000 brackets", () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    refuse(fileOf(`{"weight":${deep}}`), "BAD_FIELD", "an array");
    const error = refuse(
      fileOf(`{"${"x".repeat(1e6)}":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`),
      "BAD_FIELD",
    );
    expect(error.message.length).toBeLessThan(400);
  });
});

describe("a tensor", () => {
  test.each([
    ["an unknown dtype", { dtype: "F4" }, "UNKNOWN_TYPE"],
    ["a dtype of every object", { dtype: "constructor" }, "UNKNOWN_TYPE"],
    ["no dtype", { dtype: undefined }, "BAD_FIELD"],
    ["a dtype that is no text", { dtype: 32 }, "BAD_FIELD"],
    ["no shape", { shape: undefined }, "BAD_FIELD"],
    ["a negative size", { shape: [-2] }, "BAD_FIELD"],
    ["a fractional size", { shape: [2.5] }, "BAD_FIELD"],
    ["a size of 2^53", { shape: [2 ** 53] }, "BAD_FIELD"],
    ["no offsets", { data_offsets: undefined }, "BAD_FIELD"],
    ["one offset", { data_offsets: [8] }, "BAD_FIELD"],
    ["three offsets", { data_offsets: [8, 16, 24] }, "BAD_FIELD"],
    ["a negative offset", { data_offsets: [-8, 0] }, "BAD_FIELD"],
    ["an offset as text", { data_offsets: ["8", "16"] }, "BAD_FIELD"],
    ["its end before its beginning", { data_offsets: [16, 8] }, "BAD_RANGE"],
    ["a shape whose product overflows", { shape: [2 ** 40, 2 ** 40] }, "SIZE_OVERFLOW"],
    ["a shape whose bytes overflow", { shape: [2 ** 52] }, "SIZE_OVERFLOW"],
    ["a shape whose product is infinite", { shape: new Array(30).fill(2 ** 50) }, "SIZE_OVERFLOW"],
    ["more bytes than its shape", { shape: [1] }, "SPAN_MISMATCH"],
    ["fewer bytes than its shape", { shape: [3] }, "SPAN_MISMATCH"],
    ["elements of another size", { dtype: "F64" }, "SPAN_MISMATCH"],
    ["a place over the weights", { data_offsets: [4, 12] }, "OVERLAP"],
    ["the place of the weights", { data_offsets: [0, 8] }, "OVERLAP"],
    ["a hole before it", { data_offsets: [12, 20] }, "HOLE"],
    ["a hole of terabytes before it", { data_offsets: [2 ** 50, 2 ** 50 + 8] }, "HOLE"],
  ] as const)("with %s", (_name, change, code) => {
    refuse(fileOf(bias(change), 16), code, code === "BAD_FIELD" || code === "UNKNOWN_TYPE" ? "bias" : "got ");
  });

  test("an entry that is no object, metadata that is no text", () => {
    refuse(fileOf(header({ bias: null }), 16), "BAD_FIELD", "`bias`", "got null");
    refuse(fileOf(header({ __metadata__: ["a"] }), 16), "BAD_FIELD", "`__metadata__`");
    refuse(fileOf(header({ __metadata__: { version: 1 } }), 16), "BAD_FIELD", "version", "got 1");
  });

  test("bytes missing at the end, and too many", () => {
    refuse(fileOf(header(), 15), "TRUNCATED", "expected 16 bytes", "got 15");
    refuse(fileOf(header(), 17), "TRAILING_BYTES", "expected 16 bytes", "got 17");
    refuse(fileOf("{}", 1), "TRAILING_BYTES");
  });

  test("terabytes that are not there take no memory", () => {
    const huge = { dtype: "F32", shape: [2, 2 ** 40], data_offsets: [0, 2 ** 43] };
    refuse(fileOf(JSON.stringify({ weight: huge }), 16), "TRUNCATED", "got 16");
  });

  test.each([
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "Infinity"],
  ])("weights of %d", (bad, got) => {
    const weight = { dtype: "F32", shape: [2, 2], values: Float32Array.of(1, 2, bad, 4) };
    refuse(compose({ weight }), "NON_FINITE_WEIGHTS", "`weight`", `got ${got} at 2`);
  });

  test("a float64 beyond float32, a NaN of bfloat16", () => {
    const weight = { dtype: "F64", shape: [2, 1], values: Float64Array.of(1, 1e39) };
    refuse(compose({ weight }), "NON_FINITE_WEIGHTS", "got Infinity at 1");
    const sound = { dtype: "F32", shape: [2, 1], values: Float32Array.of(1, 2) };
    const halves = { dtype: "BF16", shape: [2], values: Uint16Array.of(0x3f80, 0x7fc0) };
    refuse(compose({ weight: sound, bias: halves }), "NON_FINITE_WEIGHTS", "`bias`", "got NaN at 1");
  });
});

describe("a sound file of something else", () => {
  const floats = (...shape: number[]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return { dtype: "F32", shape, values: new Float32Array(count) };
  };

  test("without the layer: its tensors are named", () => {
    refuse(compose({ "fc.weight": floats(2, 2) }), "BAD_FIELD", '"weight" is missing', "fc.weight", "`prefix`");
    refuse(fileOf("{}"), "BAD_FIELD", "got none");
  });

  test.each([[[4]], [[2, 2, 1]], [[1, 4]], [[0, 4]], [[2, 0]], [[]]])("weight of shape %j", (shape) => {
    refuse(compose({ weight: floats(...shape) }), "BAD_FIELD", "`weight`", `got [${shape.join(", ")}]`);
  });

  test("a bias of another length", () => {
    refuse(compose({ weight: floats(2, 2), bias: floats(3) }), "BAD_FIELD", "`bias`", "the shape [2]", "got [3]");
    refuse(compose({ weight: floats(2, 2), bias: floats(1, 2) }), "BAD_FIELD", "`bias`", "got [1, 2]");
  });

  test("integers for weights", () => {
    const weight = { dtype: "I32", shape: [2, 1], values: Int32Array.of(1, 2) };
    refuse(compose({ weight }), "UNKNOWN_TYPE", "`weight`", "F16, BF16, F32, F64", "got I32");
  });

  const ours = (metadata: object) =>
    fileOf(header({ __metadata__: { format: "luce/softmax-regression", version: "1", ...metadata } }), 16);

  test.each(["0", "-1", "", "x", "1e999", "Infinity", "NaN", "0x1", "--1"])(
    "of ours, with the temperature %j",
    (temperature) => {
      refuse(ours({ classes: "[0,1]", temperature }), "BAD_FIELD", "`temperature`", "> 0");
    },
  );

  test("of ours, with another version or without sound classes", () => {
    refuse(ours({ version: "2" }), "BAD_VERSION", "expected 1", 'got the string "2"');
    refuse(ours({}), "BAD_FIELD", "`classes`");
    refuse(ours({ classes: "[" }), "BAD_JSON", "`classes`");
    for (const classes of ['["a"]', '["a","a"]', '["a",1]', '["a","b","c"]', "[null,null]", "[1e999,1]", '{"0":1}']) {
      refuse(ours({ classes }), "BAD_FIELD", "`classes`", "2 different labels of one type");
    }
  });
});

describe("what the caller gives besides", () => {
  const file = fileOf(header(), 16);
  test("classes", () => {
    expectFault(
      () => fromSafetensors(file, { classes: ["a", "b", "c"] }),
      ShapeError,
      "SHAPE_MISMATCH",
      "expected 2, got 3",
    );
    expectFault(() => fromSafetensors(file, { classes: ["a"] }), LabelError, "ONE_CLASS");
    expectFault(() => fromSafetensors(file, { classes: ["a", "a"] }), OptionError, "BAD_OPTION", "twice");
  });

  test("other options, and no file", () => {
    expectFault(() => fromSafetensors(file, { prefix: 7 as never }), OptionError, "BAD_OPTION", "`prefix`", "got 7");
    expectFault(() => fromSafetensors(file, { prefx: "" } as never), OptionError, "UNKNOWN_OPTION");
    expectFault(() => fromSafetensors("{}" as never), DataError, "UNSUPPORTED_TYPE", 'got the string "{}"');
    expectFault(() => fromSafetensors(null as never), DataError, "UNSUPPORTED_TYPE", "got null");
    const { buffer } = toSafetensors(LUCE_MODEL);
    structuredClone(buffer, { transfer: [buffer] });
    expectFault(() => fromSafetensors(buffer), DataError, "DETACHED_BUFFER");
  });
});

describe("any damage: a FormatError or a sound model", () => {
  const sound = toSafetensors(LUCE_MODEL);

  function readOrRefuse(file: Uint8Array): void {
    try {
      const model = fromSafetensors(file);
      expect(model.coef.data.every(Number.isFinite)).toBe(true);
      expect(model.coef.shape[1]).toBe(model.classes.length);
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
    }
  }

  test("random bytes, with and without a plausible length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, isPlausible) => {
        readOrRefuse(bytes);
        if (isPlausible) readOrRefuse(fileOf(bytes, 8));
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  test("each single bit turned over", () => {
    for (let bit = 0; bit < 8 * sound.length; bit++) {
      const damaged = sound.slice();
      damaged[bit >> 3] ^= 1 << (bit & 7);
      readOrRefuse(damaged);
    }
  });

  test("cut at each length", () => {
    for (let length = 0; length < sound.length; length++) {
      expect(() => fromSafetensors(sound.subarray(0, length))).toThrow(FormatError);
    }
  });

  test("any JSON in place of any part of the header", () => {
    const names = fc.constantFrom("weight", "bias", "__metadata__", "other");
    const fields = fc.constantFrom("dtype", "shape", "data_offsets", undefined);
    fc.assert(
      fc.property(names, fields, fc.jsonValue(), (name, field, value) => {
        const whole = JSON.parse(header());
        if (field === undefined) whole[name] = value;
        else whole[name] = { ...whole[name], [field]: value };
        readOrRefuse(fileOf(JSON.stringify(whole), 16));
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});
