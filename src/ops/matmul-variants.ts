/**
 * Which of the ways to multiply two matrices a product takes: a pure function of its sizes and of the device, so that every
 * boundary can be tested. How a way is set up stands in `matmul-kernels`.
 */
import type { AdapterTraits, ElementType } from "./op.js";

/** Threads of a workgroup and what each of them owns of C, in the tiled kernel. */
export interface Tile {
  readonly threadsX: number;
  readonly threadsY: number;
  /** Quads of rows and of columns of C in a thread's registers. */
  readonly rowQuads: 1 | 2;
  readonly columnQuads: 1 | 2;
}

export type TileName =
  | "32×32 by 4×4"
  | "32×64 by 4×8"
  | "64×32 by 8×4"
  | "64×64 by 4×4"
  | "64×64 by 8×8"
  | "64×128 by 8×8"
  | "128×128 by 8×8";

/**
 * Tiles of C by rows × columns, then a thread's share. All fit WebGPU's default limits: with slices of 16 deep, 128 × 128
 * takes 16 KiB of workgroup memory and 256 threads.
 */
export const TILES: Readonly<Record<TileName, Tile>> = {
  "32×32 by 4×4": { threadsX: 8, threadsY: 8, rowQuads: 1, columnQuads: 1 },
  "32×64 by 4×8": { threadsX: 8, threadsY: 8, rowQuads: 1, columnQuads: 2 },
  "64×32 by 8×4": { threadsX: 8, threadsY: 8, rowQuads: 2, columnQuads: 1 },
  "64×64 by 4×4": { threadsX: 16, threadsY: 16, rowQuads: 1, columnQuads: 1 },
  "64×64 by 8×8": { threadsX: 8, threadsY: 8, rowQuads: 2, columnQuads: 2 },
  "64×128 by 8×8": { threadsX: 16, threadsY: 8, rowQuads: 2, columnQuads: 2 },
  "128×128 by 8×8": { threadsX: 16, threadsY: 16, rowQuads: 2, columnQuads: 2 },
};

/** Subgroups of a workgroup, and what it owns of C, in the kernel of matrices of halves. */
export interface MatrixTile {
  readonly subgroupsX: number;
  readonly subgroupsY: number;
  /** Matrices of 16 × 16 side by side in a subgroup, which has two rows of them. */
  readonly columnTiles: 2 | 4;
  /** Depth staged at once. */
  readonly slice: 16 | 32;
}

export type MatrixTileName = "matrices 64×64" | "matrices 128×128";

/** Tiles of C by rows × columns. Both take less than 16 KiB of workgroup memory. */
export const MATRIX_TILES: Readonly<Record<MatrixTileName, MatrixTile>> = {
  "matrices 64×64": { subgroupsX: 2, subgroupsY: 2, columnTiles: 2, slice: 32 },
  "matrices 128×128": { subgroupsX: 2, subgroupsY: 4, columnTiles: 4, slice: 16 },
};

/**
 * `direct`: operands straight to registers, for few rows and for adapters without fast workgroup memory. `rows`: A read once
 * along its rows, for tall A and narrow C. `columns`: Aᵀ·B with A read once, for long sums and narrow C. `subgroups`: A shared by
 * broadcasts between neighbouring threads, without workgroup memory, on devices that have them. `broadcasts`: B shared so, for
 * narrow C on software adapters. `matrices`: tiles of halves, on devices that multiply matrices of those, where the caller takes
 * halves. Else a tile.
 */
export type MatmulVariant = "direct" | "rows" | "columns" | "subgroups" | "broadcasts" | MatrixTileName | TileName;

export const MATMUL_VARIANTS: readonly MatmulVariant[] = [
  "direct",
  "rows",
  "columns",
  "subgroups",
  "broadcasts",
  ...(Object.keys(MATRIX_TILES) as MatrixTileName[]),
  ...(Object.keys(TILES) as TileName[]),
];

/** What the choice depends on. */
export interface ProductSizes {
  /** Of C. */
  readonly rows: number;
  readonly columns: number;
  /** Length of the sum. */
  readonly depth: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** How A is stored. */
  readonly type: ElementType;
  /** The operands may be rounded to halves. */
  readonly halves?: boolean;
}

/** The device that it depends on. */
export interface ProductDevice {
  readonly software: boolean;
  readonly adapter?: AdapterTraits | undefined;
  /** What has been measured to be the fastest for a class of products here, or what a test wants to see. */
  preferred?(productClass: string): string | undefined;
}

/** Threads among which `broadcasts` shares B. */
const QUAD = 4;
/** Outputs so narrow are kept in registers whole, all columns of a row in one thread. */
export const NARROW_COLUMNS = 16;
/** Outputs up to this width are covered by one tile or two. */
export const MEDIUM_COLUMNS = 64;
/** Values of C from which 64 × 64, and from which the largest tiles give every core enough of them. */
export const WIDE_OUTPUT: number = 768 * 768;
export const LARGE_OUTPUT: number = 1536 * 1536;
/** Rows of A, or terms of a sum, from which streaming A pays: a shorter product is best started at once. */
export const MANY_ROWS = 1024;
export const LONG_SUM = 2048;

export type ProductWidth = "narrow" | "medium" | "small" | "wide" | "large";
export const PRODUCT_WIDTHS: readonly ProductWidth[] = ["narrow", "medium", "small", "wide", "large"];

export function productWidth({ rows, columns }: Pick<ProductSizes, "rows" | "columns">): ProductWidth {
  if (columns <= NARROW_COLUMNS) return "narrow";
  if (columns <= MEDIUM_COLUMNS) return "medium";
  const values = rows * columns;
  return values < WIDE_OUTPUT ? "small" : values < LARGE_OUTPUT ? "wide" : "large";
}

/** Products that are measured, and chosen for, together. */
export const productClass = (sizes: ProductSizes): string =>
  `${productWidth(sizes)} ${sizes.transposeA ? "Aᵀ·B" : "A·B"}${sizes.halves ? ", halves" : ""}`;

/** Whether a variant multiplies matrices of halves. */
export const isMatrixTile = (variant: MatmulVariant): variant is MatrixTileName => variant in MATRIX_TILES;

/** Whether a variant can compute this product at all, on an adapter of these traits. */
export function canCompute(
  variant: MatmulVariant,
  { columns, transposeA, transposeB, halves }: ProductSizes,
  adapter?: AdapterTraits,
): boolean {
  if (isMatrixTile(variant)) return halves === true && adapter?.matrices === true;
  if (variant === "subgroups") return adapter?.subgroups !== undefined;
  if (variant === "broadcasts")
    return columns <= NARROW_COLUMNS && !transposeB && (adapter?.subgroups?.min ?? 0) >= QUAD;
  if (variant === "rows") return columns <= NARROW_COLUMNS && !transposeA;
  if (variant === "columns") return columns <= NARROW_COLUMNS && transposeA && !transposeB;
  return true;
}

/**
 * Tiles for outputs of more than 16 columns, by vendor. NVIDIA's are measured (H100, Dawn). AMD has registers for 8 × 8
 * values a thread too, but wants more workgroups in flight; Apple and Intel spill at 8 × 8 and do well with 4 × 8; of
 * everybody else, phones above all, only 4 × 4 is known to be safe. `engine.tune()` measures instead.
 */
const TILES_BY_VENDOR: Readonly<Record<string, Partial<Readonly<Record<ProductWidth, TileName>>>>> = {
  nvidia: { medium: "64×32 by 8×4", wide: "64×64 by 8×8", large: "64×128 by 8×8" },
  amd: { wide: "32×64 by 4×8", large: "64×64 by 8×8" },
  apple: { wide: "32×64 by 4×8", large: "32×64 by 4×8" },
  intel: { wide: "32×64 by 4×8", large: "32×64 by 4×8" },
};
/** Fits every device, and small outputs on all of them: many workgroups matter more than few loads. */
const PORTABLE: TileName = "32×32 by 4×4";

/** The variant for a product on a device: the preferred one where it can compute it, else what is known of the adapter. */
export function chooseMatmul(product: ProductSizes, device: ProductDevice): MatmulVariant {
  // Halves are for the units that multiply matrices of them: on the H100, tiles of halves in workgroup memory were slower than f32.
  const sizes = device.adapter?.matrices ? product : { ...product, halves: false };
  const preferred = device.preferred?.(productClass(sizes)) as MatmulVariant | undefined;
  if (preferred !== undefined && MATMUL_VARIANTS.includes(preferred) && canCompute(preferred, sizes, device.adapter))
    return preferred;
  const width = productWidth(sizes);
  const streams = width === "narrow" && (sizes.transposeA ? sizes.depth >= LONG_SUM : sizes.rows >= MANY_ROWS);
  // A load costs a software adapter as much as thirty multiplications, and a barrier more.
  if (device.software) return streams && canCompute("broadcasts", sizes, device.adapter) ? "broadcasts" : "direct";
  if (width === "narrow") {
    const streaming: MatmulVariant = sizes.transposeA ? "columns" : "rows";
    return streams && canCompute(streaming, sizes) ? streaming : "direct";
  }
  if (sizes.halves) return width === "large" ? "matrices 128×128" : "matrices 64×64";
  return TILES_BY_VENDOR[device.adapter?.vendor.toLowerCase() ?? ""]?.[width] ?? PORTABLE;
}
