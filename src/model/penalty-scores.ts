/** From the scores of each fold to the penalty that is chosen. Imports nothing but types. */
import type { HeldOutScore } from "./fold-scores.js";
import type { FitReport } from "./report.js";

/** A score of each fold, and of them together. */
export interface FoldScores {
  /** In the order of the folds. */
  readonly folds: readonly number[];
  /** Their mean, each fold counting alike. */
  readonly mean: number;
  /** Of the mean: the folds' standard deviation / √folds. */
  readonly standardError: number;
}

/** How well models with one penalty did on the rows that they had not seen. */
export interface PenaltyScore {
  /** The penalty. */
  readonly l2: number;
  /** Mean cross-entropy in nats on the rows held out; the less the better. */
  readonly logLoss: FoldScores;
  /** Share of the rows held out whose class is predicted right, 0 … 1. */
  readonly accuracy: FoldScores;
  /** How each fold's training ended. */
  readonly reports: readonly FitReport[];
}

export type Scoring = "logLoss" | "accuracy";

export function foldScores(folds: readonly number[]): FoldScores {
  const mean = folds.reduce((sum, score) => sum + score, 0) / folds.length;
  const variance = folds.reduce((sum, score) => sum + (score - mean) ** 2, 0) / (folds.length - 1);
  return { folds, mean, standardError: Math.sqrt(variance / folds.length) };
}

export function penaltyScore(l2: number, scores: readonly HeldOutScore[], reports: readonly FitReport[]): PenaltyScore {
  const logLoss = foldScores(scores.map((score) => score.logLoss));
  return { l2, logLoss, accuracy: foldScores(scores.map((score) => score.accuracy)), reports };
}

/** How far a mean is from the best there could be; a mean that is no number is the worst. */
function distance({ logLoss, accuracy }: PenaltyScore, scoring: Scoring): number {
  const value = scoring === "logLoss" ? logLoss.mean : 1 - accuracy.mean;
  return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
}

/**
 * The best mean, and the largest penalty whose mean is no more than one standard error of the best one worse (Breiman, Friedman,
 * Olshen & Stone 1984): what is simpler and cannot be told from it. Of equal means the larger penalty.
 */
export function chooseScores(
  scores: readonly PenaltyScore[],
  scoring: Scoring,
): { readonly best: PenaltyScore; readonly oneStandardError: PenaltyScore } {
  const largestFirst = scores.toSorted((a, b) => b.l2 - a.l2);
  const best = largestFirst.reduce((a, b) => (distance(b, scoring) < distance(a, scoring) ? b : a));
  const limit = distance(best, scoring) + (best[scoring].standardError || 0);
  return { best, oneStandardError: largestFirst.find((score) => distance(score, scoring) <= limit) ?? best };
}
