/** Which rows of its storage a tensor has: the storage says where they are cut, so that parts of a matrix are cut as it is. */
import type { Op } from "../../ops/op.js";
import type { StoredMatrix } from "../backend.js";
import type { BlockSum } from "./op-jobs.js";
import type { Span } from "./row-blocks.js";
import { blocksWithin } from "./row-blocks.js";
import { countOf, rowRuleOf } from "./row-rules.js";

export interface TensorRows extends Span {
  /** Rows, or values, of the whole storage. */
  readonly length: number;
}

/** Of a vector its values. A row of a matrix counts as a vector by itself. */
export function rowsWithin(t: StoredMatrix): TensorRows {
  const { storage } = t.memory;
  const count = countOf(t);
  if (storage.rows === 1) return { length: storage.columns, begin: t.firstColumn, end: t.firstColumn + count };
  if (t.rows === 1) return { length: count, begin: 0, end: count };
  return { length: storage.rows, begin: t.firstRow, end: t.firstRow + count };
}

/** How the op's rows are added up, if they are, and if there is more than one block of them. */
export function blockSumOf<A extends object>(op: Op<A>, args: A): BlockSum | undefined {
  const rule = rowRuleOf(op, args);
  if (!rule?.sum) return undefined;
  const rows = rowsWithin((args as Record<string, unknown>)[rule.lead] as StoredMatrix);
  const blocks = blocksWithin(rows.length, rows);
  if (blocks.length < 2) return undefined;
  const { begin } = rows;
  return { rule, sum: rule.sum, blocks: blocks.map((b) => ({ begin: b.begin - begin, end: b.end - begin })) };
}
