/** The rule itself is tested in test/unit/solvers/line-search.test.ts on the reference; here, that devices follow it. */
import { expect } from "vitest";
import type { ChooseStepArguments } from "../../../src/ops/choose-step.js";
import { chooseStep } from "../../../src/ops/choose-step.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { HIGHEST } from "../../../src/ops/softmax.js";
import { STATE } from "../../../src/ops/solver-state.js";
import { test } from "../../support/device.js";
import { asOnHardware, f32Matrix, runOp } from "../../support/op-cases.js";
import { stateWith } from "../../support/target-cases.js";

type Arguments = On<ChooseStepArguments, HostMatrix>;
const outputs = { state: "updated" } as const;
type Point = readonly [loss: number, slope: number, curvature: number, faults: number];

interface Situation {
  readonly steps: readonly number[];
  readonly points: readonly Point[];
  readonly slope?: number;
  readonly state?: Parameters<typeof stateWith>[0];
  readonly trials: number;
  readonly l2?: number;
  readonly byValue?: boolean;
}

/** Sums that are powers of two or small integers, each in `parts` equal parts: exact in float32, on any device. */
function caseOf(
  { steps, points, slope = -4, state = {}, trials, l2 = 0, byValue = false }: Situation,
  parts: number,
): Arguments {
  const line = f32Matrix(parts, 4 * trials);
  points.forEach((point, trial) => {
    for (let p = 0; p < parts; p++)
      line.data.set(
        point.map((v, i) => (i === 3 ? (p === 0 ? v : 0) : v / parts)),
        p * 4 * trials + 4 * trial,
      );
  });
  const norms = f32Matrix(2, 4, Float32Array.of(1, 1, slope / 2, 0, 1, 1, slope / 2, 0));
  const fresh = { high: HIGHEST, bestSlope: HIGHEST, trials: steps.length, ...state };
  return { line, norms, state: stateWith(fresh, steps), scale: 1, l2, byValue };
}

const by = (state: NonNullable<Situation["state"]>): Pick<Situation, "byValue" | "state"> => ({ byValue: true, state });

const SITUATIONS: Readonly<Record<string, Situation>> = {
  "a good step": { steps: [1], points: [[3, 0.25, 2, 0]], trials: 1 },
  "a step too short: Newton further on": { steps: [1], points: [[3, -2, 4, 0]], trials: 1 },
  "a step too long: Newton back": { steps: [1], points: [[3, 2, 4, 0]], trials: 1 },
  "much too short: tenfold": { steps: [1], points: [[3, -2, 0.0625, 0]], trials: 4 },
  "no curvature": { steps: [2], points: [[3, -2, 0, 0]], trials: 2 },
  "a fault": { steps: [8], points: [[0, 0, 0, 3]], trials: 1 },
  "faults at all of four": {
    steps: [8, 16, 4, 32],
    points: Array.from({ length: 4 }, () => [0, 0, 0, 1] as Point),
    trials: 4,
  },
  "Newton beyond the bracket: its middle": {
    steps: [1],
    points: [[3, -2, 0.5, 0]],
    trials: 4,
    state: { low: 0.5, high: 2 },
  },
  "between two of four": {
    steps: [1, 2, 0.5, 4],
    points: [
      [3, -2, 4, 0],
      [3, 1, 4, 0],
      [4, -3, 4, 0],
      [9, 5, 4, 0],
    ],
    trials: 4,
  },
  "the best of eight": {
    steps: [1, 2, 0.5, 4, 0.25, 8, 16, 32],
    points: [1, 2, 0.5, 4, 0.25, 8, 16, 32].map((t) => [1, t - 4, 1, 0] as Point),
    trials: 8,
  },
  "the probe at 0": { steps: [0], points: [[3, -4, 0.125, 0]], trials: 4 },
  "the probe at 0 of a straight line": { steps: [0], points: [[3, -4, 0, 0]], trials: 8 },
  "with the penalty's share": { steps: [1], points: [[3, -16, 2, 0]], trials: 1, l2: 1 },
  "the last launch, better than nothing": {
    steps: [1],
    points: [[3, 2, 4, 0]],
    trials: 1,
    state: { launches: 11, high: 2 },
  },
  "the last launch, nothing": { steps: [1], points: [[3, -4, 4, 0]], trials: 1, state: { launches: 11, high: 2 } },
  "an earlier step was better": {
    steps: [1],
    points: [[3, 3, 4, 0]],
    trials: 1,
    state: { launches: 11, bestStep: 0.5, bestSlope: 2 },
  },
  "no descent": { steps: [1], points: [[3, 1, 4, 0]], trials: 1, slope: 4 },
  "a descent that is no number": { steps: [1], points: [[3, 0, 4, 0]], trials: 1, slope: Number.NaN },
  "a bracket without room": { steps: [1], points: [[3, -2, 1, 0]], trials: 1, state: { high: 1 + 2 ** -23 } },
  "by value, a good step": { ...by({ fit: 8 }), steps: [1], points: [[4, -1, 2, 0]], trials: 1 },
  "by value, the lowest of those that will do": {
    ...by({ fit: 8 }),
    steps: [1, 2, 0.5, 4],
    points: [
      [4, -1, 2, 0],
      [3, 1, 2, 0],
      [6, -3, 2, 0],
      [8, 0, 2, 0],
    ],
    trials: 4,
  },
  "by value, flat but no lower": { ...by({ fit: 2 }), steps: [1], points: [[4, 0, 2, 0]], trials: 1 },
  "by value, still steep": { ...by({ fit: 8 }), steps: [1], points: [[4, -3.75, 2, 0]], trials: 1 },
  "by value, the probe at 0": { ...by({ fit: 8 }), steps: [0], points: [[9, -4, 2, 0]], trials: 2 },
  "by value, a corner": { ...by({ fit: 8 }), steps: [1], points: [[4, 3, 0, 0]], trials: 1 },
  "by value with the penalty's share": { ...by({ fit: 8 }), steps: [1], points: [[4, -6, 2, 0]], trials: 1, l2: 1 },
  "by value, the last launch: a short step": {
    ...by({ fit: 8, launches: 11, low: 0.5, high: 2 }),
    steps: [1],
    points: [[9, 0, 2, 0]],
    trials: 1,
  },
  "by value, the last launch: nothing": {
    ...by({ fit: 8, launches: 11, high: 2 }),
    steps: [1],
    points: [[9, 0, 2, 0]],
    trials: 1,
  },
  "by value, a fault": { ...by({ fit: 8 }), steps: [1], points: [[0, 0, 0, 1]], trials: 1 },
  "a search that is over": { steps: [], points: [], trials: 2 },
};

for (const [device, op] of [
  ["software", chooseStep],
  ["hardware", asOnHardware(chooseStep)],
] as const) {
  test.for(Object.keys(SITUATIONS))(`%s, workgroups as on ${device}`, async (name, { engines }) => {
    for (const parts of [1, 2, 64, 1024]) {
      const args = caseOf(SITUATIONS[name] as Situation, parts);
      const { truth, webgpu, cpu } = await runOp(engines, op, args, outputs);
      const expected = Float32Array.from(truth.state);
      for (const [where, { state }] of Object.entries({ webgpu, cpu })) {
        for (const [number, at] of Object.entries(STATE)) {
          expect(state[at], `${where} ${number}, ${parts} parts`).toBe(expected[at]);
        }
        expect(Array.from(state.subarray(STATE.steps)), where).toEqual(Array.from(expected.subarray(STATE.steps)));
      }
    }
  });
}
