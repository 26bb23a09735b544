/** Checks and copies `{ data, shape }`, or the same with `dims`. Imports errors and its neighbours in this folder. */
import { DataError, ShapeError } from "../errors.js";
import type { Argument } from "./argument.js";
import { describeValue } from "./describe-value.js";
import { HalfElements, readableRuns } from "./element-source.js";
import type { FeatureStorage } from "./feature-storage.js";
import type { DenseMatrix, MatrixData, SparseData, TensorData } from "./matrix-like.js";
import { isHalfArray, isNumericArray, type NumericArray, refuseDetached, tagOf } from "./numeric-array.js";
import type { InPieces } from "./pieces.js";
import { refuseEmpty } from "./refusals.js";
import { storedMatrix } from "./stored-matrix.js";

/** What tensors of half floats call themselves: in ONNX Runtime and transformers.js, and here. */
const HALF_TYPES: readonly unknown[] = ["float16", "f16"];

/** The list of sizes inside. Throws ShapeError SHAPE_MISMATCH unless they are whole and not negative. */
export function checkedShape(
  input: MatrixData | TensorData | SparseData,
  { where, name }: Argument,
): readonly number[] {
  const { shape: ofShape, dims } = input as { readonly shape?: unknown; readonly dims?: unknown };
  const shape = "shape" in input ? ofShape : dims;
  if ("shape" in input && Array.isArray(dims) && String(dims) !== String(shape)) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${where}: ${name} has a shape and dims that are not the same: expected one of them, got [${shape}] and [${dims}].`,
    );
  }
  if (Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0)) return shape;
  const got = Array.isArray(shape) ? `[${shape.map(describeValue).join(", ")}]` : describeValue(shape);
  throw new ShapeError(
    "SHAPE_MISMATCH",
    `${where}: the shape of ${name} is not a list of sizes: expected whole numbers of 0 or more, got ${got}.`,
  );
}

/**
 * The array of numbers inside, not yet looked through; half floats that are handed out as their raw bits, which are not the
 * numbers, as such. Throws DataError UNSUPPORTED_TYPE or DETACHED_BUFFER.
 */
export function checkedData(
  input: MatrixData | TensorData,
  argument: Argument,
): NumericArray | readonly unknown[] | HalfElements {
  const { where, name } = argument;
  const data = elementsOf(input, argument);
  refuseOtherSize(input, data, argument);
  const ofHalves = HALF_TYPES.includes(input.type);
  if (ofHalves && !isHalfArray(data)) {
    if (tagOf(data) === "Uint16Array") {
      refuseDetached(data as Uint16Array, argument);
      return new HalfElements(data as Uint16Array);
    }
    throw new DataError(
      "UNSUPPORTED_TYPE",
      `${where}: the data of ${name} does not fit its type ${input.type}: expected a Float16Array, or a Uint16Array of their bits, ` +
        `got ${describeValue(data)}. Leave the type out if these are plain numbers.`,
    );
  }
  if (isNumericArray(data)) {
    refuseDetached(data, argument);
    return data;
  }
  if (Array.isArray(data)) return data;
  throw new DataError(
    "UNSUPPORTED_TYPE",
    `${where}: the data of ${name} has an unsupported type: expected an array of numbers or a typed array of floats or of ` +
      `integers up to 32 bits, got ${describeValue(data)}. Convert it by Float32Array.from(data, Number).`,
  );
}

/** Tensors say how many elements they have; some say how far apart rows and columns lie, and those of a transposed view are not row by row. */
function refuseOtherSize(input: object, data: unknown, { where, name }: Argument): void {
  const { size, stride, strides = stride } = input as Readonly<Record<string, unknown>>;
  const length = (data as ArrayLike<unknown> | undefined)?.length;
  if (typeof size === "number" && typeof length === "number" && size !== length) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${where}: the data of ${name} has another length than its size: expected ${size} values, got ${length}.`,
    );
  }
  const { shape, dims = shape } = input as { readonly shape?: unknown; readonly dims?: unknown };
  // TensorFlow.js leaves out the last stride, which is 1 there always.
  if (!Array.isArray(dims) || dims.length !== 2 || !Array.isArray(strides) || strides.length !== 2) return;
  const [rows, columns] = dims;
  if ((rows === 1 || strides[0] === columns) && (columns === 1 || strides[1] === 1)) return;
  throw new ShapeError(
    "SHAPE_MISMATCH",
    `${where}: the data of ${name} does not lie row by row: expected the strides [${columns}, 1], got [${strides}]. Pass a copy that does.`,
  );
}

/** The elements; a tensor of TensorFlow.js is asked for them. */
function elementsOf(input: { readonly data: unknown }, { where, name }: Argument): unknown {
  const { dataSync } = input as { dataSync?: unknown };
  if (typeof input.data !== "function" || typeof dataSync !== "function") return input.data;
  try {
    return dataSync.call(input);
  } catch (cause) {
    throw new DataError(
      "UNSUPPORTED_TYPE",
      `${where}: the tensor ${name} gives no numbers at once. Pass { data: await tensor.data(), shape: tensor.shape }.`,
      cause,
    );
  }
}

export function* matrixFromData(
  input: MatrixData | TensorData,
  storage: FeatureStorage,
  argument: Argument,
): InPieces<DenseMatrix> {
  const data = checkedData(input, argument);
  const [rows, columns] = matrixShape(checkedShape(input, argument), data.length, argument);
  const scale = coefficient(input.scale, 1, "scale", argument);
  const offset = coefficient(input.offset, 0, "offset", argument);
  // Whether a plain array holds numbers only is seen when they are stored.
  const runs = readableRuns([data as NumericArray | readonly number[] | HalfElements]);
  return yield* storedMatrix({ rows, columns, scale, offset, runs }, storage, argument);
}

function matrixShape(shape: readonly number[], length: number, argument: Argument): readonly [number, number] {
  const { where, name } = argument;
  if (shape.length !== 2) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${where}: ${name} is not a matrix: expected the shape [rows, columns], got [${shape.join(", ")}].`,
    );
  }
  const [rows, columns] = shape as readonly [number, number];
  if (rows * columns !== length) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${where}: the data of ${name} does not fill its shape: expected ${rows} × ${columns} = ${rows * columns} values, got ${length}.`,
    );
  }
  refuseEmpty(rows, columns, argument);
  return [rows, columns];
}

/** `scale` or `offset`, or what stands for it where none is given. Throws DataError. */
function coefficient(value: unknown, absent: number, part: string, { where, name }: Argument): number {
  if (value === undefined) return absent;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new DataError(
    typeof value === "number" ? "NON_FINITE_INPUT" : "UNSUPPORTED_TYPE",
    `${where}: the ${part} of ${name} cannot be used: expected a finite number, got ${describeValue(value)}.`,
  );
}
