/** Which language is this? Sixty of them, 32,768 features of which a text has some two hundred, on both devices. */
import { expect } from "vitest";
import { SoftmaxRegression } from "../../../src/index.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { COLUMNS, LANGUAGES, readLanguages } from "../../support/languages.js";

for (const device of ENGINE_DEVICES) {
  test(`tells languages on ${device}`, { timeout: 240_000 }, async ({ engines }) => {
    const engine = engines[device];
    const { train, heldOut } = await readLanguages();
    expect(new Set(train.y).size).toBe(LANGUAGES.length);
    expect(heldOut.y.length).toBeGreaterThan(500);
    const before = engine.stats();
    const model = new SoftmaxRegression({ engine, solver: "adam", learningRate: 0.05, epochs: 3, l2: 1e-6 });
    const report = await model.fit(train.x, train.y);
    // Batches of 256.
    expect(report.iterations).toBe(3 * Math.ceil(train.y.length / 256));
    expect(model.coef.shape).toEqual([COLUMNS, LANGUAGES.length]);
    // 0.969 on the CPU; languages that are hardly two, such as Bosnian and Croatian, are most of the rest.
    expect(await model.score(heldOut.x, heldOut.y)).toBeGreaterThan(0.95);
    // The matrix was never made dense, which would have taken 4 bytes a feature of each row.
    expect(engine.stats().uploadBytes - before.uploadBytes).toBeLessThan(4 * train.y.length * COLUMNS * 0.5);
  });
}
