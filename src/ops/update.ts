/**
 * What all updates of weights are told, and how their kernels are: `g ← g + l2·θ` on the penalised rows, then
 *
 * - SGD: `v ← momentum·v + g`, `θ ← θ − rate·λ·θ − rate·v`, or `… − rate·(g + momentum·v)` with Nesterov (Sutskever et al. 2013, as
 *   PyTorch writes it);
 * - Adam: `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`, `θ ← θ − rate·λ·θ − rate · m̂ / (√v̂ + ε)` with `m̂ = m/(1−β₁ᵗ)`,
 *   `v̂ = v/(1−β₂ᵗ)` (Kingma & Ba 2015).
 *
 * λ is weight decay, on the penalised rows; it goes round velocity and moments (Loshchilov & Hutter 2019, AdamW).
 */
import type { Word } from "./op.js";
import { f32 } from "./op.js";

export interface UpdateArguments {
  readonly learningRate: number;
  readonly l2: number;
  /** λ ≥ 0 */
  readonly weightDecay: number;
  /** l2 and weight decay apply to so many first rows of θ: all but the intercept. */
  readonly penalisedRows: number;
}

export interface SgdArguments extends UpdateArguments {
  /** In [0, 1); 0: plain gradient descent. */
  readonly momentum: number;
  readonly nesterov: boolean;
}

export interface AdamArguments extends UpdateArguments {
  readonly beta1: number;
  readonly beta2: number;
  /** ε > 0 */
  readonly epsilon: number;
  /** t, from 1. */
  readonly step: number;
}

/** RULE of the kernels. `gradient`: nothing is moved; `plain`: SGD that keeps no velocity, since it has no momentum. */
export const RULE = { gradient: 0, plain: 1, sgd: 2, nesterov: 3, adam: 4 } as const;

/** The shader that they share. */
export const RULES_FILE = "update/rules";

/** 1/(1−β₁ᵗ) and 1/(1−β₂ᵗ) */
export const adamCorrections = (a: Pick<AdamArguments, "beta1" | "beta2" | "step">): [number, number] => [
  1 / (1 - a.beta1 ** a.step),
  1 / (1 - a.beta2 ** a.step),
];

/** What is left of a penalised weight before its step. */
export const keptShare = ({ learningRate, weightDecay }: UpdateArguments): number => 1 - learningRate * weightDecay;

/** `struct Rates` of the shaders. Differences that float32 would lose are formed here. */
export function ratesWords(rates: SgdArguments | AdamArguments): Word[] {
  const { learningRate, l2, weightDecay } = rates;
  const [momentum, beta1, beta2, epsilon] =
    "momentum" in rates ? [rates.momentum, 0, 0, 1] : [0, rates.beta1, rates.beta2, rates.epsilon];
  const corrections = "momentum" in rates ? [1, 1] : adamCorrections(rates);
  return [
    ...[learningRate, momentum, beta1, beta2, 1 - beta1, 1 - beta2, ...corrections],
    ...[epsilon, l2, learningRate * weightDecay, 0],
  ].map(f32);
}
