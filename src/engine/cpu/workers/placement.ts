/**
 * Decides where an op runs: shared out by rows, by every worker alike, or by the first one alone; and brings its operands there.
 * A pure function of what was recorded before, so that all workers are told consistent things.
 */

import { linearGradient } from "../../../ops/linear-gradient.js";
import { matmul } from "../../../ops/matmul.js";
import type { Op } from "../../../ops/op.js";
import { Tensor } from "../../tensor.js";
import type { Span } from "../row-blocks.js";
import { blockRows, lengthOf, sharesOf } from "../row-blocks.js";
import type { RowRule } from "../row-rules.js";
import { rowRuleOf } from "../row-rules.js";
import { blockSumOf, rowsWithin } from "../tensor-rows.js";
import type { Layout } from "./layout.js";
import { atHome, covers, everywhere, sameLayout, within } from "./layout.js";
import type { PlacedStorage } from "./placed-storage.js";

/** Multiplications that pay for telling more than one worker. */
const WORTH_SHARING = 2 ** 24;
/** Bytes that may lie in every worker. */
const SMALL_BYTES = 4 * 2 ** 20;

/** A matrix that was gathered so often is not shared out again. */
const MOST_GATHERINGS = 2;

/** What is wanted of an operand before the op runs. */
export interface Want {
  readonly storage: PlacedStorage;
  readonly layout: Layout;
  /** What it held is not needed. */
  readonly overwritten: boolean;
}

export interface Plan {
  readonly mode: "shared" | "everywhere" | "home";
  readonly wants: readonly Want[];
  /** Rows of the lead for each worker, counted from its first one; where the mode is `shared`. */
  readonly shares: Layout | undefined;
  /** Blocks of rows to be added up. */
  readonly blocks: readonly Span[] | undefined;
}

export const storageOf = (t: Tensor): PlacedStorage => t.memory.storage as PlacedStorage;

const layoutOf = ({ content }: PlacedStorage): Layout | undefined =>
  content.kind === "placed" ? content.layout : undefined;

const isWhole = (t: Tensor): boolean => t.rows * t.columns === storageOf(t).elements;

const isWritten = <A extends object>({ writes = ["out" as keyof A] }: Op<A>, key: string): boolean =>
  writes.includes(key as keyof A);

export function planRun<A extends object>(op: Op<A>, args: A, workers: number): Plan {
  const rule = workers > 1 ? rowRuleOf(op, args) : undefined;
  const tensors = Object.entries(args).filter((entry): entry is [string, Tensor] => entry[1] instanceof Tensor);
  const blocks = blockSumOf(op, args)?.blocks;
  const shared = rule && planShared(op, rule, tensors, blocks, workers);
  return shared ?? planWhole(op, tensors, blocks, workers);
}

function planShared<A extends object>(
  op: Op<A>,
  rule: RowRule,
  tensors: readonly [string, Tensor][],
  blocks: readonly Span[] | undefined,
  workers: number,
): Plan | undefined {
  const lead = tensors.find(([key]) => key === rule.lead)?.[1] as Tensor;
  const rows = rowsWithin(lead);
  const storage = storageOf(lead);
  // A row of a matrix, looked at as a vector, is not cut.
  if (rows.length !== storage.length) return undefined;
  const layout = cutLayout(rule, storage, tensors) ?? newLayout(op, rule, storage, workers);
  if (!layout) return undefined;
  const shares = within(layout, rows);
  if (rule.sum && !(blocks && areWholeBlocks(shares, rows.length, rows))) return undefined;
  const wants: Want[] = [];
  for (const [key, t] of tensors) {
    const own = storageOf(t);
    if (!rule.rows.includes(key)) {
      wants.push({ storage: own, layout: everywhere(own.length, workers), overwritten: false });
    } else if (key === rule.lead) {
      wants.push({ storage: own, layout, overwritten: rule.overwritten.includes(key) && isWhole(t) });
    } else if (isWhole(t)) {
      // Read from where it is, if everybody has a part that is large enough.
      const has = layoutOf(own);
      const written = isWritten(op, key);
      const fits = has && !written && covers(has, shares);
      wants.push({ storage: own, layout: fits ? has : shares, overwritten: rule.overwritten.includes(key) });
    } else {
      const has = layoutOf(own);
      const part = rowsWithin(t);
      const fits = has && part.length === own.length && sameLayout(within(has, part), shares);
      if (!fits) return undefined;
      wants.push({ storage: own, layout: has, overwritten: false });
    }
  }
  // What an op reads in two ways is where it is wanted whole.
  const whole = new Set(tensors.filter(([key]) => !rule.rows.includes(key)).map(([, t]) => storageOf(t)));
  const isDouble = ({ storage: s, layout: l }: Want): boolean =>
    whole.has(s) && !covers(l, everywhere(s.length, workers));
  return { mode: "shared", wants: wants.filter((want) => !isDouble(want)), shares, blocks };
}

/** How rows are cut already: the lead's, or those of an operand that goes with it. */
function cutLayout(
  { rows, overwritten }: RowRule,
  lead: PlacedStorage,
  tensors: readonly [string, Tensor][],
): Layout | undefined {
  const followed = tensors.filter(([key]) => rows.includes(key) && !overwritten.includes(key));
  const storages = [lead, ...followed.filter(([, t]) => isWhole(t)).map(([, t]) => storageOf(t))];
  const cut = (s: PlacedStorage): boolean => {
    const has = layoutOf(s);
    return s.length === lead.length && has !== undefined && isCut(has, s.length);
  };
  const found = storages.find(cut);
  return found && layoutOf(found);
}

/** How the rows of an op's lead are to be shared out, if they are worth it. */
function newLayout<A extends object>(
  op: Op<A>,
  rule: RowRule,
  lead: PlacedStorage,
  workers: number,
): Layout | undefined {
  if (lead.length * rule.rowCost < WORTH_SHARING || lead.timesGathered >= MOST_GATHERINGS) return undefined;
  const isProduct = (op as object) === matmul || (op as object) === linearGradient;
  // Rows that are not added up may be few, if each is much work.
  if (rule.sum && !isProduct && blockRows(lead.length) === lead.length) return undefined;
  // What an op has left in one place is used there again: only what callers brought is moved.
  if (layoutOf(lead) && !(lead.fromCaller && isProduct)) return undefined;
  return sharesOf(lead.length, workers);
}

/** Whether no worker has all. */
const isCut = (layout: Layout, length: number): boolean => layout.every((span) => lengthOf(span) < length);

/** Whether rows are cut at ends of blocks only: `shares` are counted from row `begin` of a matrix of `length` rows. */
function areWholeBlocks(shares: Layout, length: number, { begin, end }: Span): boolean {
  const size = blockRows(length);
  const fits = (row: number): boolean => row === begin || row === end || row % size === 0;
  return shares.every((share) => lengthOf(share) === 0 || (fits(begin + share.begin) && fits(begin + share.end)));
}

function planWhole<A extends object>(
  op: Op<A>,
  tensors: readonly [string, Tensor][],
  blocks: readonly Span[] | undefined,
  workers: number,
): Plan {
  const storages = [...new Set(tensors.map(([, t]) => storageOf(t)))];
  const small = storages.every((s) => s.bytes <= SMALL_BYTES);
  const isEverywhere = (s: PlacedStorage): boolean => {
    const layout = layoutOf(s);
    return layout !== undefined && covers(layout, everywhere(s.length, workers));
  };
  const cut = storages.some((s) => {
    const layout = layoutOf(s);
    return layout !== undefined && isCut(layout, s.length);
  });
  // What all have, all go on with: it will be needed by all again.
  if (workers > 1 && storages.some(isEverywhere) && !cut && (small || storages.every(isEverywhere))) {
    const wants = storages.map((storage) => ({
      storage,
      layout: everywhere(storage.length, workers),
      overwritten: false,
    }));
    return { mode: "everywhere", wants, shares: undefined, blocks };
  }
  const written = new Set(tensors.filter(([key]) => isWritten(op, key)).map(([, t]) => storageOf(t)));
  const wants = storages.map((storage) => {
    const home = atHome(storage.length, workers);
    const has = layoutOf(storage);
    const stays = has && !written.has(storage) && covers(has, home);
    return { storage, layout: stays ? has : home, overwritten: false };
  });
  return { mode: "home", wants, shares: undefined, blocks };
}
