/** Memory of the page for as many numbers as a caller's sizes ask for. Imports errors only. */
import { DeviceError } from "../errors.js";

/** A new array of `rows × columns` values. Throws DeviceError OUT_OF_MEMORY where the page has no room for it. */
export function allocated<T>(type: new (length: number) => T, rows: number, columns: number, where: string): T {
  try {
    return new type(rows * columns);
  } catch (cause) {
    throw new DeviceError(
      "OUT_OF_MEMORY",
      `${where}: the page has no memory for a matrix of ${rows} × ${columns}. Use fewer rows at a time.`,
      cause,
    );
  }
}
