/** The kernels of a matrix product, and how each variant sets one up. */

import { ELEMENT_FORMAT, QUAD_BYTES } from "./element-size.js";
import type { MatmulKernel, Product, Variant } from "./matmul-product.js";
import type { MatmulVariant, MatrixTile, ProductSizes, Tile } from "./matmul-variants.js";
import { isMatrixTile, MATRIX_TILES, TILES } from "./matmul-variants.js";

const QUAD = 4;
/** Quads of workgroup memory that every device has: 16 KiB. */
const SHARED_QUADS = 1024;

const bindings = ["read", "read", "read", "read", "write"] as const;
/** What the kernels share, behind what each has for itself. */
const COMMON = ["matmul/operands", "matmul/result"];
const QUADS = "matmul/quads";
const ORDERS = "matmul/orders";
const TIMES = "matmul/times";
const BLOCKS = "matmul/blocks";
const WITHIN = "matmul/within";
const NARROW = "matmul/narrow";
const orders = ({ a, transposeA, transposeB, ones }: Product): Record<string, number> => ({
  TRANSPOSE_A: Number(transposeA),
  TRANSPOSE_B: Number(transposeB),
  FORMAT_A: ELEMENT_FORMAT[a.type],
  ONES: Number(ones),
});
const tiled: MatmulKernel = {
  name: "matmul",
  files: ["matmul", "matmul/staging", ...COMMON, ORDERS, QUADS, WITHIN, TIMES],
  bindings,
  storage: orders,
};
const direct: MatmulKernel = {
  name: "matmul_direct",
  files: ["matmul_direct", ...COMMON, ORDERS, QUADS, BLOCKS],
  bindings,
  storage: orders,
};
const subgroupsKernel: MatmulKernel = {
  name: "matmul_subgroups",
  files: ["matmul_subgroups", ...COMMON, ORDERS, QUADS, BLOCKS, TIMES],
  bindings,
  storage: orders,
};
const broadcastsKernel: MatmulKernel = {
  name: "matmul_broadcasts",
  files: ["matmul_broadcasts", ...COMMON, QUADS],
  bindings,
  storage: ({ a, transposeA, ones }) => ({
    TRANSPOSE_A: Number(transposeA),
    FORMAT_A: ELEMENT_FORMAT[a.type],
    ONES: Number(ones),
  }),
};
const matricesKernel: MatmulKernel = {
  name: "matmul_matrices",
  files: ["matmul_matrices", "matmul_matrices/staging", "matmul_matrices/patches", ...COMMON, ORDERS, QUADS, WITHIN],
  bindings,
  storage: orders,
};
const rowsKernel: MatmulKernel = {
  name: "matmul_rows",
  files: ["matmul_rows", "matmul_rows/words", "matmul_rows/staging", "matmul_rows/sums", NARROW, ...COMMON, TIMES],
  bindings,
  storage({ a, transposeB }) {
    const words = QUAD_BYTES[a.type] / 4;
    const wide = (a.offset * words) % 4 === 0 && (a.stride * words) % 4 === 0;
    return { TRANSPOSE_B: Number(transposeB), FORMAT_A: ELEMENT_FORMAT[a.type], WIDE: Number(wide) };
  },
};
const columnsKernel: MatmulKernel = {
  name: "matmul_columns",
  files: ["matmul_columns", "matmul_columns/blocks", NARROW, ...COMMON, TIMES],
  bindings,
  storage: ({ a, ones }) => ({ FORMAT_A: ELEMENT_FORMAT[a.type], ONES: Number(ones) }),
};

/** Depth staged at once: 128 × 128 then takes just 16 KiB. */
const SLICE = 16;
/** Threads that run together lie 8 × 4: they read 12 different quads of the tiles for every four of the depth. */
const PATCH_X = 8;
const FEW_TILES = 128;
const ENOUGH_TILE_THREADS = 65_536;

function tiledVariant(tile: Tile, { rows, columns }: ProductSizes): Variant {
  const { threadsX, threadsY, rowQuads, columnQuads } = tile;
  const threads = threadsX * threadsY;
  const groups = Math.ceil(columns / (QUAD * columnQuads * threadsX)) * Math.ceil(rows / (QUAD * rowQuads * threadsY));
  return {
    kernel: tiled,
    constants: {
      THREADS_X: threadsX,
      THREADS_Y: threadsY,
      ROW_QUADS: rowQuads,
      COLUMN_QUADS: columnQuads,
      SLICE,
      BUFFERS: 1,
      PATCH_X,
      LOADS_A: (threadsY * rowQuads * SLICE) / threads,
      LOADS_B: (threadsX * columnQuads * SLICE) / threads,
    },
    groups,
    depthGrain: SLICE,
    // Few tiles leave most of a GPU idle; where they are many, only a long sum is worth partial results.
    shortestSplit: groups < FEW_TILES ? 256 : 1024,
    enoughWorkgroups: ENOUGH_TILE_THREADS / threads,
  };
}

/** Threads that share an item on hardware: enough that neighbours read whole cache lines, and that small batches fill a GPU. */
const HARDWARE_LANES = 16;

/**
 * For few rows, and for all on software adapters, where a load costs as much as thirty multiplications and a barrier more:
 * there a thread takes eight rows alone, and small workgroups occupy every core.
 */
function directVariant({ rows, columns }: ProductSizes, software: boolean): Variant {
  const quads = Math.ceil(columns / QUAD);
  const columnQuads = Math.ceil(quads / Math.ceil(quads / 4));
  const rowQuads = software ? 2 : 1;
  const threads = software ? 16 : 64;
  const lanes = software ? 1 : HARDWARE_LANES;
  const items = Math.ceil(quads / columnQuads) * Math.ceil(rows / (QUAD * rowQuads));
  return {
    kernel: direct,
    constants: {
      THREADS: threads,
      LANES: lanes,
      ROW_QUADS: rowQuads,
      COLUMN_QUADS: columnQuads,
      SHARED: lanes > 1 ? QUAD * threads : 1,
    },
    groups: Math.ceil((items * lanes) / threads),
    depthGrain: QUAD,
    shortestSplit: 64 * lanes,
    enoughWorkgroups: software ? 8 : 1024,
  };
}

/** Whole quads of a narrow output, and whether a last one has one or two columns only, which cost half. */
function narrowColumns(columns: number): { FULL_QUADS: number; PAIR: number } {
  const pair = columns % QUAD === 1 || columns % QUAD === 2;
  return { FULL_QUADS: pair ? Math.floor(columns / QUAD) : Math.ceil(columns / QUAD), PAIR: Number(pair) };
}

/** Rows of C that a thread sums. */
const ROWS_PER_THREAD = 4;
/** Workgroups of `rows` that keep a large GPU busy. */
const ENOUGH_ROW_GROUPS = 90;

function rowsVariant({ rows, columns, depth, type }: ProductSizes): Variant {
  const threads = type === "f32" ? 256 : 128;
  // As few lanes as will do: what they add up in the end is extra. But sixteen bytes each, they should read whole sectors.
  let lanes = type === "f32" ? 8 : 2;
  const groupsOf = (count: number): number => Math.ceil(rows / ((threads / count) * ROWS_PER_THREAD));
  while (lanes < 16 && groupsOf(lanes) < ENOUGH_ROW_GROUPS) lanes *= 2;
  const narrow = narrowColumns(columns);
  const stepQuads = (64 / QUAD_BYTES[type]) * lanes * (narrow.FULL_QUADS + narrow.PAIR);
  const most = Math.floor(SHARED_QUADS / stepQuads);
  const needed = Math.max(1, Math.ceil((depth * (narrow.FULL_QUADS + narrow.PAIR)) / stepQuads));
  // Stagings of equal length.
  const steps = Math.ceil(needed / Math.ceil(needed / most));
  return {
    kernel: rowsKernel,
    constants: {
      THREADS: threads,
      LANES: lanes,
      ROWS: ROWS_PER_THREAD,
      ...narrow,
      STEPS: steps,
      LOADS_B: Math.ceil((steps * stepQuads) / threads),
    },
    groups: groupsOf(lanes),
    depthGrain: 16,
    shortestSplit: 4096,
    enoughWorkgroups: 128,
  };
}

/** Threads that run together on most GPUs, and most of a workgroup. */
const WARP = 32;
const MOST_THREADS = 256;

/** Teams of neighbouring threads, and how many, for so many quads of rows: those of which the fewest threads are idle. */
export function columnTeams(quads: number): { width: number; lanes: number } {
  let best = { width: 1, lanes: 1, busy: 0 };
  for (let teams = Math.ceil(quads / MOST_THREADS); teams <= Math.ceil(quads / 16); teams++) {
    const width = Math.ceil(quads / teams);
    const lanes = Math.min(16, Math.floor(MOST_THREADS / width));
    const threads = Math.ceil((width * lanes) / WARP) * WARP;
    const busy = (quads / (width * teams)) * ((width * lanes) / threads);
    // Wider teams read longer runs of memory: narrower ones must gain by it.
    if (busy > best.busy + 0.02) best = { width, lanes, busy };
  }
  return best;
}

function columnsVariant({ rows, columns }: ProductSizes): Variant {
  const rowQuads = 1;
  const quads = Math.ceil(rows / QUAD / rowQuads);
  const { width, lanes } = columnTeams(quads);
  const narrow = narrowColumns(columns);
  const stepQuads = lanes * QUAD * (narrow.FULL_QUADS + narrow.PAIR);
  const steps = Math.floor(SHARED_QUADS / stepQuads);
  return {
    kernel: columnsKernel,
    constants: {
      WIDTH: width,
      LANES: lanes,
      ROW_QUADS: rowQuads,
      ...narrow,
      STEPS: steps,
      LOADS_B: Math.ceil((steps * stepQuads) / (width * lanes)),
    },
    groups: Math.ceil(quads / width),
    depthGrain: QUAD * lanes,
    shortestSplit: 128,
    // Two for each core of the largest GPUs: more only make more partial results.
    enoughWorkgroups: 264,
  };
}

/** Threads of a team, which share a block of as many rows of C. */
const TEAM = 4;
const TEAM_ROWS = 8;

function subgroupsVariant({ rows, columns }: ProductSizes): Variant {
  const threads = 64;
  const columnQuads = columns > QUAD * TEAM ? 2 : 1;
  const rowGroups = Math.ceil(rows / ((threads / TEAM) * TEAM_ROWS));
  return {
    kernel: subgroupsKernel,
    constants: { THREADS: threads, COLUMN_QUADS: columnQuads },
    groups: rowGroups * Math.ceil(columns / (QUAD * TEAM * columnQuads)),
    depthGrain: QUAD,
    shortestSplit: 256,
    enoughWorkgroups: 1024,
  };
}

/** Of `broadcasts`: one subgroup of llvmpipe, two of SwiftShader. Idle threads cost as much as busy ones there. */
const BROADCAST_THREADS = 8;

function broadcastsVariant({ rows, columns }: ProductSizes): Variant {
  // Twice the rows for one load of B; four times would not fit a core's registers and instruction cache any more.
  const rowQuads = rows > QUAD * BROADCAST_THREADS ? 2 : 1;
  return {
    kernel: broadcastsKernel,
    constants: { THREADS: BROADCAST_THREADS, ROW_QUADS: rowQuads, ...narrowColumns(columns) },
    groups: Math.ceil(rows / (QUAD * rowQuads * BROADCAST_THREADS)),
    depthGrain: QUAD,
    shortestSplit: 256,
    enoughWorkgroups: 8,
  };
}

/** Sides of the matrices that a subgroup multiplies at once, and the threads of it. */
const MATRIX_SIDE = 16;
const MATRIX_THREADS = 32;

function matricesVariant(tile: MatrixTile, { rows, columns }: ProductSizes): Variant {
  const { subgroupsX, subgroupsY, columnTiles, slice } = tile;
  const tileRows = 2 * MATRIX_SIDE * subgroupsY;
  const tileColumns = MATRIX_SIDE * columnTiles * subgroupsX;
  const threads = MATRIX_THREADS * subgroupsX * subgroupsY;
  const groups = Math.ceil(rows / tileRows) * Math.ceil(columns / tileColumns);
  return {
    kernel: matricesKernel,
    constants: {
      SUBGROUPS_X: subgroupsX,
      SUBGROUPS_Y: subgroupsY,
      COLUMN_TILES: columnTiles,
      SLICE: slice,
      // The tiles are square: as many of A as of B.
      LOADS: (tileRows * slice) / QUAD / threads,
    },
    groups,
    depthGrain: slice,
    shortestSplit: groups < FEW_TILES ? 256 : 1024,
    enoughWorkgroups: ENOUGH_TILE_THREADS / threads,
  };
}

/** A kernel by the name of its variant, set up for products of these sizes. */
export function variantNamed(name: MatmulVariant, sizes: ProductSizes, software: boolean): Variant {
  if (name === "direct") return directVariant(sizes, software);
  if (name === "rows") return rowsVariant(sizes);
  if (name === "columns") return columnsVariant(sizes);
  if (name === "broadcasts") return broadcastsVariant(sizes);
  if (name === "subgroups") return subgroupsVariant(sizes);
  if (isMatrixTile(name)) return matricesVariant(MATRIX_TILES[name], sizes);
  return tiledVariant(TILES[name], sizes);
}
