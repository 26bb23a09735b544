/** Two ops for tests only: one spoils a whole matrix, padding included; the other shows the padding to the host. */
import type { Kernel, Matrix, Op } from "../../src/ops/op.js";
import { f32, u32 } from "../../src/ops/op.js";

/** A number that no test expects. */
export const POISON = 1e30;

const spoil: Kernel = {
  name: "test-poison",
  bindings: ["write"],
  code: `
    struct Parameters { begin: u32, words: u32, value: f32 }
    @group(0) @binding(0) var<storage, read_write> out: array<f32>;
    @group(0) @binding(1) var<uniform> parameters: Parameters;
    @compute @workgroup_size(64)
    fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
            @builtin(local_invocation_index) thread: u32) {
      let word = (workgroup.y * launched.x + workgroup.x) * 64u + thread;
      if (word < parameters.words) { out[parameters.begin + word] = parameters.value; }
    }`,
};

const copy: Kernel = {
  name: "test-padded-copy",
  bindings: ["read", "write"],
  code: `
    struct Parameters { quads: u32, x_offset: u32, out_offset: u32 }
    @group(0) @binding(0) var<storage, read> x: array<vec4u>;
    @group(0) @binding(1) var<storage, read_write> out: array<vec4u>;
    @group(0) @binding(2) var<uniform> parameters: Parameters;
    @compute @workgroup_size(64)
    fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
            @builtin(local_invocation_index) thread: u32) {
      let quad = (workgroup.y * launched.x + workgroup.x) * 64u + thread;
      if (quad < parameters.quads) { out[parameters.out_offset + quad] = x[parameters.x_offset + quad]; }
    }`,
};

/** Every word of `out` becomes the bits of the poison, whatever the element type. */
export const poison: Op<{ out: Matrix }> = {
  name: "poison",
  types: { out: ["f32", "i32", "f16", "u8"] },
  check: () => undefined,
  reference: ({ out }) => {
    out.data.fill(POISON);
  },
  plan({ out }, planner) {
    const wordsPerQuad = { f32: 4, i32: 4, f16: 2, u8: 1 }[out.type];
    for (const block of out.blocks) {
      const words = block.rows * out.stride * wordsPerQuad;
      planner.dispatch({
        kernel: spoil,
        constants: {},
        buffers: [block.buffer],
        parameters: [u32(block.offset * wordsPerQuad), u32(words), f32(POISON)],
        workgroups: Math.ceil(words / 64),
        work: words,
      });
    }
  },
};

/** `out` [rows × columns rounded up to 4] becomes `x` with its padding; for matrices in one block. */
export const paddedCopy: Op<{ x: Matrix; out: Matrix }> = {
  name: "paddedCopy",
  check: () => undefined,
  reference({ x, out }) {
    out.data.fill(0);
    for (let i = 0; i < x.rows; i++) {
      out.data.set(x.data.subarray(i * x.columns, (i + 1) * x.columns), i * out.columns);
    }
  },
  plan({ x, out }, planner) {
    const quads = x.rows * x.stride;
    planner.dispatch({
      kernel: copy,
      constants: {},
      buffers: [x.blocks[0].buffer, out.blocks[0].buffer],
      parameters: [quads, x.blocks[0].offset, out.blocks[0].offset].map(u32),
      workgroups: Math.ceil(quads / 64),
      work: quads,
    });
  },
};
