/**
 * TensorFlow.js as its documentation teaches it: `tidy` round the work, `matMul` with its own transposition,
 * `losses.softmaxCrossEntropy` on logits, and for training both a loop written by hand and `model.fit`. Minibatches are cut
 * before the clock starts.
 */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-webgpu";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import type { TfTensor } from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import type { HeadTask, Matrix, SgdTask, Work } from "../tasks/task.js";
import type { Answer, Contestant, Lane } from "./contestant.js";

/** @param wasm addresses of the three builds of its wasm backend; `fetched` by the platform where there is no page */
export async function tfjs(
  device: "webgpu" | "wasm",
  wasm?: { readonly paths: Record<string, string>; readonly fetched: boolean },
): Promise<Contestant> {
  if (device === "wasm" && wasm) setWasmPaths(wasm.paths, wasm.fetched);
  if (!(await tf.setBackend(device))) throw new Error(`TF.js has no ${device} backend here`);
  await tf.ready();
  return {
    library: "TF.js",
    device,
    activate: async () => {
      await tf.setBackend(device);
    },
    lanes,
  };
}

const matrix = (m: Matrix): TfTensor => tf.tensor2d(m.data, m.shape);

const oneHot = (labels: Int32Array, classes: number): TfTensor =>
  tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), classes), "float32"));

/** Waits for all work so far: the queue is in order, so one value of the last result is enough. */
async function waitFor(last: TfTensor): Promise<void> {
  const first = tf.slice(
    last,
    last.shape.map(() => 0),
    last.shape.map(() => 1),
  );
  await first.data();
  first.dispose();
}

async function lanes(work: Work): Promise<Lane[]> {
  const { task } = work;
  switch (task.kind) {
    case "matmul": {
      const [a, b] = [matrix(work.x()), matrix(work.w)];
      return [repeated([a, b], () => [tf.matMul(a, b, task.transposeA)], outAnswer)];
    }
    case "softmax": {
      const z = matrix(work.x());
      return [repeated([z], () => [tf.softmax(z)], outAnswer)];
    }
    case "cross-entropy": {
      const [z, y] = [matrix(work.x()), oneHot(work.labels, task.classes)];
      const evaluate = tf.valueAndGrad((logits) => tf.losses.softmaxCrossEntropy(y, logits));
      const step = (): TfTensor[] => {
        const { value, grad } = evaluate(z);
        return [value, grad];
      };
      const answer = async ([loss, gradient]: TfTensor[]): Promise<Answer> => ({
        loss: (await loss.data())[0],
        gradient: await gradient.data(),
      });
      return [repeated([z, y], step, answer)];
    }
    case "evaluation": {
      const [x, y] = [matrix(work.x()), oneHot(work.labels, 10)];
      const w = tf.variable(matrix(work.w));
      const b = tf.variable(tf.zeros([10]));
      const loss = (): TfTensor => tf.losses.softmaxCrossEntropy(y, tf.add(tf.matMul(x, w), b));
      const step = (): TfTensor[] => {
        const { value, grads } = tf.variableGrads(loss, [w, b]);
        // In the order of the variables.
        return [value, ...Object.values(grads)];
      };
      const answer = async ([value, gradient, biasGradient]: TfTensor[]): Promise<Answer> => ({
        loss: (await value.data())[0],
        gradient: await gradient.data(),
        biasGradient: await biasGradient.data(),
      });
      return [repeated([x, y, w, b], step, answer)];
    }
    case "sgd": {
      const sgd = work as Work<SgdTask>;
      return [sgdLoop(sgd), modelFit(sgd)];
    }
    case "head":
      return [headStep(work as Work<HeadTask>)];
  }
}

const outAnswer = async ([out]: TfTensor[]): Promise<Answer> => ({ out: await out.data() });

/** A lane that does `step`, each time disposing of what the time before gave. */
function repeated(
  held: readonly TfTensor[],
  step: () => TfTensor[],
  answer: (results: TfTensor[]) => Promise<Answer>,
): Lane {
  let results: TfTensor[] = [];
  return {
    variant: "",
    async run(times) {
      for (let i = 0; i < times; i++) {
        tf.dispose(results);
        results = tf.tidy(step as () => never);
      }
      await waitFor(results[results.length - 1]);
    },
    answer: () => answer(results),
    dispose: () => tf.dispose([...held, ...results]),
  };
}

/** W ← W − η·Xᵀ(P − Y)/n and the same for b, written out: fewer kernels than automatic differentiation takes. */
function descend(
  x: TfTensor,
  y: TfTensor,
  w: ReturnType<typeof tf.variable>,
  b: ReturnType<typeof tf.variable>,
  learningRate: number,
): void {
  tf.tidy(() => {
    const rate = learningRate / x.shape[0];
    const error = tf.sub(tf.softmax(tf.add(tf.matMul(x, w), b)), y);
    w.assign(tf.sub(w, tf.mul(tf.matMul(x, error, true), rate)));
    b.assign(tf.sub(b, tf.mul(tf.sum(error, 0), rate)));
  });
}

function sgdLoop({ task, x, labels }: Work<SgdTask>): Lane {
  const { data, shape } = x();
  const columns = shape[1];
  const batches: { x: TfTensor; y: TfTensor }[] = [];
  for (let first = 0; first < task.rows; first += task.batch) {
    const rows = Math.min(task.batch, task.rows - first);
    batches.push({
      x: tf.tensor2d(data.subarray(first * columns, (first + rows) * columns), [rows, columns]),
      y: oneHot(labels.subarray(first, first + rows), 10),
    });
  }
  const w = tf.variable(tf.zeros([columns, 10]));
  const b = tf.variable(tf.zeros([10]));
  return {
    variant: "loop",
    async run(times) {
      for (let i = 0; i < times; i++) {
        tf.tidy(() => {
          w.assign(tf.zeros([columns, 10]));
          b.assign(tf.zeros([10]));
        });
        for (const batch of batches) descend(batch.x, batch.y, w, b, task.learningRate);
        await Promise.all([w.data(), b.data()]);
      }
    },
    answer: async () => ({ weights: await w.data(), bias: await b.data() }),
    dispose: () => tf.dispose([w, b, ...batches.flatMap((batch) => [batch.x, batch.y])]),
  };
}

function modelFit({ task, x: features, labels }: Work<SgdTask>): Lane {
  const [x, y] = [matrix(features()), oneHot(labels, 10)];
  const optimizer = tf.train.sgd(task.learningRate);
  const model = sequential();
  model.add(layers.dense({ units: 10, inputShape: [x.shape[1]], activation: "softmax", kernelInitializer: "zeros" }));
  model.compile({ optimizer, loss: "categoricalCrossentropy" });
  const start = [tf.zeros([x.shape[1], 10]), tf.zeros([10])];
  return {
    variant: "model.fit",
    async run(times) {
      for (let i = 0; i < times; i++) {
        model.setWeights(start);
        // Neither progress bars nor pauses for the page.
        await model.fit(x, y, { batchSize: task.batch, epochs: 1, shuffle: false, yieldEvery: "never", verbose: 0 });
        await Promise.all(model.getWeights().map((weights) => weights.data()));
      }
    },
    answer: async () => {
      const [weights, bias] = model.getWeights();
      return { weights: await weights.data(), bias: await bias.data() };
    },
    dispose() {
      model.dispose();
      tf.dispose([x, y, ...start]);
    },
  };
}

function headStep({ task, x: features, w: weights, labels }: Work<HeadTask>): Lane {
  const [x, y] = [matrix(features()), oneHot(labels, task.classes)];
  const w = tf.variable(matrix(weights));
  const b = tf.variable(tf.zeros([task.classes]));
  return {
    variant: "",
    async run(times) {
      for (let i = 0; i < times; i++) descend(x, y, w, b, task.learningRate);
      await waitFor(w);
    },
    answer: async () => ({ weights: await w.data(), bias: await b.data() }),
    dispose: () => tf.dispose([x, y, w, b]),
  };
}
