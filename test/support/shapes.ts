/**
 * The shapes every kernel is tested at: one element, just under, at and over a tile, tall, wide, prime, and more rows than
 * one grid dimension may have workgroups (65,535). Never only square.
 */

/** The most workgroups that WebGPU allows in one dimension of a dispatch. */
export const LARGEST_GRID_DIMENSION = 65_535;

/** Sizes of A[m×k]·B[k×n] = C[m×n]. */
export interface MatmulShape {
  readonly name: string;
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** Sizes of an operation on rows, such as softmax: [rows×columns]. */
export interface RowShape {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
}

/** Matrix products around a square tile of `tile` rows and columns. Small enough for a float64 oracle in the page. */
export function matmulShapes(tile: number): MatmulShape[] {
  const under = tile - 1;
  const over = tile + 1;
  return [
    { name: "1×1", m: 1, k: 1, n: 1 },
    { name: "tile−1", m: under, k: under, n: under },
    { name: "one tile", m: tile, k: tile, n: tile },
    { name: "tile+1", m: over, k: over, n: over },
    { name: "tile edges mixed", m: under, k: over, n: tile },
    { name: "two tiles and a rest", m: 2 * tile + 3, k: 2 * tile + 5, n: 2 * tile + 1 },
    { name: "tall", m: 40 * tile + 7, k: 5, n: 3 },
    { name: "wide", m: 3, k: 5, n: 40 * tile + 7 },
    { name: "deep", m: 3, k: 40 * tile + 7, n: 5 },
    { name: "row vector", m: 1, k: 2 * tile + 1, n: tile },
    { name: "column vector", m: tile, k: 2 * tile + 1, n: 1 },
    { name: "prime", m: 101, k: 53, n: 37 },
    { name: "more rows than workgroups", m: LARGEST_GRID_DIMENSION + 6, k: 2, n: 3 },
    { name: "more columns than workgroups", m: 2, k: 3, n: LARGEST_GRID_DIMENSION + 6 },
  ];
}

/** Row operations around a workgroup that covers `width` columns at once. */
export function rowShapes(width: number): RowShape[] {
  return [
    { name: "1×1", rows: 1, columns: 1 },
    { name: "two classes", rows: 5, columns: 2 },
    { name: "width−1", rows: 7, columns: width - 1 },
    { name: "one width", rows: 7, columns: width },
    { name: "width+1", rows: 7, columns: width + 1 },
    { name: "tall", rows: 2_003, columns: 10 },
    { name: "wide", rows: 3, columns: 16 * width + 5 },
    { name: "prime", rows: 101, columns: 53 },
    { name: "as wide as one read goes", rows: 2, columns: 4_096 },
    { name: "wider than one read", rows: 2, columns: 4_099 },
    { name: "65,535 rows", rows: LARGEST_GRID_DIMENSION, columns: 3 },
    { name: "65,536 rows", rows: LARGEST_GRID_DIMENSION + 1, columns: 3 },
    { name: "65,537 rows", rows: LARGEST_GRID_DIMENSION + 2, columns: 3 },
  ];
}

/** The tiles that the matrix kernels use; shapes are tested round each. */
export const TILES: readonly number[] = [32, 64];
