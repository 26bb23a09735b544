/**
 * Keeps a device's work in order while shaders are on their way. Work is recorded at once, but for a kernel whose shader has yet to be
 * loaded: that waits for it, and all that comes after it waits too.
 */
import type { LuceError } from "../../errors.js";
import type { Kernel } from "../../ops/op.js";
import type { FaultLog } from "./fault-log.js";
import { loadShaders } from "./shaders.js";

interface Step {
  readonly carryOut: () => void;
  readonly shaders: Promise<void> | undefined;
}

export class InOrder {
  readonly #faults: FaultLog;
  /** What waits; missing while nothing does. */
  #waiting: Step[] | undefined;
  #caughtUp: Promise<void> | undefined;

  constructor(faults: FaultLog) {
    this.#faults = faults;
  }

  /** Settles when nothing waits any more; undefined when nothing does. */
  get caughtUp(): Promise<void> | undefined {
    return this.#caughtUp;
  }

  /** Whether a step of this kernel, or of none, would be carried out at once. */
  isReady(kernel?: Kernel): boolean {
    return this.#waiting === undefined && (kernel === undefined || loadShaders(kernel) === undefined);
  }

  /** Carries a step out, at once or in its turn. A shader that cannot be loaded becomes a fault, and the step is left out. */
  do(carryOut: () => void, kernel?: Kernel): void {
    const shaders = kernel && loadShaders(kernel);
    // Told in its turn.
    shaders?.catch(() => undefined);
    if (this.#waiting) {
      this.#waiting.push({ carryOut, shaders });
    } else if (shaders) {
      this.#waiting = [{ carryOut, shaders }];
      this.#caughtUp = this.#catchUp(this.#waiting);
      this.#faults.await(this.#caughtUp);
    } else {
      carryOut();
    }
  }

  async #catchUp(waiting: Step[]): Promise<void> {
    // More may come to its end while it goes on.
    for (const { carryOut, shaders } of waiting) {
      try {
        await shaders;
        if (this.#waiting === waiting) carryOut();
      } catch (error) {
        this.#faults.recordCause(error as LuceError);
      }
    }
    if (this.#waiting === waiting) this.dispose();
  }

  /** Forgets what waits. */
  dispose(): void {
    this.#waiting = undefined;
    this.#caughtUp = undefined;
  }
}
