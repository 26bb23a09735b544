/**
 * jax-js as its documentation teaches it: everything under `jit`, `valueAndGrad` of a loss made with `nn.logSoftmax`, arrays
 * handed over (not `.ref`) where they are no longer needed. Minibatches are cut before the clock starts.
 */
import type { JaxArray } from "@jax-js/jax";
import { blockUntilReady, defaultDevice, init, jit, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import type { HeadTask, Matrix, SgdTask, Work } from "../tasks/task.js";
import type { Answer, Contestant, Lane } from "./contestant.js";

type Parameters = { w: JaxArray; b: JaxArray };

/** Results that may wait for the device together, in bytes. */
const HELD_BYTES = 256 * 1024 * 1024;

export async function jax(device: "webgpu" | "wasm"): Promise<Contestant> {
  const present = await init(device);
  if (!present.includes(device)) throw new Error(`jax-js has no ${device} device here`);
  return {
    library: "jax-js",
    device,
    activate: async () => {
      defaultDevice(device);
    },
    lanes,
  };
}

const matrix = (m: Matrix): JaxArray => np.array(m.data, { shape: m.shape });
const integers = (labels: Int32Array): JaxArray => np.array(labels, { dtype: np.int32 });

const crossEntropy = (logits: JaxArray, labels: JaxArray, classes: number): JaxArray =>
  np.mean(np.sum(nn.logSoftmax(logits, -1).mul(nn.oneHot(labels, classes)), -1)).mul(-1);

const lossOf =
  (classes: number) =>
  ({ w, b }: Parameters, x: JaxArray, labels: JaxArray): JaxArray =>
    crossEntropy(np.matmul(x, w).add(b), labels, classes);

/** (W, b) − η · gradient */
const stepOf = (classes: number, learningRate: number) =>
  jit(({ w, b }: Parameters, x: JaxArray, labels: JaxArray): Parameters => {
    const [loss, gradient] = valueAndGrad(lossOf(classes))({ w: w.ref, b: b.ref }, x, labels);
    loss.dispose();
    return { w: w.sub(gradient.w.mul(learningRate)), b: b.sub(gradient.b.mul(learningRate)) };
  });

async function lanes(work: Work): Promise<Lane[]> {
  const { task } = work;
  switch (task.kind) {
    case "matmul": {
      const [a, b] = [matrix(work.x()), matrix(work.w)];
      const product = jit((left: JaxArray, right: JaxArray) =>
        np.matmul(task.transposeA ? np.matrixTranspose(left) : left, right),
      );
      return [repeated([a, b], () => [product(a.ref, b.ref)], 4 * task.m * task.n, outAnswer)];
    }
    case "softmax": {
      const z = matrix(work.x());
      const softmax = jit((logits: JaxArray) => nn.softmax(logits, -1));
      return [repeated([z], () => [softmax(z.ref)], 4 * task.rows * task.classes, outAnswer)];
    }
    case "cross-entropy": {
      const [z, labels] = [matrix(work.x()), integers(work.labels)];
      const evaluate = jit((logits: JaxArray, y: JaxArray) =>
        valueAndGrad((l: JaxArray, t: JaxArray) => crossEntropy(l, t, task.classes))(logits, y),
      );
      const answer = async ([loss, gradient]: JaxArray[]): Promise<Answer> => ({
        loss: (await loss.ref.data())[0],
        gradient: await gradient.ref.data(),
      });
      const bytes = 4 * task.rows * task.classes;
      return [repeated([z, labels], () => evaluate(z.ref, labels.ref), bytes, answer)];
    }
    case "evaluation": {
      const [x, labels, w, b] = [matrix(work.x()), integers(work.labels), matrix(work.w), np.zeros([10])];
      const evaluate = jit((parameters: Parameters, features: JaxArray, y: JaxArray) =>
        valueAndGrad(lossOf(10))(parameters, features, y),
      );
      const step = (): JaxArray[] => {
        const [loss, gradient] = evaluate({ w: w.ref, b: b.ref }, x.ref, labels.ref);
        return [loss, gradient.w, gradient.b];
      };
      const answer = async ([loss, gradient, biasGradient]: JaxArray[]): Promise<Answer> => ({
        loss: (await loss.ref.data())[0],
        gradient: await gradient.ref.data(),
        biasGradient: await biasGradient.ref.data(),
      });
      return [repeated([x, labels, w, b], step, 4 * work.w.data.length, answer)];
    }
    case "sgd": {
      const sgd = work as Work<SgdTask>;
      return [sgdLoop(sgd, "wait at the end", Number.POSITIVE_INFINITY), sgdLoop(sgd, "wait each step", 1)];
    }
    case "head":
      return [headStep(work as Work<HeadTask>)];
  }
}

const outAnswer = async ([out]: JaxArray[]): Promise<Answer> => ({ out: await out.ref.data() });

/** A lane that keeps all results of a run until they are done: an array that is let go before is never computed. */
function repeated(
  held: readonly JaxArray[],
  step: () => JaxArray[],
  resultBytes: number,
  answer: (results: JaxArray[]) => Promise<Answer>,
): Lane {
  const atOnce = Math.max(1, Math.floor(HELD_BYTES / resultBytes));
  let last: JaxArray[] = [];
  const release = (arrays: readonly JaxArray[]): void => {
    for (const array of arrays) array.dispose();
  };
  return {
    variant: "",
    async run(times) {
      release(last);
      for (let done = 0; done < times; ) {
        const results: JaxArray[][] = [];
        while (results.length < atOnce && done + results.length < times) results.push(step());
        await blockUntilReady(results);
        done += results.length;
        last = results.pop() as JaxArray[];
        release(results.flat());
        if (done < times) release(last);
      }
    },
    answer: () => answer(last),
    dispose: () => release([...held, ...last]),
  };
}

function sgdLoop({ task, x: features, labels }: Work<SgdTask>, variant: string, waitEvery: number): Lane {
  const { data, shape } = features();
  const columns = shape[1];
  const batches: { x: JaxArray; y: JaxArray }[] = [];
  for (let first = 0; first < task.rows; first += task.batch) {
    const rows = Math.min(task.batch, task.rows - first);
    const x = data.slice(first * columns, (first + rows) * columns);
    batches.push({ x: matrix({ data: x, shape: [rows, columns] }), y: integers(labels.slice(first, first + rows)) });
  }
  const step = stepOf(10, task.learningRate);
  let weights: Float32Array | undefined;
  let bias: Float32Array | undefined;
  return {
    variant,
    async run(times) {
      for (let i = 0; i < times; i++) {
        let parameters: Parameters = { w: np.zeros([columns, 10]), b: np.zeros([10]) };
        for (const [index, { x, y }] of batches.entries()) {
          parameters = step(parameters, x.ref, y.ref);
          if ((index + 1) % waitEvery === 0) await blockUntilReady(parameters);
        }
        // Reading hands the arrays over.
        [weights, bias] = await Promise.all([parameters.w.data(), parameters.b.data()]);
      }
    },
    answer: async () => ({ weights: weights as Float32Array, bias: bias as Float32Array }),
    dispose() {
      for (const { x, y } of batches) {
        x.dispose();
        y.dispose();
      }
    },
  };
}

function headStep({ task, x: features, w, labels }: Work<HeadTask>): Lane {
  const [x, y] = [matrix(features()), integers(labels)];
  const step = stepOf(task.classes, task.learningRate);
  let parameters: Parameters = { w: matrix(w), b: np.zeros([task.classes]) };
  return {
    variant: "",
    async run(times) {
      for (let i = 0; i < times; i++) {
        parameters = step(parameters, x.ref, y.ref);
        await blockUntilReady(parameters);
      }
    },
    answer: async () => ({ weights: await parameters.w.ref.data(), bias: await parameters.b.ref.data() }),
    dispose() {
      for (const array of [x, y, parameters.w, parameters.b]) array.dispose();
    },
  };
}
