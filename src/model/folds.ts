/** Rows shared out to folds: each is held out once, of each class alike. Imports data and random. */
import { OptionError } from "../errors.js";
import { Random } from "../random.js";
import type { EncodedLabels } from "./labels.js";
import { likeliestClasses } from "./labels.js";

export interface FoldOptions {
  /** How many, 2 at least; or for each row the fold that holds it out: 0, 1, …, and −1 for none. */
  readonly folds: number | ArrayLike<number>;
  readonly stratified: boolean;
  readonly seed: number;
}

/**
 * The fold that holds each row out, −1 for rows that do not count (weight 0) or that the caller keeps in training. Rows are dealt in
 * random order, class after class where they are stratified: folds differ by one row at most, in all and in each class. The same
 * seed deals alike.
 *
 * @throws OptionError BAD_OPTION for folds that would be empty
 */
export function foldsOf(
  y: EncodedLabels,
  weights: Float32Array | undefined,
  { folds, stratified, seed }: FoldOptions,
  where: string,
): { readonly foldOf: Int32Array; readonly count: number } {
  const classOf = likeliestClasses(y);
  const given = typeof folds !== "number";
  const foldOf = given ? givenFolds(folds, classOf.length, where) : new Int32Array(classOf.length).fill(-1);
  const count = given ? foldOf.reduce((most, fold) => Math.max(most, fold), -1) + 1 : folds;
  if (!given) {
    const random = new Random(seed);
    const rowsOf = y.classes.map(() => [] as number[]);
    classOf.forEach((index, row) => {
      if (weights?.[row] !== 0) rowsOf[stratified ? index : 0].push(row);
    });
    let dealt = 0;
    for (const rows of rowsOf) {
      const order = Uint32Array.from(rows);
      random.shuffle(order);
      for (const row of order) foldOf[row] = dealt++ % count;
    }
  }
  refuseEmpty(foldOf, weights, count, where);
  return { foldOf, count };
}

function givenFolds(folds: ArrayLike<number>, rows: number, where: string): Int32Array {
  const list: readonly unknown[] = Array.from(folds);
  const isFold = (fold: unknown): fold is number =>
    typeof fold === "number" && Number.isInteger(fold) && fold >= -1 && fold < rows;
  if (list.length === rows && list.every(isFold)) return Int32Array.from(list);
  throw new OptionError(
    "BAD_OPTION",
    `${where}: option \`folds\` cannot be used: expected a fold ≥ 0, or −1 for none, for each of ${rows} rows, got ${folds.length} numbers of which ` +
      `${list.filter((fold) => !isFold(fold)).length} are none.`,
  );
}

/** Each fold needs a row to be judged by, and one to be trained on. */
function refuseEmpty(foldOf: Int32Array, weights: Float32Array | undefined, count: number, where: string): void {
  const held = new Int32Array(count);
  let counting = 0;
  foldOf.forEach((fold, row) => {
    if (weights?.[row] === 0) return;
    counting++;
    if (fold >= 0) held[fold]++;
  });
  const empty = held.findIndex((rows) => rows === 0 || rows === counting);
  if (count >= 2 && empty < 0) return;
  throw new OptionError(
    "BAD_OPTION",
    `${where}: option \`folds\` cannot be used: expected 2 folds at least, none of them empty, got ${count} for ${counting} rows that count` +
      `${empty < 0 ? "" : `, fold ${empty} with ${held[empty]}`}.`,
  );
}

/** The rows' weights, but 0 for those of one fold (`of: "others"`), or for all others (`of: "fold"`). */
export function foldWeights(
  foldOf: Int32Array,
  weights: Float32Array | undefined,
  fold: number,
  of: "fold" | "others",
): Float32Array {
  return Float32Array.from(foldOf, (held, row) => ((held === fold) === (of === "fold") ? (weights?.[row] ?? 1) : 0));
}
