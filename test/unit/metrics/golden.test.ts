/**
 * scikit-learn's answers. Both sides work in float64 on the same bits and differ in the order of their sums: n terms of at most M
 * leave an error of n · M · 2⁻⁵³ on each side.
 */
import { describe, expect, test } from "vitest";
import {
  accuracy,
  balancedAccuracy,
  brierScore,
  calibrationError,
  classificationReport,
  confusionMatrix,
  type Label,
  logLoss,
  precisionRecallF1,
  reliabilityCurve,
  rocAuc,
} from "../../../src/index.js";
import golden from "../../golden/metrics.json" with { type: "json" };
import { expectClose } from "../../support/compare.js";

type Answers = Omit<(typeof golden.thousand)[number], "sampleWeight" | "areas"> & {
  readonly sampleWeight: readonly number[] | null;
  readonly areas: readonly (number | null)[];
};

interface Rows {
  readonly classes: readonly Label[];
  readonly labels: readonly Label[];
  readonly predictions: readonly Label[];
  readonly scores: readonly number[][];
}

const probabilitiesOf = (scores: readonly number[][]): number[][] =>
  scores.map((row) => {
    const sum = row.reduce((s, v) => s + v, 0);
    return row.map((v) => v / sum);
  });

/** Logarithms reach 53·ln 2 where a probability is clipped. */
const boundOf = (terms: number, most = 1): number => 4 * terms * most * 2 ** -53;

function expectAnswers(rows: Rows, answers: Answers): void {
  const { classes, labels, predictions, scores } = rows;
  const weight = answers.sampleWeight ? { sampleWeight: answers.sampleWeight } : {};
  const options = { classes, ...weight };
  const probabilities = probabilitiesOf(scores);
  const floor = boundOf(labels.length);
  const close = (label: string, actual: ArrayLike<number>, expected: ArrayLike<number>, bound = floor): void =>
    expectClose(actual, expected, { floor: bound, label });

  close("accuracy", [accuracy(labels, predictions, options)], [answers.accuracy]);
  close("balanced", [balancedAccuracy(labels, predictions, options)], [answers.balancedAccuracy]);
  close("adjusted", [balancedAccuracy(labels, predictions, { ...options, adjusted: true })], [answers.adjusted]);
  for (const zeroDivision of [0, 1] as const) {
    const report = precisionRecallF1(labels, predictions, { ...options, zeroDivision });
    for (const average of ["macro", "micro", "weighted"] as const) {
      const { precision, recall, f1 } = report[average];
      close(average, [precision, recall, f1], answers.averages[average][zeroDivision] as number[]);
    }
  }
  const loss = logLoss(labels, probabilities, { ...options, epsilon: 2 ** -52 });
  close("log loss", [loss], [answers.logLoss], boundOf(labels.length + classes.length, 53 * Math.LN2));
  const both = brierScore(labels, probabilities, { ...options, scaleByHalf: false });
  close("Brier", [both], [answers.brierBothHalves], boundOf(labels.length + classes.length, 2));
  close("ECE", [calibrationError(labels, probabilities, options)], [answers.calibrationError], 2 * floor);
  const curve = reliabilityCurve(labels, probabilities, { classes, label: classes[classes.length - 1] });
  close(
    "curve",
    curve.map((bin) => bin.accuracy),
    answers.curve[0],
  );
  close(
    "curve",
    curve.map((bin) => bin.confidence),
    answers.curve[1],
  );
  const areas = rocAuc(labels, scores, options).perClass.slice(0, answers.areas.length);
  areas.forEach(({ auc }, j) => {
    const expected = answers.areas[j];
    if (expected === null) expect(auc).toBeNaN();
    else close(`area ${j}`, [auc], [expected]);
  });
}

describe("equals scikit-learn's", () => {
  test.each(golden.cases)("$name", (given) => {
    const rows: Rows = { ...given, scores: given.numerators };
    const { classes, labels, predictions } = rows;
    expectAnswers(rows, given as unknown as Answers);
    const options = { classes, ...(given.sampleWeight && { sampleWeight: given.sampleWeight }) };
    const floor = boundOf(labels.length);
    expect([...confusionMatrix(labels, predictions, options).data]).toEqual(given.confusion.flat());
    for (const normalize of ["expected", "predicted", "all"] as const) {
      const { data } = confusionMatrix(labels, predictions, { ...options, normalize });
      expectClose(data, given.normalized[normalize].flat(), { floor, label: normalize });
    }
    for (const zeroDivision of [0, 1] as const) {
      const { perClass } = precisionRecallF1(labels, predictions, { ...options, zeroDivision });
      expect(perClass.map(({ label }) => label)).toEqual(classes);
      const columns = [
        perClass.map((each) => each.precision),
        perClass.map((each) => each.recall),
        perClass.map((each) => each.f1),
        perClass.map((each) => each.support),
      ];
      columns.forEach((column, i) => {
        expectClose(column, given.perClass[zeroDivision][i], { floor, label: `column ${i}` });
      });
    }
    const probabilities = probabilitiesOf(given.numerators);
    const { macro, weighted } = rocAuc(labels, probabilities, options);
    if (typeof given["area macro"] === "number") expectClose([macro], [given["area macro"]], { floor });
    if (typeof given["area weighted"] === "number") expectClose([weighted], [given["area weighted"]], { floor });
    if (given.brier !== undefined) {
      expectClose([brierScore(labels, probabilities, options)], [given.brier], { floor });
      // One column says the same as two.
      const second = probabilities.map((row) => row[1]);
      expectClose([brierScore(labels, second, options)], [given.brier], { floor });
      const numerators = given.numerators.map((row) => row[1]);
      expect(rocAuc(labels, numerators, options)).toEqual(rocAuc(labels, given.numerators, options));
    }
    if (given.report !== undefined) {
      const report = classificationReport(labels, predictions, { digits: 3 });
      expect(report.text).toBe(given.report);
      expect(String(report)).toBe(report.text);
    }
  });

  test.each(golden.thousand)("$name", (given) => {
    const [n, k] = [1200, 1000];
    const labels = Array.from({ length: n }, (_, i) => (7 * i) % k);
    const scores = labels.map((label, i) =>
      Array.from(
        { length: k },
        (_, j) => ((7919 * i + 10473 * j + 31 * ((i * j) % 97)) % 1009) + 1 + (j === label ? 500 : 0),
      ),
    );
    const classes = Array.from({ length: k }, (_, j) => j);
    const predictions = probabilitiesOf(scores).map((row) => row.indexOf(Math.max(...row)));
    expectAnswers({ classes, labels, predictions, scores }, given as unknown as Answers);
    const options = { classes, ...(given.sampleWeight && { sampleWeight: given.sampleWeight }) };
    for (const zeroDivision of [0, 1] as const) {
      const { perClass } = precisionRecallF1(labels, predictions, { ...options, zeroDivision });
      const sums = [0, 0, 0, 0];
      for (const { precision, recall, f1, support } of perClass) {
        for (const [i, value] of [precision, recall, f1, support].entries()) sums[i] += value;
      }
      expectClose(sums, given.perClass[zeroDivision], { floor: boundOf(n, k) });
    }
    const { macro, weighted } = rocAuc(labels, probabilitiesOf(scores), options);
    if (given["area macro"] !== null) expectClose([macro], [given["area macro"]], { floor: boundOf(n) });
    expectClose([weighted], [given["area weighted"]], { floor: boundOf(n) });
  });
});
