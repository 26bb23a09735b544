/** `out = α · op(A) · op(B) + bias` in any order and size, a block of A and B at a time. */
import { at } from "../../../ops/host-matrix.js";
import type { MatmulArguments } from "../../../ops/matmul.js";
import { matmulShape } from "../../../ops/matmul.js";
import type { HostMatrix } from "../../../ops/op.js";
import type { Resolve, SlicedWork } from "../sliced-work.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import { TILE_COLUMNS, TILE_ROWS } from "../wasm/packed.js";
import { stage, stagingBytes } from "./staging.js";

/**
 * A block of A (rows × depth), packed, is 64 kB and stays in a core's cache while it meets a block of B (1 MB), of which panels of
 * 8 kB are read one after the other.
 */
const BLOCK_ROWS = 64;
const BLOCK_DEPTH = 256;
const BLOCK_COLUMNS = 1024;

/** A range of the product's rows, columns or depth. */
interface Span {
  readonly first: number;
  readonly count: number;
}

function spans(total: number, most: number): Span[] {
  return Array.from({ length: Math.ceil(total / most) }, (_, s) => ({
    first: s * most,
    count: Math.min(most, total - s * most),
  }));
}

const upTo = (count: number, multiple: number): number => Math.ceil(count / multiple) * multiple;

export function packedProduct(resolve: Resolve<MatmulArguments>, memory: KernelMemory): SlicedWork | undefined {
  const { transposeA, transposeB, alpha, ones, ...rest } = resolve();
  const { rows: allRows, columns, depth } = matmulShape({ transposeA, transposeB, ones, ...rest });
  const rows = allRows - Number(ones);
  const [high, deep, wide] = [spans(rows, BLOCK_ROWS), spans(depth, BLOCK_DEPTH), spans(columns, BLOCK_COLUMNS)];
  const [height, level, width] = [high[0].count, deep[0].count, wide[0].count];
  const sizes = [
    stagingBytes(Math.max(height, level), Math.max(height, level)),
    stagingBytes(Math.max(width, level), Math.max(width, level)),
    4 * upTo(height, TILE_ROWS) * level,
    4 * upTo(width, TILE_COLUMNS) * level,
    4 * upTo(height, TILE_ROWS) * upTo(width, TILE_COLUMNS),
  ];
  const scratch = memory.scratch(sizes.reduce((sum, size) => sum + size));
  if (scratch === undefined) return undefined;
  const [stagingA, stagingB, packedA, packedB, tiles] = sizes.map(
    (_, s) => scratch + sizes.slice(0, s).reduce((sum, size) => sum + size, 0),
  );
  /** Of B's columns, for the row of ones. */
  const sums = new Float64Array(ones ? columns : 0);
  /** The block of B that lies packed: there is none before the first step. */
  let packed = -1;

  /** Lines are rows of op(A) or columns of op(B). */
  const packLines = (
    m: HostMatrix,
    lines: Span,
    levels: Span,
    along: boolean,
    width: number,
    places: number[],
  ): void => {
    const [staging, to] = places;
    const [row, column] = along ? [levels, lines] : [lines, levels];
    const part = { row: row.first, rows: row.count, column: column.first, columns: column.count };
    const { address, stride } = stage(memory, m, part, false, staging);
    const [lineStride, elementStride] = along ? [4, stride] : [stride, 4];
    memory.kernels.pack(width)(address, lineStride, elementStride, lines.count, levels.count, to);
  };

  const step = (index: number): void => {
    const { a, b, out, bias } = resolve();
    const rowSpan = high[index % high.length];
    const block = Math.floor(index / high.length);
    const levels = deep[block % deep.length];
    const columnSpan = wide[Math.floor(block / deep.length)];
    if (packed !== block) {
      packLines(b, columnSpan, levels, !transposeB, TILE_COLUMNS, [stagingB, packedB]);
      if (ones) addColumns(memory, packedB, levels.count, columnSpan, sums);
      packed = block;
    }
    packLines(a, rowSpan, levels, transposeA, TILE_ROWS, [stagingA, packedA]);
    const target = { out, columns, rowSpan, columnSpan };
    if (levels.first === 0) begin(target, bias);
    multiply(memory, target, { a: packedA, b: packedB, tiles, depth: levels.count }, alpha);
  };

  return {
    name: "packed product",
    rows: high.length * deep.length * wide.length,
    rowCost: height * level * width,
    grain: 1,
    run(first, count) {
      for (let index = first; index < first + count; index++) step(index);
    },
    finish() {
      if (!ones) return;
      const { out, bias } = resolve();
      for (let j = 0; j < columns; j++) {
        out.data[rows * columns + j] = alpha * sums[j] + (bias ? at(bias, 0, j) : 0);
      }
    },
  };
}

/** sums += the columns of a packed block of B. */
function addColumns(
  memory: KernelMemory,
  packed: number,
  levels: number,
  { first, count }: Span,
  sums: Float64Array,
): void {
  const values = memory.floats(packed, upTo(count, TILE_COLUMNS) * levels);
  for (let j = 0; j < count; j++) {
    let from = (j - (j % TILE_COLUMNS)) * levels + (j % TILE_COLUMNS);
    for (let l = 0; l < levels; l++, from += TILE_COLUMNS) sums[first + j] += values[from];
  }
}

interface Target {
  readonly out: HostMatrix;
  /** Of all of `out`. */
  readonly columns: number;
  readonly rowSpan: Span;
  readonly columnSpan: Span;
}

/** The bias, or zeros. */
function begin({ out, columns, rowSpan, columnSpan: { first, count } }: Target, bias: HostMatrix | undefined): void {
  const start = bias && Float32Array.from({ length: count }, (_, j) => at(bias, 0, first + j));
  for (let r = 0; r < rowSpan.count; r++) {
    const to = (rowSpan.first + r) * columns + first;
    if (start) out.data.set(start, to);
    else out.data.fill(0, to, to + count);
  }
}

/** Addresses of packed blocks of A and B, and of room for their product. */
interface Packed {
  readonly a: number;
  readonly b: number;
  readonly tiles: number;
  readonly depth: number;
}

/** out += factor · A · B: whole tiles where they belong, what is left of others by way of `tiles`. */
function multiply(memory: KernelMemory, target: Target, { a, b, tiles, depth }: Packed, factor: number): void {
  const { out, columns, rowSpan, columnSpan } = target;
  const address = memory.addressOf(out);
  const down = Math.ceil(rowSpan.count / TILE_ROWS);
  const across = Math.ceil(columnSpan.count / TILE_COLUMNS);
  const wholeDown = address === undefined ? 0 : Math.floor(rowSpan.count / TILE_ROWS);
  const wholeAcross = address === undefined ? 0 : Math.floor(columnSpan.count / TILE_COLUMNS);
  if (address !== undefined && wholeDown > 0 && wholeAcross > 0) {
    const to = address + 4 * (rowSpan.first * columns + columnSpan.first);
    memory.kernels.multiplyPacked(true)(a, b, to, 4 * columns, wholeDown, wholeAcross, depth, factor);
  }
  /** Panels of rows and of columns from these on. */
  const rest = (row: number, rows: number, column: number, columnPanels: number): void => {
    if (rows <= 0 || columnPanels <= 0) return;
    const stride = 4 * TILE_COLUMNS * columnPanels;
    const [left, right] = [a + 4 * TILE_ROWS * depth * row, b + 4 * TILE_COLUMNS * depth * column];
    memory.kernels.multiplyPacked(false)(left, right, tiles, stride, rows, columnPanels, depth, 1);
    const part = {
      ...{ out, columns },
      rowSpan: within(rowSpan, TILE_ROWS * row, TILE_ROWS * rows),
      columnSpan: within(columnSpan, TILE_COLUMNS * column, TILE_COLUMNS * columnPanels),
    };
    add(memory, part, tiles, stride, factor);
  };
  rest(0, wholeDown, wholeAcross, across - wholeAcross);
  rest(wholeDown, down - wholeDown, 0, across);
}

/** At most `count` of a span, from its `from`-th on. */
const within = ({ first, count: all }: Span, from: number, count: number): Span => ({
  first: first + from,
  count: Math.min(count, all - from),
});

/** out += factor · tiles */
function add(memory: KernelMemory, target: Target, tiles: number, stride: number, factor: number): void {
  const { out, columns, rowSpan, columnSpan } = target;
  const first = rowSpan.first * columns + columnSpan.first;
  const address = memory.addressOf(out);
  if (address !== undefined) {
    const to = address + 4 * first;
    memory.kernels.accumulate()(tiles, stride, to, 4 * columns, rowSpan.count, columnSpan.count, factor);
    return;
  }
  const values = memory.floats(tiles, (rowSpan.count * stride) / 4);
  for (let r = 0; r < rowSpan.count; r++) {
    for (let j = 0; j < columnSpan.count; j++)
      out.data[first + r * columns + j] += factor * values[(r * stride) / 4 + j];
  }
}
