/**
 * The two charts: loss and test accuracy against the steps. A device keeps its colour; the run that is going on is drawn
 * as a thin line over the other device's wide pale one, so that equal numbers look equal.
 * What the charts show is also said in words, in their captions.
 */
import { CurveChart, type CurveColumn } from "./curve-chart.js";
import { lossText, percentText } from "./number-text.js";
import { elementById } from "./page-elements.js";
import { deviceName, type Run, type RunPoint, stepName, stepText } from "./run.js";

/** Loss is read on a logarithmic axis between these marks, accuracy from 70 % up. */
const lossMarks = [0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10];
const usualLossRange: [number, number] = [0.2, 2.5];
const usualLowestAccuracy = 0.7;

export class Curves {
  readonly #loss: CurveChart = new CurveChart(elementById("loss-curve", HTMLElement), {
    isLogarithmic: true,
    range: lossRange,
    marks: lossMarks,
    markText: (loss) => String(loss),
    reading: lossReading,
  });
  readonly #accuracy: CurveChart = new CurveChart(elementById("accuracy-curve", HTMLElement), {
    isLogarithmic: false,
    range: accuracyRange,
    marks: [0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1],
    markText: (accuracy) => percentText(accuracy, 0),
    reading: accuracyReading,
  });

  /** Shows the current run, over the last run of the other device where there is one. */
  show(current: Run, other: Run | undefined): void {
    const runs = other === undefined ? [current] : [other, current];
    this.#loss.show(
      runs.flatMap((run) => [
        column(run, run === current, false, (point) => point.loss),
        column(run, run === current, true, (point) => point.testLoss),
      ]),
      current,
    );
    this.#accuracy.show(
      runs.map((run) => column(run, run === current, false, (point) => point.accuracy)),
      current,
    );
  }
}

function column(
  run: Run,
  isCurrent: boolean,
  isDashed: boolean,
  value: (point: RunPoint) => number | null,
): CurveColumn {
  return {
    device: run.device,
    isCurrent,
    isDashed,
    steps: run.points.map((point) => point.step),
    values: run.points.map(value),
  };
}

function place(point: RunPoint, run: Run): string {
  return `${stepName(run.settings)} ${stepText(point.step, run.settings)} on the ${deviceName(run.device)}`;
}

function lossReading(point: RunPoint, run: Run): string {
  const test = point.testLoss === null ? "" : `, test ${lossText(point.testLoss)}`;
  return `${lossText(point.loss)}${test} at ${place(point, run)}`;
}

function accuracyReading(point: RunPoint, run: Run): string {
  // Accuracy is not measured at every iteration: the last measurement before counts.
  const measured = run.points.findLast(({ step, accuracy }) => step <= point.step && accuracy !== null);
  return measured === undefined
    ? "not measured yet"
    : `${percentText(measured.accuracy ?? 0)} at ${place(measured, run)}`;
}

function lossRange(low: number, high: number): [number, number] {
  return [Math.min(usualLossRange[0], 0.9 * low), Math.min(10, Math.max(usualLossRange[1], high))];
}

function accuracyRange(_low: number, high: number): [number, number] {
  // A model that has not reached 70 % yet, or never will, is shown all the same.
  return high > 0 && high < usualLowestAccuracy + 0.02 ? [0, 1] : [usualLowestAccuracy, 1];
}
