/** What every library under comparison must be able to do, so that one loop can measure them all. */
import type { Work } from "../tasks/task.js";

/** One way to do a task, set up and ready: operands are on the device, nothing has run. */
export interface Lane {
  /** Names the way where a contestant has several for one task, such as "model.fit"; empty otherwise. */
  readonly variant: string;
  /** Does the task so many times and resolves when the device has finished the last one. */
  run(times: number): Promise<void>;
  /** What the last run gave, row by row; the names are those of {@link Answer}. */
  answer(): Promise<Answer>;
  dispose(): void;
}

/** What a task gives; a check looks at those of its kind. */
export interface Answer {
  /** Of a product or a softmax. */
  readonly out?: ArrayLike<number>;
  readonly loss?: number;
  /** With respect to the logits or to W. */
  readonly gradient?: ArrayLike<number>;
  readonly biasGradient?: ArrayLike<number>;
  readonly weights?: ArrayLike<number>;
  readonly bias?: ArrayLike<number>;
}

export interface Contestant {
  readonly library: "Luce" | "TF.js" | "jax-js";
  readonly device: "webgpu" | "wasm" | "cpu";
  /** What else its name must tell, where a library takes part in more than one way on a device. */
  readonly way?: string;
  /** Called before this contestant works, since some libraries keep one device as a global. */
  activate(): Promise<void>;
  /** Its ways of doing this task; none where the library has no such thing. */
  lanes(work: Work): Promise<Lane[]>;
}

export const nameOf = (contestant: Contestant): string =>
  [`${contestant.library} ${contestant.device}`, contestant.way].filter(Boolean).join(", ");
