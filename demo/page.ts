/** The demo: loads MNIST, trains at once on the best device, shows what happens, and reads what is drawn. */
import "./styles/theme.css";
import "./styles/layout.css";
import "./styles/controls.css";
import "./styles/figures.css";
import type { SoftmaxRegression } from "../src/index.js";
import { Curves } from "./curves.js";
import { digitPixels, loadMnist, type Mnist } from "./dataset.js";
import { mostConfidentlyMisread, oneOfEach } from "./digit-choices.js";
import { DigitStrip } from "./digit-strip.js";
import { DrawingPad } from "./drawing-pad.js";
import { Engines } from "./engines.js";
import { countText, percentText } from "./number-text.js";
import { elementById } from "./page-elements.js";
import { ProbabilityBars } from "./probability-bars.js";
import { Recogniser } from "./recogniser.js";
import { deviceName, largestStep, type Run } from "./run.js";
import { RunFigures } from "./run-figures.js";
import { RunsTable } from "./runs-table.js";
import { SelfCheckTable } from "./self-check-table.js";
import { settingsAsParameters, settingsFrom, type TrainingSettings } from "./settings.js";
import { SettingsForm } from "./settings-form.js";
import { endText, StatusLine } from "./status-line.js";
import type { Reading } from "./training.js";
import { TrainingSession } from "./training-session.js";
import { WeightImages } from "./weight-images.js";

const misreadShown = 12;

const address = new URLSearchParams(location.search);
/** `?train=no` opens the page without training. */
const trainsAtOnce = address.get("train") !== "no";

const status = new StatusLine();
const engines = new Engines();
const figures = new RunFigures();
const curves = new Curves();
const weightImages = new WeightImages();
const runsTable = new RunsTable();
const recogniser = new Recogniser(new ProbabilityBars(), showFailure);
const pad = new DrawingPad((pixels) => recogniser.usePixels(pixels));
const examples = new DigitStrip(elementById("examples", HTMLElement), 10, (pixels) => pad.showPicture(pixels));
const misread = new DigitStrip(elementById("misread", HTMLElement), misreadShown, (pixels) => pad.showPicture(pixels));
const form = new SettingsForm(
  elementById("settings", HTMLFormElement),
  settingsFrom((name) => address.get(name)),
  changeSettings,
);
const selfCheck = new SelfCheckTable(() => engines.get(form.settings.device));
let session: TrainingSession | undefined;

elementById("settings", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  if (!form.check()) return;
  if (session === undefined) void open();
  else void session.start(form.settings);
});
elementById("stop", HTMLButtonElement).addEventListener("click", () => session?.stop());
void open();

async function open(): Promise<void> {
  status.show("loading", "Loading the digits…");
  try {
    const [mnist, engine] = await Promise.all([
      loadMnist((share) => (status.progress = share)),
      engines.get(form.settings.device),
    ]);
    status.showDevice(engine);
    showExamples(mnist);
    session = newSession(mnist);
  } catch (error) {
    return showFailure(error);
  }
  selfCheck.enable();
  status.progress = 0;
  status.show("ready", "Ready.");
  if (trainsAtOnce) await session.start(form.settings);
}

function newSession(mnist: Mnist): TrainingSession {
  return new TrainingSession(engines, mnist, {
    onOrder() {
      status.progress = 0;
      status.show("training", "Preparing the device…");
    },
    onStart(run, engine) {
      status.showDevice(engine);
      figures.clear();
      status.show("training", `Training on the ${deviceName(run.device)}…`);
    },
    onProgress: showProgress,
    onEnd(run, report, reading) {
      status.progress = report === undefined ? currentShare(run) : 1;
      status.show("ready", endText(run, report));
      // A run without a step has nothing to be compared by.
      if (run !== undefined && (run.points.at(-1)?.step ?? 0) > 0) runsTable.add(run);
      if (reading !== undefined) showMisread(mnist, reading);
    },
    onFailure: showFailure,
  });
}

function showProgress(run: Run, model: SoftmaxRegression, samplesPerSecond: number): void {
  status.progress = currentShare(run);
  figures.show(run, samplesPerSecond);
  curves.show(run, runsTable.comparable(run));
  weightImages.show(model.coef.data);
  recogniser.useModel(model);
}

function currentShare(run: Run | undefined): number {
  return run === undefined ? 0 : (run.points.at(-1)?.step ?? 0) / largestStep(run.settings);
}

function showExamples(mnist: Mnist): void {
  let turn = 0;
  const show = (): void => examples.show(oneOfEach(mnist.test, turn));
  show();
  // Something to read while the model learns, unless somebody has begun to draw.
  if (pad.isEmpty) pad.showPicture(digitPixels(mnist.test, 0));
  elementById("other-examples", HTMLButtonElement).addEventListener("click", () => {
    turn++;
    show();
  });
}

function showMisread(mnist: Mnist, reading: Reading): void {
  const { digits, total } = mostConfidentlyMisread(mnist.test, reading, misreadShown);
  misread.show(digits);
  elementById("misread-count", HTMLElement).textContent =
    `${countText(total)} of ${countText(mnist.test.count)} test digits (${percentText(total / mnist.test.count)}) are ` +
    "misread; these are the ones it is surest of. Press one to look at it.";
}

/** The address always says what the form says. A switch is an order; a number waits for the Train button. */
function changeSettings(settings: TrainingSettings, isSwitch: boolean): void {
  const parameters = settingsAsParameters(settings);
  history.replaceState(null, "", parameters === "" ? location.pathname : `?${parameters}`);
  if (isSwitch) void session?.start(settings);
}

function showFailure(error: unknown): void {
  console.error(error);
  status.show("failed", error instanceof Error ? error.message : String(error));
}
