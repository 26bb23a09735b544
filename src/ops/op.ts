/**
 * What an op is: one mathematical operation, described so that every device can carry it out.
 * An op file holds the formula, the shape rule, the float64 reference that is the truth in every test, and the plan
 * by which a GPU computes it (which shader, which constants, which grid). Ops know no device and hold no memory.
 */

/** Anything with rows and columns. A vector of n values is a matrix of 1 row and n columns. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
}

/** Element types a matrix may be stored in. The value of a `u8` or `f16` element is `element · scale + offset`. */
export type ElementType = "f32" | "f16" | "u8" | "i32";

/** Arrays that hold a matrix on the host: Uint16Array the bits of f16. Float64Array serves the reference only. */
export type HostArray = Float32Array | Float64Array | Uint8Array | Uint16Array | Int32Array;

/** A matrix in host memory, row-major without padding. The value at (i, j) is `element[i·columns + j] · scale + offset`. */
export interface HostMatrix extends Matrix {
  readonly data: HostArray;
  readonly scale: number;
  readonly offset: number;
}

/** A run of whole rows that lies in one device buffer. */
export interface DeviceBlock {
  /** First row of the block, counted in the matrix it belongs to. */
  readonly firstRow: number;
  readonly rows: number;
  /** The device's own handle; only the device looks inside. */
  readonly buffer: object;
  /** Where `firstRow` starts in the buffer, in quads. */
  readonly offset: number;
}

/**
 * A matrix in device memory. Rows are padded to whole quads (4 elements: 16 bytes of f32 or i32, 8 of f16, 4 of u8) and
 * the padding of f32 and f16 is zero. A matrix larger than one binding may be is cut into blocks of rows, 64 or a multiple each.
 */
export interface DeviceMatrix extends Matrix {
  readonly type: ElementType;
  readonly scale: number;
  readonly offset: number;
  /** Quads from one row to the next. */
  readonly stride: number;
  readonly blocks: readonly DeviceBlock[];
}

/** One WGSL file of `shaders/`, or several. Ops name it only: a page without a GPU need not load it. */
export interface Kernel {
  /** Of the kernel, and of its file without the ending. */
  readonly name: string;
  /** The files of a kernel that is too long for one, without their endings: joined in this order, they are one module. */
  readonly files?: readonly string[];
  /** WGSL of a kernel that has no file. */
  readonly code?: string;
  /** What the storage bindings 0, 1, … are used for; the uniform parameters have the next number. */
  readonly bindings: readonly ("read" | "write")[];
}

/** One 4-byte word of a kernel's uniform parameters. */
export interface Word {
  readonly type: "u32" | "f32";
  readonly value: number;
}

export const u32 = (value: number): Word => ({ type: "u32", value });
export const f32 = (value: number): Word => ({ type: "f32", value });

/** The bits of NaN, which WGSL cannot spell: a parameter of kernels that write it. */
export const NOT_A_NUMBER_BITS = 0x7fc00000;

/** One launch of a kernel. */
export interface Dispatch {
  readonly kernel: Kernel;
  /** Values of the shader's `override` constants. A frozen object is known again by itself, which is quicker. */
  readonly constants: Readonly<Record<string, number>>;
  /** One buffer for each storage binding. */
  readonly buffers: readonly object[];
  /** The uniform parameters in the order of the shader's struct, at most 64 words. */
  readonly parameters: readonly Word[];
  /** Workgroups wanted; the device folds them into two dimensions where one is too short. */
  readonly workgroups: number;
  /** Floating-point operations, roughly: what the scheduler sizes a submit by. */
  readonly work: number;
  /** Bytes of features that it reads from memory, where the op keeps account of them. */
  readonly featureBytes?: number;
}

/** Who made the GPU and which one it is, as WebGPU names them: "nvidia", "hopper". Browsers may leave either empty. */
export interface AdapterTraits {
  readonly vendor: string;
  readonly architecture: string;
  /** Threads in a subgroup, at least and at most; undefined where the device has no subgroups or does not tell. */
  readonly subgroups?: { readonly min: number; readonly max: number } | undefined;
  /** Subgroups of 32 multiply 16 × 16 halves at once and sum them in f32. */
  readonly matrices?: boolean;
}

/** What a device offers to an op that plans its launches. */
export interface Planner {
  /** Floating-point operations that one dispatch may hold: longer ones are cut, so that no watchdog bites. */
  readonly workPerDispatch: number;
  /** The adapter is a CPU in disguise: loads and barriers are dear there, and cores few. */
  readonly software: boolean;
  /** Unknown where it is missing. */
  readonly adapter?: AdapterTraits | undefined;
  /** The variant of a kernel that `engine.tune()` has found to be the fastest for a class of products. */
  preferred?(productClass: string): string | undefined;
  /** f32 memory for the length of this plan; its content is undefined. */
  scratch(rows: number, columns: number): DeviceMatrix;
  dispatch(dispatch: Dispatch): void;
}

/** The arguments `A` with every matrix in them stored as `M`. */
export type On<A, M extends Matrix> = {
  [K in keyof A]: A[K] extends Matrix ? M : A[K] extends Matrix | undefined ? M | Extract<A[K], undefined> : A[K];
};

export interface Op<A> {
  readonly name: string;
  /** The arguments it writes, `out` alone unless said otherwise. None of them may share memory with another argument. */
  readonly writes?: readonly (keyof A)[];
  /** Element types that an argument may have, f32 alone unless said otherwise. */
  readonly types?: { readonly [K in keyof A]?: readonly ElementType[] };
  /** Arguments that are lists of numbers. */
  readonly lists?: readonly (keyof A)[];
  /** Throws a ShapeError when the arguments do not fit together. */
  check(args: A): void;
  /** The same op on rows `first …` alone, for ops whose rows do not depend on each other or are summed up. */
  slice?(args: On<A, HostMatrix>, first: number, rows: number): On<A, HostMatrix>;
  /** How many rows there are for `slice` to cut, the tallest matrix's unless said otherwise. */
  sliceRows?(args: On<A, HostMatrix>): number;
  /** For ops that sum rows up into `out`: takes a slice's `out` into the total of those before, which starts from zeros. */
  accumulate?(total: Float64Array, part: Float64Array): void;
  /** The formula, plainly, in float64: the truth that every device is held against. */
  reference(args: On<A, HostMatrix>): void;
  /** The launches that compute it on a GPU. */
  plan(args: On<A, DeviceMatrix>, planner: Planner): void;
}
