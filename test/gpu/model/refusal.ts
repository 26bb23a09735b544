/** A fitted model that refuses what it is given must go on as if nothing had been asked of it. */
import { expect } from "vitest";
import { type Engine, type ErrorCode, type LuceError, SoftmaxRegression } from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { expectRejection } from "../../unit/data/fault.js";
import { clusters, type Dataset } from "./clusters.js";
import { expectMemoryBack } from "./live-memory.js";
import { unhandledRejections } from "./unhandled.js";

export type ErrorClass = new (code: ErrorCode, message: string) => LuceError;

/** 12 rows, 3 features, classes 0, 1 and 2. */
export const SOUND: Dataset = clusters(12, 3, 3);

/** The models of a test file, one for each engine, and what they answer. */
const fitted = new Map<Engine, Promise<{ model: SoftmaxRegression; answer: Float32Array }>>();

async function newModel(engine: Engine): Promise<{ model: SoftmaxRegression; answer: Float32Array }> {
  const model = new SoftmaxRegression({ engine, classes: [0, 1, 2], maxIterations: 5 });
  await model.fit(SOUND.x, SOUND.y);
  return { model, answer: (await model.decisionFunction(SOUND.x)).data };
}

/** The model that {@link expectRefusal} asks. */
export function fittedModel(engine: Engine): Promise<{ model: SoftmaxRegression; answer: Float32Array }> {
  const known = fitted.get(engine) ?? newModel(engine);
  fitted.set(engine, known);
  return known;
}

/**
 * Fails unless `call` rejects as said before any work was recorded, all memory is back, the model answers with the same bits as
 * before, and no rejection is left unhandled.
 */
export async function expectRefusal(
  engine: Engine,
  call: (model: SoftmaxRegression) => Promise<unknown>,
  kind: ErrorClass,
  code: ErrorCode,
  ...parts: string[]
): Promise<void> {
  const { model, answer } = await fittedModel(engine);
  const { dispatches } = engine.stats();
  await expectMemoryBack(engine, () => expectRejection(call(model), kind, code, ...parts));
  expect(engine.stats().dispatches).toBe(dispatches);
  expectSameBits((await model.decisionFunction(SOUND.x)).data, answer);
  expect(await unhandledRejections()).toEqual([]);
}
