import { afterEach, describe, expect, test, vi } from "vitest";
import { assemble, signed, unsigned } from "../../../../src/engine/cpu/wasm/assembler.js";
import { decode } from "../../../../src/engine/cpu/wasm/decode.js";
import { WIDEST_FILLED_GROUP } from "../../../../src/engine/cpu/wasm/filled-gradient.js";
import { WIDEST_PANEL } from "../../../../src/engine/cpu/wasm/forward.js";
import { WIDEST_GROUP } from "../../../../src/engine/cpu/wasm/gradient.js";
import { advance, f32, get, i32, integer, repeat } from "../../../../src/engine/cpu/wasm/instructions.js";
import { Kernels } from "../../../../src/engine/cpu/wasm/kernels.js";
import { fromHalf } from "../../../../src/half-float.js";
import { expectSameBits } from "../../../support/compare.js";

afterEach(() => vi.unstubAllGlobals());

describe("the assembler", () => {
  test("numbers in LEB128", () => {
    expect([0, 127, 128, 624485, 2 ** 32 - 1].map(unsigned)).toEqual([
      [0],
      [0x7f],
      [0x80, 1],
      [0xe5, 0x8e, 0x26],
      [0xff, 0xff, 0xff, 0xff, 0x0f],
    ]);
    expect([0, -1, 63, 64, -64, -65, -123456].map(signed)).toEqual([
      [0],
      [0x7f],
      [0x3f],
      [0xc0, 0],
      [0x40],
      [0xbf, 0x7f],
      [0xc0, 0xbb, 0x78],
    ]);
  });

  test("a function with a loop, from its parameters to memory", () => {
    const bytes = assemble({
      double: (writer) => {
        const [at, count] = writer.integers(2);
        const step = writer.local("i32");
        const value = f32.load(get(at));
        return repeat(step, get(count), f32.store(get(at), f32.add(value, value)), advance(at, 4));
      },
      count: (writer) => {
        const [at] = writer.integers(1);
        return f32.store(i32.mul(get(at), integer(2)), f32.load(get(at), 4), 8);
      },
    });
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { memory } });
    const values = new Float32Array(memory.buffer, 0, 8);
    values.set([1, 2, 3, 4, 5]);
    const { double, count } = exports as unknown as Record<string, (...numbers: number[]) => void>;
    double(4, 3);
    double(0, 0);
    expect(Array.from(values)).toEqual([1, 4, 6, 8, 5, 0, 0, 0]);
    count(4);
    expect(values[4]).toBe(6);
  });
});

/** Chromium refuses larger ones on the page's thread, unless they are compiled in the background. */
const LARGEST_MODULE_BYTES = 4096;

test("no kernel is too large to be compiled at once", () => {
  const sizes: number[] = [];
  const { Memory, Instance } = WebAssembly;
  class Module extends WebAssembly.Module {
    constructor(bytes: Uint8Array<ArrayBuffer>) {
      super(bytes);
      sizes.push(bytes.byteLength);
    }
  }
  vi.stubGlobal("WebAssembly", { Memory, Instance, Module });
  const kernels = new Kernels("plain", new Memory({ initial: 1 }));
  for (const type of ["f32", "f16", "u8"] as const) {
    kernels.decode(type);
    for (const affine of [false, true]) {
      for (let columns = 1; columns <= WIDEST_PANEL; columns++) {
        kernels.forward({ columns, type, affine, ordered: true, keep: true });
      }
      for (let columns = 1; columns <= WIDEST_GROUP; columns++) kernels.gradient({ columns, type, affine, keep: true });
    }
  }
  for (const type of ["f32", "f16", "u8"] as const) {
    kernels.findFilled(type);
    for (let columns = 0; columns <= WIDEST_PANEL; columns++) kernels.filledForward({ type, columns, keep: true });
  }
  for (let columns = 1; columns <= WIDEST_FILLED_GROUP; columns++) kernels.filledGradient(columns);
  for (const run of ["packWeights", "flush", "unpack", "addRows", "adamStep", "touch"] as const) kernels[run]();
  for (const one of [false, true]) {
    kernels.softmax(one);
    kernels.wideSoftmax(one);
    for (const two of [false, true]) {
      kernels.addScaled(one, two);
      kernels.sgdStep(one, two);
      kernels.lineSearch({ soft: one, classWeight: two });
      for (const gradient of [false, true]) kernels.crossEntropy({ soft: one, classWeight: two, gradient });
    }
  }
  kernels.pack(4);
  kernels.pack(8);
  for (const adds of [false, true]) kernels.multiplyPacked(adds);
  expect(sizes.length).toBeGreaterThan(30);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(LARGEST_MODULE_BYTES);
});

test("every half is decoded as it is", () => {
  const memory = new WebAssembly.Memory({ initial: 8 });
  const module = new WebAssembly.Module(assemble({ run: decode("f16") }));
  const run = new WebAssembly.Instance(module, { host: { memory } }).exports.run as (...numbers: number[]) => void;
  const halves = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  new Uint16Array(memory.buffer, 0, 65536).set(halves);
  run(0, 0, 131072, 1, 65536, 1, 0);
  const decoded = new Float32Array(memory.buffer, 131072, 65536);
  // Adding an offset of 0 makes a zero of either sign positive.
  expectSameBits(
    decoded.map((value) => (Number.isNaN(value) ? Number.NaN : value)),
    Float32Array.from(halves, (bits) => fromHalf(bits) + 0),
  );
});
