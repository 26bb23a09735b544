/** What every op asks of the tensors it is given, whichever device it runs on. */
import { describeValue } from "../data/describe-value.js";
import { DataError, ShapeError } from "../errors.js";
import type { ElementType, Op } from "../ops/op.js";
import type { Backend, Storage } from "./backend.js";
import { Tensor } from "./tensor.js";

const FLOATS: readonly ElementType[] = ["f32"];

/** Throws DataError for an operand that is no tensor, such as an array or null, before anybody asks it for its rows. */
export function requireTensors(where: string, operands: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(operands)) {
    if (!(value instanceof Tensor)) throw notUsable(where, name, value);
  }
}

function notUsable(where: string, name: string, value: unknown): DataError {
  return new DataError(
    "UNSUPPORTED_TYPE",
    `${where}: ${name} cannot be used: expected a tensor or a number, got ${describeValue(value)}.`,
  );
}

/**
 * Throws unless every tensor is alive, of this engine and of an element type that the op knows, and no tensor that is written
 * shares memory with another one. WebGPU refuses to read and write one buffer in one dispatch, even parts of it that do not
 * overlap; the CPU would silently compute something else.
 */
export function checkArguments<A extends object>(op: Op<A>, args: A, backend: Backend): void {
  const { name, types, lists = [], writes = ["out" as keyof A] } = op;
  const owner = new Map<Storage, keyof A>();
  for (const key of Object.keys(args) as (keyof A)[]) {
    const value = args[key];
    if (!(value instanceof Tensor)) {
      // Anything but a number, a switch or nothing would fail later, in the middle of somebody's read.
      if (value === undefined || typeof value === "number" || typeof value === "boolean") continue;
      if (lists.includes(key) && Array.isArray(value)) continue;
      throw notUsable(name, String(key), value);
    }
    value.requireUsable(name, backend);
    const allowed: readonly ElementType[] = types?.[key] ?? FLOATS;
    if (!allowed.includes(value.type)) {
      throw new DataError(
        "UNSUPPORTED_TYPE",
        `${name}: ${String(key)} has the wrong element type: expected ${allowed.join(" or ")}, got ${value.type}.`,
      );
    }
    const other = owner.get(value.memory.storage);
    if (other !== undefined && (writes.includes(key) || writes.includes(other))) {
      throw new ShapeError(
        "SHAPE_MISMATCH",
        `${name}: ${String(other)} and ${String(key)} share memory: expected separate tensors, since one of them is written, ` +
          "got the same one or parts of it. Write into another tensor.",
      );
    }
    owner.set(value.memory.storage, key);
  }
}
