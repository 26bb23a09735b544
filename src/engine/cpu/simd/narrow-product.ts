/** Products with few columns, as a linear model has them: `X · W` and `Xᵀ · G`, with X read in blocks and never copied whole. */
import { at } from "../../../ops/host-matrix.js";
import type { MatmulArguments } from "../../../ops/matmul.js";
import { matmulShape } from "../../../ops/matmul.js";
import type { Resolve, SlicedWork } from "../sliced-work.js";
import { WIDEST_PANEL } from "../wasm/forward.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import { FeatureBlocks } from "./feature-blocks.js";
import { FilledRows } from "./filled-rows.js";
import { ForwardPass, forwardBytes, weightBytes } from "./forward-pass.js";
import { GradientPass, gradientBytes } from "./gradient-pass.js";

/** Addresses of parts of scratch, each where a cache line begins; undefined when there is no memory for them. */
export function scratchPlaces(memory: KernelMemory, sizes: readonly number[]): number[] | undefined {
  const whole = sizes.map((bytes) => Math.ceil(bytes / 64) * 64);
  let end = memory.scratch(whole.reduce((sum, bytes) => sum + bytes, 0)) ?? -1;
  if (end < 0) return undefined;
  return whole.map((bytes) => {
    end += bytes;
    return end - bytes;
  });
}

export function forwardProduct(resolve: Resolve<MatmulArguments>, memory: KernelMemory): SlicedWork | undefined {
  const { rows, columns, depth } = matmulShape(resolve());
  const blocks = new FeatureBlocks(resolve().a);
  const { width } = blocks;
  const keep = columns > WIDEST_PANEL;
  const sizes = [
    blocks.copyBytes,
    keep ? blocks.keptBytes : 0,
    forwardBytes(width, columns),
    weightBytes(memory, resolve().b),
    4 * blocks.rows * columns,
    FilledRows.bytes(blocks, false),
  ];
  const places = scratchPlaces(memory, sizes);
  if (!places) return undefined;
  const [copy, kept, packed, staging, spare, lists] = places;
  // Asking for scratch may have moved the arguments.
  const args = resolve();
  const how = { columns, ordered: false, keep, filled: FilledRows.create(memory, blocks, columns, false, lists) };
  const pass = new ForwardPass(memory, blocks, args.a, how, packed, staging);
  pass.begin(args);
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
        pass.run(blocks.locate(memory, a, i, block, copy), kept, to);
        if (place === undefined) out.data.set(memory.floats(to, block * columns), i * columns);
      }
    },
    finish() {},
  };
}

export function gradientProduct(resolve: Resolve<MatmulArguments>, memory: KernelMemory): SlicedWork | undefined {
  const { a: features, ones } = resolve();
  const { columns, depth, rows: outRows } = matmulShape(resolve());
  const blocks = new FeatureBlocks(features);
  const { copyBytes, keptBytes, width } = blocks;
  const sizes = [
    copyBytes,
    keptBytes,
    4 * blocks.rows * columns,
    gradientBytes(width, columns),
    4 * outRows * columns,
    FilledRows.bytes(blocks, true),
  ];
  const places = scratchPlaces(memory, sizes);
  if (!places) return undefined;
  const [copy, kept, spare, sums, result, lists] = places;
  const filled = FilledRows.create(memory, blocks, columns, true, lists);
  const pass = new GradientPass(memory, blocks, resolve().a, { columns, ones, filled }, sums);
  pass.begin();
  return {
    name: "gradient",
    rows: depth,
    rowCost: width * columns,
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
        pass.run(blocks.locate(memory, a, i, block, copy), kept, g);
      }
    },
    finish() {
      const { a, out, alpha, bias } = resolve();
      pass.finish(result, a.columns, alpha);
      const values = memory.floats(result, outRows * columns);
      if (bias)
        values.forEach((value, e) => {
          values[e] = value + at(bias, 0, e % columns);
        });
      out.data.set(values);
    },
  };
}
