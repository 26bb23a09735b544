import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ReadIdxOptions, readIdx } from "../../../src/data/idx.js";
import { DataError, FormatError, LuceError, OptionError, ShapeError } from "../../../src/errors.js";
import { expectRejection } from "./fault.js";
import { streamOf, writeIdx } from "./idx-file.js";

const images = writeIdx({ data: Uint8Array.from({ length: 24 }, (_, i) => i), shape: [2, 3, 4] });
const text = (content: string) => new TextEncoder().encode(content);
const withoutTypes = (source: unknown, options?: ReadIdxOptions) => readIdx(source as Uint8Array, options);

/** A header that claims `shape`, followed by `body`. */
function claim(shape: readonly number[], body: Uint8Array, type = 0x08): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(4 + 4 * shape.length + body.length);
  file.set([0, 0, type, shape.length]);
  const view = new DataView(file.buffer);
  shape.forEach((size, axis) => {
    view.setUint32(4 + 4 * axis, size);
  });
  file.set(body, 4 + 4 * shape.length);
  return file;
}

describe("files that are not IDX", () => {
  test.each([
    ["text", text("5,0,4,1,9,2")],
    ["zip", Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0)],
    ["gzip within gzip", gzipSync(gzipSync(images))],
    ["a type that does not exist", Uint8Array.of(0, 0, 0x0a, 1, 0, 0, 0, 0)],
    ["no dimensions", Uint8Array.of(0, 0, 0x08, 0, 7)],
    ["little-endian magic", Uint8Array.of(3, 8, 0, 0, 0, 0, 0, 0)],
  ])("%s", async (_, file) => {
    await expectRejection(readIdx(file), FormatError, "BAD_MAGIC", "readIdx: this is no IDX file");
  });

  test.each(["<!doctype html><title>Not here</title>", "\n\n<html></html>", "\ufeff<html></html>"])(
    "a web page in the file's place: %j",
    async (page) => {
      const advice = "Trying again will not help";
      await expectRejection(readIdx(new Response(page)), FormatError, "BAD_MAGIC", "a web page", advice);
      await expectRejection(readIdx(gzipSync(text(page))), FormatError, "BAD_MAGIC", "a web page", advice);
    },
  );

  test("images and labels swapped", async () => {
    const labels = writeIdx({ data: Uint8Array.of(1, 2), shape: [2] });
    const hint = "images and labels were swapped";
    const expected = "expected 1, got 3";
    await expectRejection(readIdx(images, { expectRank: 1 }), ShapeError, "SHAPE_MISMATCH", expected, hint);
    await expectRejection(readIdx(labels, { expectRank: 3 }), ShapeError, "SHAPE_MISMATCH", "got 1", hint);
    const other = await expectRejection(readIdx(images, { expectRank: 2 }), ShapeError, "SHAPE_MISMATCH", "got 3");
    expect(other.message).not.toContain("swapped");
    expect((await readIdx(images, { expectRank: 3 })).shape).toEqual([2, 3, 4]);
  });
});

describe("files that end too early or too late", () => {
  test("every cut is noticed, plain, gzipped and streamed", async () => {
    for (let length = 0; length < images.length; length++) {
      const cut = images.subarray(0, length);
      await expectRejection(readIdx(cut), FormatError, "TRUNCATED", "the file is cut short");
      await expectRejection(readIdx(gzipSync(cut)), FormatError, "TRUNCATED", "the file is cut short");
      await expectRejection(readIdx(streamOf(cut, 5).stream), FormatError, "TRUNCATED", "the file is cut short");
    }
  });

  test("the message counts the bytes", async () => {
    const expected = "expected 24 more bytes, got 23";
    await expectRejection(readIdx(images.subarray(0, images.length - 1)), FormatError, "TRUNCATED", expected);
  });

  test("gzip that is cut, or damaged, or followed by something else", async () => {
    const zipped = gzipSync(images);
    for (const length of [5, 12, 20, zipped.length - 9, zipped.length - 1]) {
      const error = await expectRejection(readIdx(zipped.subarray(0, length)), FormatError, "TRUNCATED", "gzip data");
      expect(error.cause).toBeInstanceOf(Error);
    }
    const wrongSum = Uint8Array.from(zipped);
    wrongSum[zipped.length - 8] ^= 1;
    await expectRejection(readIdx(wrongSum), FormatError, "TRUNCATED", "damaged");
    await expectRejection(readIdx(Buffer.concat([zipped, text("junk")])), FormatError, "TRUNCATED", "damaged");
  });

  test("bytes after the last element", async () => {
    const file = Buffer.concat([images, Buffer.of(0)]);
    const message = "expected 24 bytes for the shape [2,3,4], got more";
    for (const source of [file, gzipSync(file), streamOf(file, 7).stream]) {
      await expectRejection(readIdx(source), FormatError, "BAD_FIELD", message);
    }
  });
});

describe("files that are too large", () => {
  test.each([
    ["60 thousand images of 4 gigapixels", [60_000, 65_536, 65_536], 0x08],
    ["dimensions whose product overflows", new Array<number>(255).fill(0xffffffff), 0x0e],
    ["one byte more than the limit", [1025], 0x08],
    ["doubles that pass as a count but not as bytes", [129], 0x0e],
  ])("%s: refused by the header alone", async (_, shape, type) => {
    const file = claim(shape, new Uint8Array(0), type);
    await expectRejection(readIdx(file, { maxBytes: 1024 }), FormatError, "TOO_LARGE", "at most 1024 bytes");
  });

  test("an empty dimension among enormous ones is an empty array", async () => {
    const shape = [...new Array<number>(200).fill(0xffffffff), 0];
    expect(await readIdx(claim(shape, new Uint8Array(0)))).toEqual({ data: new Uint8Array(0), shape });
  });

  test("a gigabyte claimed is not allocated before it has come", async () => {
    const file = claim([2 ** 30], new Uint8Array(10));
    const before = process.memoryUsage().arrayBuffers;
    await expectRejection(readIdx(streamOf(file, 100).stream), FormatError, "TRUNCATED", "got 10");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });

  test("a gzip bomb is left alone once it has given what the header claims", async () => {
    // 100 MB of zeros in 0.1 MB: a label file that never ends.
    const bomb = new Uint8Array(gzipSync(claim([16], new Uint8Array(100e6))));
    const { stream, state } = streamOf(bomb, 1024);
    const before = process.memoryUsage().arrayBuffers;
    await expectRejection(readIdx(stream), FormatError, "BAD_FIELD", "got more");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6);
    expect(state.sent).toBeLessThan(40 * 1024);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(state.cancelled).toBe(true);
  });

  test("a bomb that is refused by its header is not inflated", async () => {
    const bomb = new Uint8Array(gzipSync(claim([100e6], new Uint8Array(100e6))));
    const { stream, state } = streamOf(bomb, 1024);
    await expectRejection(readIdx(stream, { maxBytes: 1e6 }), FormatError, "TOO_LARGE", "[100000000]");
    expect(state.sent).toBeLessThan(40 * 1024);
  });
});

describe("responses and streams", () => {
  test.each([
    [404, "Trying again will not help"],
    [403, "Trying again will not help"],
    [429, "Try again later"],
    [500, "Try again later"],
    [503, "Try again later"],
  ])("status %i", async (status, advice) => {
    const response = new Response("<html></html>", { status, statusText: "Because" });
    await expectRejection(readIdx(response), FormatError, "BAD_FIELD", `got ${status} Because`, advice);
  });

  test("a response without a body, or one that has been read", async () => {
    await expectRejection(readIdx(new Response(null)), FormatError, "TRUNCATED", "nothing to read");
    const response = new Response(images);
    await response.arrayBuffer();
    await expectRejection(readIdx(response), FormatError, "TRUNCATED", "nobody has begun to read");
    const { stream } = streamOf(images, 4);
    stream.getReader();
    await expectRejection(readIdx(stream), FormatError, "TRUNCATED", "nobody has begun to read");
  });

  /** Sends the first `bytes` of `file`, then fails. */
  const breaking = (file: Uint8Array, bytes: number, failure: unknown) => {
    let sent = false;
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent) controller.error(failure);
        else controller.enqueue(file.slice(0, bytes));
        sent = true;
      },
    });
  };

  test.each([1, 3, 20])("a stream that breaks off after %i bytes, plain and gzipped", async (bytes) => {
    const failure = new TypeError("network error");
    for (const file of [images, gzipSync(images)]) {
      const broken = readIdx(breaking(file, bytes, failure));
      const error = await expectRejection(broken, FormatError, "TRUNCATED", `got ${bytes} bytes`, "try again");
      expect(error.cause).toBe(failure);
    }
  });

  test("an abort stays the caller's own", async () => {
    const abort = new DOMException("stopped", "AbortError");
    for (const file of [images, gzipSync(images)]) {
      await expect(readIdx(breaking(file, 20, abort))).rejects.toBe(abort);
    }
  });

  test("a stalled download is given up as soon as the file is known to be wrong", async () => {
    let cancelled = false;
    const stalled = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(text("no idx at all")),
      cancel() {
        cancelled = true;
      },
    });
    await expectRejection(readIdx(stalled), FormatError, "BAD_MAGIC");
    expect(cancelled).toBe(true);
  });

  test("a stalled gzip download is given up as well", async () => {
    let cancelled = false;
    const zipped = gzipSync(claim([4], new Uint8Array(100_000)), { level: 0 });
    const stalled = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(zipped.subarray(0, 70_000))),
      cancel() {
        cancelled = true;
      },
    });
    await expectRejection(readIdx(stalled), FormatError, "BAD_FIELD", "got more");
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(cancelled).toBe(true);
  });

  test.each([
    ["null", null],
    ["a string", "file.idx"],
    ["an array", [0, 0, 8, 1]],
    ["an address", new URL("data:,x")],
  ])("%s is no source", async (_, source) => {
    await expectRejection(withoutTypes(source), DataError, "UNSUPPORTED_TYPE", "expected a Uint8Array");
  });

  test("a stream of text", async () => {
    const stream = new Blob(["text"]).stream().pipeThrough(new TextDecoderStream());
    await expectRejection(withoutTypes(stream), DataError, "UNSUPPORTED_TYPE", "the stream carries no bytes");
  });

  test("a detached buffer", async () => {
    const file = images.slice();
    structuredClone(file, { transfer: [file.buffer] });
    await expectRejection(readIdx(file), DataError, "DETACHED_BUFFER");
    await expectRejection(readIdx(file.buffer), DataError, "DETACHED_BUFFER");
  });
});

test.each([
  ["maxBytes", 0],
  ["maxBytes", Number.NaN],
  ["maxBytes", 1.5],
  ["expectRank", -1],
])("refuses the option %s: %d", async (name, value) => {
  await expectRejection(readIdx(images, { [name]: value }), OptionError, "BAD_OPTION", name, String(value));
});

test("random bytes and flipped bits give an error of ours or an array, never anything else", async () => {
  const flips = fc.array(fc.tuple(fc.nat(images.length - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 4 });
  const flipped = flips.map((places) => {
    const file = images.slice();
    for (const [index, bits] of places) file[index] ^= bits;
    return file;
  });
  const bodies = fc.oneof(fc.uint8Array({ maxLength: 60 }), flipped);
  await fc.assert(
    fc.asyncProperty(bodies, fc.boolean(), async (body, zip) => {
      const outcome = await readIdx(zip ? gzipSync(body) : body, { maxBytes: 1e6 }).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(LuceError);
      else expect(outcome).toHaveProperty("shape");
    }),
    { numRuns: 300 },
  );
});
