/** Moments of columns, some rows at a time that lie in a core's cache: to the reference's bits. */
import type { ColumnMomentsArguments } from "../../../ops/column-moments.js";
import { at } from "../../../ops/host-matrix.js";
import type { Resolve, SlicedWork } from "../sliced-work.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import { MOMENT_QUAD_BYTES, MOMENT_ROW_BYTES } from "../wasm/moments.js";
import { scratchPlaces } from "./narrow-product.js";
import { featureTypeOf } from "./staging.js";
import { float64s } from "./vector-work.js";

/** Rows that are gone through together, quad of columns by quad of columns. */
const BLOCK_ROWS = 32;

export function columnMomentsWork(
  resolve: Resolve<ColumnMomentsArguments>,
  memory: KernelMemory,
): SlicedWork | undefined {
  const { rows, columns, data, scale, offset } = resolve().x;
  const type = featureTypeOf(data);
  if (type === undefined || !memory.holds(data)) return undefined;
  const quads = Math.ceil(columns / 4);
  const places = scratchPlaces(memory, [BLOCK_ROWS * MOMENT_ROW_BYTES, quads * MOMENT_QUAD_BYTES]);
  if (!places) return undefined;
  const [list, moments] = places;
  const kernel = memory.kernels.columnMoments(type, scale !== 1 || offset !== 0);
  let total = 0;
  return {
    name: "column moments",
    rows,
    rowCost: columns,
    grain: 1,
    run(first, count) {
      const { x, rowWeight } = resolve();
      const rowBytes = columns * x.data.BYTES_PER_ELEMENT;
      const own = float64s(memory, moments, 8 * quads);
      if (first === 0) own.fill(0);
      const { allIntegers: offsets } = memory;
      const shares = float64s(memory, list, 3 * BLOCK_ROWS);
      for (let begin = first; begin < first + count; begin += BLOCK_ROWS) {
        let counted = 0;
        for (let i = begin; i < Math.min(begin + BLOCK_ROWS, first + count); i++) {
          const weight = rowWeight ? at(rowWeight, 0, i) : 1;
          // A row of weight 0 is absent, whatever it holds.
          if (weight === 0) continue;
          total += weight;
          offsets[list / 4 + 6 * counted] = (i - begin) * rowBytes;
          shares.set([weight, weight / total], 3 * counted++ + 1);
        }
        kernel(x.data.byteOffset + begin * rowBytes, list, counted, quads, moments, scale, offset);
      }
    },
    finish() {
      const { out } = resolve();
      const own = float64s(memory, moments, 8 * quads);
      for (let j = 0; j < columns; j++) {
        const place = 8 * Math.floor(j / 4) + (j % 4);
        out.data[j] = own[place];
        out.data[columns + j] = own[place + 4];
      }
      out.data.fill(total, 2 * columns);
    },
  };
}
