import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ErrorCode, FormatError } from "../../../src/errors.js";
import { readModelJson, writeModelJson } from "../../../src/formats/json.js";
import { expectFault } from "../data/fault.js";

const good = () => ({
  ...writeModelJson({ classes: ["a", "b"], features: 2, theta: Float32Array.of(1, 2, 3, 4, 5, 6) }),
});

const refuse = (json: unknown, code: ErrorCode, ...parts: string[]) =>
  expectFault(() => readModelJson(json), FormatError, code, "fromJSON: ", ...parts);

/** The good model with some fields changed, as a caller without types may pass it. */
const refuseWith = (change: object, code: ErrorCode, ...parts: string[]) => {
  refuse({ ...good(), ...change }, code, ...parts);
};

describe("no model at all", () => {
  test.each([
    [null, "null"],
    [undefined, "undefined"],
    [7, "7"],
    [[], "an array"],
    [[good()], "an array"],
    ["[]", "an array"],
    ["null", "null"],
    ["1e308", "1e+308"],
  ])("%j: expected an object", (json, got) => {
    refuse(json, "BAD_JSON", "expected an object", `got ${got}`);
  });

  test.each(["", "{", '{"format":', "<!doctype html>", "{} {}", "\uFEFF{}"])("%j is not JSON", (text) => {
    const error = refuse(text, "BAD_JSON", "not JSON");
    expect(error.cause).toBeInstanceOf(SyntaxError);
  });

  test("a JSON object of something else", () => {
    refuse({}, "BAD_FIELD", "`format`", "luce/softmax-regression", "got undefined");
    refuse({ format: "onnx" }, "BAD_FIELD", "`format`", 'got the string "onnx"');
  });
});

describe("versions", () => {
  test.each([
    [2, "got 2"],
    [0, "got 0"],
    ["1", 'got the string "1"'],
    [undefined, "got undefined"],
    [null, "got null"],
    [{ toString: 1, valueOf: 1 }, "got an object"],
  ])("%j is refused", (version, got) => {
    refuseWith({ version }, "BAD_VERSION", "expected 1", got, "Update luce");
  });

  test("a later one is refused before its unknown fields are looked at", () => {
    refuse({ format: "luce/softmax-regression", version: 2, layers: [] }, "BAD_VERSION");
  });
});

describe("fields", () => {
  test.each(["format", "version", "classes", "features", "coef", "intercept"])("%s is missing", (name) => {
    const { [name as "coef"]: _, ...rest } = good();
    refuse(rest, name === "version" ? "BAD_VERSION" : "BAD_FIELD");
  });

  test("a field that a prototype supplies is missing all the same", () => {
    const { coef, ...rest } = good();
    refuse(Object.assign(Object.create({ coef }), rest), "BAD_FIELD", "`coef`", "got undefined");
    const text = JSON.stringify(rest).replace("{", `{"__proto__":{"coef":[1,2,3,4]},`);
    refuse(text, "BAD_FIELD", "`coef`", "got undefined");
  });

  test("__proto__ in the text pollutes nothing", () => {
    const text = JSON.stringify(good()).replace("{", '{"__proto__":{"polluted":true},');
    expect(readModelJson(text).classes).toEqual(["a", "b"]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test.each([
    [["a"]],
    [[]],
    [["b", "a"]],
    [["a", "a"]],
    [["a", 1]],
    [[1, null]],
    [[0, Number.POSITIVE_INFINITY]],
    [[Number.NaN, 1]],
    [[{}, {}]],
    ["ab"],
    [null],
    [new Array(2)],
  ])("classes %j", (classes) => {
    refuseWith({ classes }, "BAD_FIELD", "`classes`", "at least two different labels of one type");
  });

  test.each([0, -1, "2", Number.NaN, Number.POSITIVE_INFINITY, [], true])("temperature %s", (temperature) => {
    refuseWith({ temperature }, "BAD_FIELD", "`temperature`", "a finite number > 0");
  });

  test.each([0, -1, 1.5, "2", null, Number.NaN, 2 ** 53])("features %s", (features) => {
    refuseWith({ features }, "BAD_FIELD", "`features`", "a positive integer");
  });

  test("a huge number of features takes no memory", () => {
    refuseWith({ features: 2 ** 52 }, "BAD_FIELD", "`coef`", `an array of ${2 ** 53} numbers`, "an array of length 4");
    refuseWith({ features: 1e9 }, "BAD_FIELD", "`coef`", "an array of 2000000000 numbers");
  });

  test.each([[[1, 2, 3]], [[1, 2, 3, 4, 5]], ["1234"], [null], [{ length: 4 }]])("coef %j", (coef) => {
    refuseWith({ coef }, "BAD_FIELD", "`coef`", "an array of 4 numbers");
  });

  test.each([
    [1e308, "1e+308"],
    [-3.5e38, "-3.5e+38"],
    ["3", 'the string "3"'],
    [null, "null"],
    [Number.NaN, "NaN"],
    [[1], "an array"],
    [true, "true"],
  ])("a coefficient of %j", (bad, got) => {
    refuseWith({ coef: [1, 2, bad, 4] }, "BAD_FIELD", "`coef[2]`", "float32", `got ${got}`);
    refuseWith({ intercept: [1, bad] }, "BAD_FIELD", "`intercept[1]`", "float32", `got ${got}`);
  });

  test("a hole among the coefficients", () => {
    const coef = [1, 2, 3];
    coef.length = 4;
    refuseWith({ coef }, "BAD_FIELD", "`coef[3]`", "got undefined");
  });
});

describe("bombs", () => {
  const deep = "[".repeat(200_000) + "]".repeat(200_000);

  test.each(["version", "classes", "features", "coef", "format"])("200,000 brackets at %s", (name) => {
    const { [name as "coef"]: _, ...rest } = good();
    const text = JSON.stringify(rest).replace("{", `{"${name}":${deep},`);
    const error = refuse(text, name === "version" ? "BAD_VERSION" : "BAD_FIELD");
    expect(error.message.length).toBeLessThan(300);
  });

  test("a long string in a message is cut", () => {
    const error = refuse({ ...good(), format: "x".repeat(1e6) }, "BAD_FIELD");
    expect(error.message.length).toBeLessThan(300);
  });

  test("any JSON value anywhere: a FormatError or a model", () => {
    const names = fc.constantFrom("format", "version", "classes", "features", "coef", "intercept");
    fc.assert(
      fc.property(names, fc.jsonValue(), (name, value) => {
        try {
          expect(readModelJson({ ...good(), [name]: value }).features).toBe(2);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  test("any cut or changed character: a FormatError or a model", () => {
    const text = JSON.stringify(good());
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 2 }), (at, put) => {
        try {
          expect(readModelJson(text.slice(0, at) + put + text.slice(at + 1)).classes.length).toBeGreaterThan(1);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});

test("a class of −0 is the class 0, and numbers are read once", () => {
  let reads = 0;
  const coef = [1, 2, 3, 4];
  Object.defineProperty(coef, 2, { get: () => (reads++ === 0 ? 3 : Number.NaN) });
  const { classes, theta } = readModelJson({ ...good(), classes: [-0, 1], coef });
  expect(Object.is(classes[0], 0)).toBe(true);
  expect([...theta]).toEqual([1, 2, 3, 4, 5, 6]);
});
