/**
 * Which ops go along the rows of a data set, so that rows can be cut: those whose rows do not depend on each other, and those
 * that add rows up. Matrices of n rows and vectors of n values are cut alike.
 */
import { addScaled } from "../../ops/add-scaled.js";
import { argmax } from "../../ops/argmax.js";
import { columnMoments } from "../../ops/column-moments.js";
import { copyColumns } from "../../ops/copy-columns.js";
import { crossEntropy } from "../../ops/cross-entropy.js";
import { crossEntropyStep } from "../../ops/cross-entropy-step.js";
import { rowsOf, valuesOf } from "../../ops/host-matrix.js";
import { lineSearch } from "../../ops/line-search.js";
import type { LinearGradientArguments } from "../../ops/linear-gradient.js";
import { linearGradient } from "../../ops/linear-gradient.js";
import type { MatmulArguments } from "../../ops/matmul.js";
import { matmul } from "../../ops/matmul.js";
import type { HostMatrix, Op } from "../../ops/op.js";
import { scoreLoss } from "../../ops/score-loss.js";
import { scoreLossLine } from "../../ops/score-loss-line.js";
import { scoreLossStep } from "../../ops/score-loss-step.js";
import { softmax } from "../../ops/softmax.js";
import { summarize } from "../../ops/summarize.js";
import { totalLoss } from "../../ops/total-loss.js";
import { totalWeight } from "../../ops/total-weight.js";
import type { HostArguments, RowSum } from "./row-sums.js";
import { GRADIENT, LINE, LOSS, MOMENTS, PRODUCT, STEP, SUM, SUMMARY } from "./row-sums.js";

export interface RowRule {
  /** The argument that has the rows, and says where they are cut. */
  readonly lead: string;
  /** All arguments that are cut with it. */
  readonly rows: readonly string[];
  /** Those of them that are written whole, whatever they held. */
  readonly overwritten: readonly string[];
  /** Multiplications, or visits to an element, for a row. */
  readonly rowCost: number;
  /** Where rows are added up. */
  readonly sum: RowSum | undefined;
  /** The argument that says how many rows there are, if one does. */
  readonly count?: string;
}

interface Shape {
  readonly rows: number;
  readonly columns: number;
}

/** An exponential and its share of the rest, 3 to 5 ns, against a multiplication, 0.04. */
const ELEMENT_COST = 64;
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

/** Whether a copy of columns leaves nothing of what was there. */
const isWhole = ({ columns, out }: Record<string, unknown>): boolean => columns === (out as Shape).columns;

/** All rows at once; those that an order names may lie anywhere. */
function gradientRule(args: Record<string, unknown>): RowRule | undefined {
  const { x, theta, order } = args as unknown as LinearGradientArguments;
  if (order) return undefined;
  const rowCost = 2 * x.columns * theta.columns;
  return { lead: "x", rows: ["x", ...TARGETS], overwritten: [], rowCost, sum: GRADIENT, count: "rows" };
}

const RULES: ReadonlyMap<object, RuleOf> = new Map<object, RuleOf>([
  [matmul, matmulRule],
  [linearGradient, gradientRule],
  [softmax, rule("logits", ["out"], ["out"], ELEMENT_COST)],
  [crossEntropy, rule("logits", [...TARGETS, "loss", "gradient"], ["loss", "gradient"], ELEMENT_COST)],
  [lineSearch, rule("logits", ["direction", ...TARGETS], [], ELEMENT_COST, LINE)],
  [crossEntropyStep, rule("logits", ["direction", ...TARGETS, "gradient"], [], ELEMENT_COST, STEP)],
  [scoreLoss, rule("logits", [...TARGETS, "loss", "gradient"], ["loss", "gradient"], ELEMENT_COST)],
  [scoreLossLine, rule("logits", ["direction", ...TARGETS], [], ELEMENT_COST, LINE)],
  [scoreLossStep, rule("logits", ["direction", ...TARGETS, "gradient"], [], ELEMENT_COST, STEP)],
  [columnMoments, rule("x", ["rowWeight"], [], 2, MOMENTS)],
  [summarize, rule("x", [], [], 1, SUMMARY)],
  [argmax, rule("scores", ["out"], ["out"], 1)],
  [addScaled, (args) => rule("out", ["x", "y"], args.keep === 0 ? ["out"] : [], 1)(args)],
  [copyColumns, (args) => rule("out", ["x"], isWhole(args) ? ["out"] : [], 1)(args)],
  [totalLoss, rule("losses", [], [], 1, LOSS)],
  [totalWeight, (args) => rule(args.labels ? "labels" : "rowWeight", ["labels", "rowWeight"], [], 1, SUM)(args)],
]);

/** Ops to which a single row is a vector of values like any other. */
const BY_VALUES: ReadonlySet<object> = new Set<object>([summarize, addScaled, totalLoss, totalWeight]);

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

/** The argument that says how many rows there are, for so many. */
export const counted = ({ count: name }: RowRule, count: number): HostArguments =>
  name === undefined ? {} : { [name]: count };

/** Rows or values `first …` of each argument that has them. */
export function cutRows(args: HostArguments, rule: RowRule, first: number, count: number): HostArguments {
  const cut = rule.rows.map((key): [string, unknown] => {
    const m = args[key] as HostMatrix;
    return [key, m.rows === 1 ? valuesOf(m, first, count) : rowsOf(m, first, count)];
  });
  return { ...args, ...Object.fromEntries(cut), ...counted(rule, count) };
}
