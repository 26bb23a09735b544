/** Luce through its public door, as an application would call it. */
import { createEngine, type Engine, type EngineOptions, SoftmaxRegression, type Tensor } from "../../src/index.js";
import type { SgdTask, Work } from "../tasks/task.js";
import type { Answer, Contestant, Lane } from "./contestant.js";

export interface LuceContestant extends Contestant {
  readonly engine: Engine;
}

export async function luce(
  device: "webgpu" | "cpu",
  options: EngineOptions = {},
  way?: string,
): Promise<LuceContestant> {
  const engine = await createEngine({ ...options, device });
  return {
    library: "Luce",
    device,
    ...(way === undefined ? {} : { way }),
    engine,
    activate: async () => undefined,
    lanes: async (work) => [laneFor(engine, work)],
  };
}

const floats = async (t: Tensor): Promise<Float32Array> => (await t.read()) as Float32Array;

/** On the CPU, besides, so that a run shows what one thread does. */
export const luceAlone = (): readonly [name: string, open: () => Promise<LuceContestant>] => [
  "Luce cpu, 1 worker",
  () => luce("cpu", { workers: 1 }, "1 worker"),
];

/** A lane that records `work` and waits by reading one value of what it returns. */
function recorded(
  held: readonly Tensor[],
  work: () => Tensor,
  answer: () => Promise<Answer>,
  after: () => void = () => undefined,
): Lane {
  return {
    variant: "",
    async run(times) {
      let last = work();
      for (let i = 1; i < times; i++) {
        after();
        last = work();
      }
      await (last.shape.length === 1 ? last : last.slice(0, 1)).read();
    },
    answer,
    dispose() {
      after();
      for (const t of held) t.dispose();
    },
  };
}

function laneFor(engine: Engine, work: Work): Lane {
  const { task } = work;
  if (task.kind === "sgd") return sgdLane(engine, work as Work<SgdTask>);
  const { digits } = work;
  const x = engine.tensor(digits ? { data: digits.pixels, shape: [...digits.shape], scale: 1 / 255 } : work.x());
  switch (task.kind) {
    case "matmul": {
      const b = engine.tensor(work.w);
      const out = engine.empty([task.m, task.n]);
      const { transposeA } = task;
      return recorded(
        [x, b, out],
        () => engine.matmul(x, b, { transposeA, out }),
        async () => ({
          out: await floats(out),
        }),
      );
    }
    case "softmax": {
      const out = engine.empty([task.rows, task.classes]);
      return recorded(
        [x, out],
        () => engine.softmax(x, { out }),
        async () => ({ out: await floats(out) }),
      );
    }
    case "cross-entropy": {
      const labels = engine.tensor(work.labels);
      let result: ReturnType<Engine["crossEntropy"]> | undefined;
      const release = (): void => {
        result?.loss.dispose();
        result?.gradient.dispose();
      };
      return recorded(
        [x, labels],
        () => {
          result = engine.crossEntropy(x, labels);
          return result.loss;
        },
        async () => ({ loss: (await result!.loss.read())[0], gradient: await floats(result!.gradient) }),
        release,
      );
    }
    case "evaluation":
    case "head": {
      const w = engine.tensor(work.w);
      const classes = work.w.shape[1];
      const b = engine.tensor(new Float32Array(classes));
      const labels = engine.tensor(work.labels);
      const head = task.kind === "head" ? task : undefined;
      let result: ReturnType<Engine["linearCrossEntropy"]> | undefined;
      const release = (): void => {
        for (const t of [result?.loss, result?.dWeights, result?.dBias]) t?.dispose();
      };
      return recorded(
        [x, w, b, labels],
        () => {
          result = engine.linearCrossEntropy(x, w, b, labels);
          if (head) {
            engine.addScaled(w, -head.learningRate, result.dWeights);
            engine.addScaled(b, -head.learningRate, result.dBias!.row(0));
          }
          return result.loss;
        },
        async () => ({
          loss: (await result!.loss.read())[0],
          gradient: await floats(result!.dWeights),
          biasGradient: await floats(result!.dBias!),
          ...(head && { weights: await floats(w), bias: await floats(b) }),
        }),
        release,
      );
    }
  }
}

/** Whole fits: weights from zero, one epoch, and the weights read back. */
function sgdLane(engine: Engine, { task, digits, labels }: Work<SgdTask>): Lane {
  const x = engine.tensor({ data: digits!.pixels, shape: [...digits!.shape], scale: 1 / 255 });
  const { batch: batchSize, learningRate } = task;
  const classes = Array.from({ length: 10 }, (_, i) => i);
  const options = {
    solver: "sgd",
    l2: 0,
    epochs: 1,
    batchSize,
    learningRate,
    shuffle: false,
    classes,
    engine,
  } as const;
  let model: SoftmaxRegression | undefined;
  return {
    variant: "",
    async run(times) {
      for (let i = 0; i < times; i++) {
        model = new SoftmaxRegression(options);
        await model.fit(x, labels);
      }
    },
    answer: async () => ({ weights: model!.coef.data, bias: model!.intercept }),
    dispose: () => x.dispose(),
  };
}
