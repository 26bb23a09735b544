/** Checks and copies `{ data, shape }`, or the same with `dims`. Imports errors and its neighbours in this folder. */
import { DataError, ShapeError } from "../errors.js";
import type { Argument } from "./argument.js";
import { describeValue } from "./describe-value.js";
import { refuseNonFinite } from "./finite.js";
import type { DenseMatrix, MatrixData, TensorData } from "./matrix-like.js";
import { isByteArray, isNumericArray, type NumericArray, refuseDetached } from "./numeric-array.js";
import { refuseEmpty, refuseNonNumbers } from "./refusals.js";

type Layout = Omit<DenseMatrix, "data">;

/** The list of sizes inside. Throws ShapeError SHAPE_MISMATCH unless they are whole and not negative. */
export function checkedShape(input: MatrixData | TensorData, { where, name }: Argument): readonly number[] {
  const shape: unknown = "shape" in input ? input.shape : input.dims;
  if (Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0)) return shape;
  const got = Array.isArray(shape) ? `[${shape.map(describeValue).join(", ")}]` : describeValue(shape);
  throw new ShapeError(
    "SHAPE_MISMATCH",
    `${where}: the shape of ${name} is not a list of sizes: expected whole numbers of 0 or more, got ${got}.`,
  );
}

/** The array of numbers inside, not yet looked through. Throws DataError UNSUPPORTED_TYPE or DETACHED_BUFFER. */
export function checkedData(input: MatrixData | TensorData, argument: Argument): NumericArray | readonly unknown[] {
  const { where, name } = argument;
  const data: unknown = input.data;
  // Where Float16Array does not exist, half floats are handed out as their raw bits, which are not the numbers.
  if ((input as { type?: unknown }).type === "float16") {
    throw new DataError(
      "UNSUPPORTED_TYPE",
      `${where}: ${name} has an unsupported type: expected float32, got float16. Convert it to a Float32Array.`,
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

export function matrixFromData(input: MatrixData | TensorData, argument: Argument): DenseMatrix {
  const data = checkedData(input, argument);
  const [rows, columns] = matrixShape(checkedShape(input, argument), data.length, argument);
  const scale = coefficient(input.scale, 1, "scale", argument);
  const offset = coefficient(input.offset, 0, "offset", argument);
  const layout = { rows, columns, scale, offset };
  return isByteArray(data) ? keepBytes(data, layout, argument) : roundToFloats(data, layout, argument);
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

function keepBytes(data: Uint8Array | Uint8ClampedArray, layout: Layout, { where, name }: Argument): DenseMatrix {
  const { scale, offset } = layout;
  if (![offset, 255 * scale + offset].every((end) => Number.isFinite(Math.fround(end)))) {
    throw new DataError(
      "NON_FINITE_INPUT",
      `${where}: ${name} is too large for float32: expected at most ±3.4028235e+38, got bytes · ${scale} + ${offset}.`,
    );
  }
  const copy = new Uint8Array(data.length);
  copy.set(data);
  return { ...layout, data: copy };
}

function roundToFloats(data: NumericArray | readonly unknown[], layout: Layout, argument: Argument): DenseMatrix {
  const { rows, columns, scale, offset } = layout;
  if (!isNumericArray(data)) refuseNonNumbers(data, 0, columns, argument);
  const copy = new Float32Array(data.length);
  if (scale === 1 && offset === 0) copy.set(data);
  else for (let i = 0; i < copy.length; i++) copy[i] = data[i] * scale + offset;
  // An infinity is reported as it was given, not as scale and offset left it.
  const given = (i: number): number => (Number.isFinite(data[i]) ? data[i] * scale + offset : data[i]);
  refuseNonFinite(copy, columns, given, argument);
  return { data: copy, rows, columns, scale: 1, offset: 0 };
}
