/** Products with few columns, as a linear model has them: `X · W` and `Xᵀ · G`, with X read in blocks and never copied whole. */
import { at } from "../../../ops/host-matrix.js";
import type { MatmulArguments } from "../../../ops/matmul.js";
import { matmulShape } from "../../../ops/matmul.js";
import type { Resolve, SlicedWork } from "../sliced-work.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import { FeatureBlocks } from "./feature-blocks.js";
import { ForwardPass, forwardBytes } from "./forward-pass.js";
import { GradientPass, gradientBytes } from "./gradient-pass.js";

export function forwardProduct(resolve: Resolve<MatmulArguments>, memory: KernelMemory): SlicedWork | undefined {
  const args = resolve();
  const { rows, columns, depth } = matmulShape(args);
  const blocks = new FeatureBlocks(args.a);
  const outBytes = 4 * blocks.rows * columns;
  const scratch = memory.scratch(blocks.bytes + forwardBytes(blocks.width, columns) + outBytes);
  if (scratch === undefined) return undefined;
  const packed = scratch + blocks.bytes;
  const spare = packed + forwardBytes(blocks.width, columns);
  const pass = new ForwardPass(memory, blocks, { ...resolve(), columns }, packed);
  return {
    name: "forward",
    rows,
    rowCost: depth * columns,
    grain: blocks.rows,
    run(first, count) {
      const { a, out } = resolve();
      const place = memory.addressOf(out);
      for (let i = first; i < first + count; i += blocks.rows) {
        const block = Math.min(blocks.rows, first + count - i);
        const to = place === undefined ? spare : place + i * pass.stride;
        for (let p = 0; p < blocks.pieces.length; p++) {
          pass.run(blocks.stage(memory, a, i, block, p, scratch), p, block, to, pass.stride);
        }
        if (place === undefined) out.data.set(memory.floats(to, block * columns), i * columns);
      }
    },
    finish() {},
  };
}

export function gradientProduct(resolve: Resolve<MatmulArguments>, memory: KernelMemory): SlicedWork | undefined {
  const args = resolve();
  const { columns, depth } = matmulShape(args);
  const blocks = new FeatureBlocks(args.a);
  const gBytes = 4 * blocks.rows * columns;
  const scratch = memory.scratch(blocks.bytes + gBytes + gradientBytes(blocks.width, columns) + 64);
  if (scratch === undefined) return undefined;
  const spare = scratch + blocks.bytes;
  const pass = new GradientPass(memory, blocks, columns, args.ones, spare + Math.ceil(gBytes / 16) * 16);
  return {
    name: "gradient",
    rows: depth,
    rowCost: blocks.width * columns,
    grain: blocks.rows,
    run(first, count) {
      const { a, b, transposeB } = resolve();
      const place = transposeB ? undefined : memory.addressOf(b);
      for (let i = first; i < first + count; i += blocks.rows) {
        const block = Math.min(blocks.rows, first + count - i);
        const g = place === undefined ? spare : place + 4 * i * columns;
        if (place === undefined) {
          memory.floats(spare, block * columns).forEach((_, e, values) => {
            const [r, j] = [i + Math.floor(e / columns), e % columns];
            values[e] = transposeB ? at(b, j, r) : at(b, r, j);
          });
        }
        for (let p = 0; p < blocks.pieces.length; p++) {
          pass.run(blocks.stage(memory, a, i, block, p, scratch), p, block, g, 4 * columns);
        }
        pass.endBlock(block, g, 4 * columns);
      }
    },
    finish() {
      const { a, out, alpha, bias } = resolve();
      pass.finish(out, a.columns, alpha, bias);
    },
  };
}
