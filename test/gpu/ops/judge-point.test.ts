/** The rule itself is tested in test/unit/solvers/judge-point.test.ts on the reference; here, that devices follow it. */
import { expect } from "vitest";
import type { JudgePointArguments } from "../../../src/ops/judge-point.js";
import { judgePoint } from "../../../src/ops/judge-point.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { STATE } from "../../../src/ops/solver-state.js";
import { test } from "../../support/device.js";
import { asOnHardware, f32Matrix, runOp } from "../../support/op-cases.js";
import { stateWith } from "../../support/target-cases.js";

type Arguments = On<JudgePointArguments, HostMatrix>;
const outputs = { state: "updated", ring: "updated" } as const;

interface Situation {
  readonly losses?: readonly number[];
  readonly gradient?: readonly number[];
  readonly state?: Parameters<typeof stateWith>[0];
  readonly rules?: Partial<Arguments>;
}

/** Numbers that are exact in float32 however they are added up. */
function caseOf(
  { losses = [8, 0, 0, 0], gradient = [4, 2, 16, 0], state = {}, rules = {} }: Situation,
  parts: number,
): Arguments {
  const split = (sums: readonly number[], largest: number): HostMatrix => {
    const m = f32Matrix(parts, 4);
    for (let p = 0; p < parts; p++)
      m.data.set(
        sums.map((v, i) => (i === largest ? (p === parts - 1 ? v : 0) : v / parts)),
        4 * p,
      );
    return m;
  };
  return {
    losses: split(losses, 3),
    gradient: split(gradient, 1),
    state: stateWith({ iteration: 11, leastLoss: 5, leastGradient: 2, since: 3, ...state }),
    ring: f32Matrix(8, 4),
    ...{ scale: 0.25, l2: 0.5, tolerance: 1, maxIterations: 100, attempt: 14 },
    ...rules,
  };
}

const SITUATIONS: Readonly<Record<string, Situation>> = {
  "a better point": {},
  "the first point": { state: { iteration: -1, since: 0 } },
  "a smaller gradient": { gradient: [16, 1.5, 1, 0] },
  "no progress": { losses: [64, 0, 0, 0] },
  "no progress for the twentieth time": { losses: [64, 0, 0, 0], state: { iteration: 22 } },
  "within the tolerance": { gradient: [4, 1, 1, 0] },
  "the last iteration": { rules: { maxIterations: 12 } },
  "a loss that is not finite": { losses: [8, 0, 0, 4] },
  "a gradient that is not finite": { gradient: [4, 2, 16, 4] },
  "a squared gradient beyond float32": { gradient: [4, 2, Number.POSITIVE_INFINITY, 0] },
  "a squared gradient that is no number": { gradient: [4, 2, Number.NaN, 0] },
  "weights beyond float32": { gradient: [Number.POSITIVE_INFINITY, 2, 16, 0] },
  "a solver that has stopped": { state: { running: 0, status: 3, taken: 1, fresh: 1 } },
  "a search that goes on": { state: { trials: 4, taken: 1, fresh: 1 } },
  "a search that failed": { state: { failed: 1, pairs: 3, taken: 1 } },
  "a search from the plain gradient that failed": { state: { failed: 1, pairs: 0 } },
};

for (const [device, op] of [
  ["software", judgePoint],
  ["hardware", asOnHardware(judgePoint)],
] as const) {
  test.for(Object.keys(SITUATIONS))(`%s, workgroups as on ${device}`, async (name, { engines }) => {
    for (const parts of [1, 2, 128, 1024]) {
      const args = caseOf(SITUATIONS[name] as Situation, parts);
      const { truth, webgpu, cpu } = await runOp(engines, op, args, outputs);
      for (const [where, { state, ring }] of Object.entries({ webgpu, cpu })) {
        for (const [number, at] of Object.entries(STATE)) {
          expect(state[at], `${where} ${number}, ${parts} parts`).toBe(Math.fround(truth.state[at]));
        }
        expect(Array.from(ring), where).toEqual(Array.from(truth.ring));
      }
    }
  });
}
