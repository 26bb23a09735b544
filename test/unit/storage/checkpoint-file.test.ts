import fc from "fast-check";
import { expect, test } from "vitest";
import { readCheckpoint, writeCheckpoint } from "../../../src/storage/checkpoint-file.js";
import { digestInSlices, digestOf } from "../../../src/storage/digest.js";

const content = {
  values: { fingerprint: { X: "é…" }, step: 12, tiny: Number.MIN_VALUE },
  arrays: { theta: Float32Array.of(1, -0, 3e-45, Number.NaN, Number.NEGATIVE_INFINITY), state: new Float32Array(28) },
};

test("what was written is read, to the bit, wherever it lies in memory", () => {
  const bytes = writeCheckpoint(content);
  const shifted = new Uint8Array(bytes.length + 3).subarray(3);
  shifted.set(bytes);
  for (const file of [bytes, shifted]) {
    const { values, arrays } = readCheckpoint(file, "fit");
    expect(values).toEqual(content.values);
    expect(Object.keys(arrays)).toEqual(["theta", "state"]);
    const bits = (array: Float32Array) => new Uint32Array(array.buffer, array.byteOffset, array.length);
    expect(bits(arrays.theta)).toEqual(bits(content.arrays.theta));
    expect(arrays.state).toEqual(content.arrays.state);
  }
});

test("every part that is missing, and every bit that has changed, is noticed", () => {
  const bytes = writeCheckpoint(content);
  for (let length = 0; length < bytes.length; length++) {
    expect(() => readCheckpoint(bytes.slice(0, length), "fit"), String(length)).toThrow(/^fit: /);
  }
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at] ^= 1 << (at % 8);
    expect(() => readCheckpoint(changed, "fit")).toThrow(
      expect.objectContaining({ name: "FormatError", code: at < 8 ? "BAD_MAGIC" : "DAMAGED" }),
    );
  }
});

test("the digest is the same in slices, and another for another length, order or alignment of zeros", async () => {
  const large = Uint8Array.from({ length: 9_000_001 }, (_, i) => (i * 7) ^ (i >> 8));
  let pauses = 0;
  const pause = async (): Promise<void> => void pauses++;
  expect(await digestInSlices(large, pause)).toBe(digestOf(large));
  expect(pauses).toBe(2);
  expect(digestOf(new Uint8Array(5))).not.toBe(digestOf(new Uint8Array(6)));
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 70 }), fc.nat(), (bytes, where) => {
      const digest = digestOf(bytes);
      expect(digest).toMatch(/^[0-9a-f]{32}$/);
      const shifted = new Uint8Array(bytes.length + 1).subarray(1);
      shifted.set(bytes);
      expect(digestOf(shifted)).toBe(digest);
      const changed = bytes.slice();
      changed[where % bytes.length] ^= 1;
      expect(digestOf(changed)).not.toBe(digest);
    }),
  );
});
