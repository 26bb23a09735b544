/**
 * Which ops go along the rows of a data set, so that rows can be cut: those whose rows do not depend on each other, and those
 * that add rows up. Matrices of n rows and vectors of n values are cut alike.
 */
import { addScaled } from "../../ops/add-scaled.js";
import { argmax } from "../../ops/argmax.js";
import { crossEntropy } from "../../ops/cross-entropy.js";
import { crossEntropyStep } from "../../ops/cross-entropy-step.js";
import { at, rowsOf, valuesOf } from "../../ops/host-matrix.js";
import { lineSearch } from "../../ops/line-search.js";
import type { MatmulArguments } from "../../ops/matmul.js";
import { matmul } from "../../ops/matmul.js";
import type { HostMatrix, Op } from "../../ops/op.js";
import { softmax } from "../../ops/softmax.js";
import { isIdle, STATE } from "../../ops/solver-state.js";
import { summarize } from "../../ops/summarize.js";
import { totalWeight } from "../../ops/total-weight.js";

/** An op's arguments by name, whatever op it is. */
export type HostArguments = Record<string, unknown>;

/** How rows are added up into `out`. */
export interface RowSum {
  /** Whether the op has nothing to add up, as its arguments stand. */
  isIdle(args: HostArguments): boolean;
  /** The arguments for a block whose sum goes to `out`. */
  part(args: HostArguments, out: HostMatrix): HostArguments;
  accumulate(total: Float64Array, part: Float64Array): void;
  /** What is still to be done to the total. */
  finish(total: Float64Array, args: HostArguments): void;
}

export interface RowRule {
  /** The argument that has the rows, and says where they are cut. */
  readonly lead: string;
  /** All arguments that are cut with it. */
  readonly rows: readonly string[];
  /** Those of them that are written whole, whatever they held. */
  readonly overwritten: readonly string[];
  /** Multiplications, or visits to an element, for a row. */
  readonly rowCost: number;
  /** Where rows are added up into `out`. */
  readonly sum: RowSum | undefined;
}

interface Shape {
  readonly rows: number;
  readonly columns: number;
}

const add = (total: Float64Array, part: Float64Array): void => {
  for (let e = 0; e < total.length; e++) total[e] += part[e];
};

const SUM: RowSum = {
  isIdle: () => false,
  part: (args, out) => ({ ...args, out }),
  accumulate: add,
  finish() {},
};

const SUMMARY: RowSum = { ...SUM, accumulate: (total, part) => summarize.accumulate?.(total, part) };

const LINE: RowSum = { ...SUM, isIdle: ({ state }) => (state as HostMatrix).data[STATE.trials] === 0 };

const STEP: RowSum = { ...SUM, isIdle: ({ state }) => isIdle(state as HostMatrix) };

/** The bias is added once, to the whole. */
const PRODUCT: RowSum = {
  ...SUM,
  part: (args, out) => ({ ...args, out, bias: undefined }),
  finish(total, { out, bias }) {
    if (!bias) return;
    const { columns } = out as HostMatrix;
    for (let e = 0; e < total.length; e++) total[e] += at(bias as HostMatrix, 0, e % columns);
  },
};

/** An exponential and its share of the rest, against a multiplication. */
const ELEMENT_COST = 16;
const TARGETS = ["labels", "soft", "rowWeight"];

type RuleOf = (args: Record<string, unknown>) => RowRule | undefined;

const widthOf = (shape: unknown): number => ((shape as Shape).rows === 1 ? 1 : (shape as Shape).columns);

function rule(
  lead: string,
  rows: readonly string[],
  overwritten: readonly string[],
  cost: number,
  sum?: RowSum,
): RuleOf {
  return (args) => ({ lead, rows: [lead, ...rows], overwritten, rowCost: cost * widthOf(args[lead]), sum });
}

function matmulRule(args: Record<string, unknown>): RowRule | undefined {
  const { a, b, transposeA, transposeB } = args as unknown as MatmulArguments;
  if (transposeA && transposeB) return undefined;
  const columns = transposeB ? b.rows : b.columns;
  const shared = { lead: "a", rowCost: a.columns * columns };
  return transposeA
    ? { ...shared, rows: ["a", "b"], overwritten: [], sum: PRODUCT }
    : { ...shared, rows: ["a", "out"], overwritten: ["out"], sum: undefined };
}

const RULES: ReadonlyMap<object, RuleOf> = new Map<object, RuleOf>([
  [matmul, matmulRule],
  [softmax, rule("logits", ["out"], ["out"], ELEMENT_COST)],
  [crossEntropy, rule("logits", [...TARGETS, "loss", "gradient"], ["loss", "gradient"], ELEMENT_COST)],
  [lineSearch, rule("logits", ["direction", ...TARGETS], [], ELEMENT_COST, LINE)],
  [crossEntropyStep, rule("logits", ["direction", ...TARGETS, "gradient"], [], ELEMENT_COST, STEP)],
  [summarize, rule("x", [], [], 1, SUMMARY)],
  [argmax, rule("scores", ["out"], ["out"], 1)],
  [addScaled, (args) => rule("out", ["x", "y"], args.keep === 0 ? ["out"] : [], 1)(args)],
  [totalWeight, (args) => rule(args.labels ? "labels" : "rowWeight", ["labels", "rowWeight"], [], 1, SUM)(args)],
]);

/** Ops to which a single row is a vector of values like any other. */
const BY_VALUES: ReadonlySet<object> = new Set<object>([summarize, addScaled, totalWeight]);

/** Undefined for an op that does not go along rows, or not for these arguments. */
export function rowRuleOf<A extends object>(op: Op<A>, args: A): RowRule | undefined {
  const found = RULES.get(op)?.(args as Record<string, unknown>);
  if (!found) return undefined;
  const rows = [...new Set(found.rows)].filter((key) => (args as Record<string, unknown>)[key] !== undefined);
  const lead = (args as Record<string, unknown>)[found.lead] as Shape;
  // One row of logits is no vector of n values.
  return countOf(lead) > 1 && (lead.rows > 1 || BY_VALUES.has(op)) ? { ...found, rows } : undefined;
}

/** Rows of a matrix, values of a vector. */
export const countOf = ({ rows, columns }: Shape): number => (rows === 1 ? columns : rows);

/** Rows or values `first …` of each argument that has them. */
export function cutRows(args: HostArguments, keys: readonly string[], first: number, count: number): HostArguments {
  const cut = keys.map((key) => {
    const m = args[key] as HostMatrix;
    return [key, m.rows === 1 ? valuesOf(m, first, count) : rowsOf(m, first, count)];
  });
  return { ...args, ...Object.fromEntries(cut) };
}
