/**
 * What goes wrong on a GPU device, kept until somebody can be told. An invalid dispatch throws nowhere and a lost device
 * goes on resolving promises, so every creation and submit runs in error scopes, and the next `read` raises what they caught.
 */
import { DeviceError, KernelError, type LuceError } from "../../errors.js";

const FILTERS: readonly GPUErrorFilter[] = ["out-of-memory", "internal", "validation"];

/** A shared device's errors outside our scopes are its owner's; only our own device is listened to. */
export class FaultLog {
  readonly #device: GPUDevice;
  #first: LuceError | undefined;
  /** How many faults have been raised, and the last of them. */
  #raised = 0;
  #last: LuceError | undefined;
  #gone: LuceError | undefined;
  #released = false;
  readonly #pending = new Set<Promise<void>>();
  /** Told when the device is gone or let go: promises of such a device may never settle. */
  readonly #waiting = new Set<() => void>();

  constructor(device: GPUDevice, owned: boolean) {
    this.#device = device;
    if (owned) device.addEventListener("uncapturederror", this.#onUncaptured);
    void device.lost.then((info) => {
      // Of a device that was let go, this is stale news.
      if (!this.#released) this.#gone = lossOf(info);
      this.#wake();
    });
  }

  readonly #onUncaptured = (event: GPUUncapturedErrorEvent): void => {
    const outOfMemory = event.error.constructor.name === "GPUOutOfMemoryError";
    this.#record(event.error, outOfMemory ? "out-of-memory" : "validation", "engine");
    event.preventDefault();
  };

  /**
   * Runs `create` with error scopes around it. What they catch is recorded under the object's label; once they have all
   * reported, `onReport` is told whether nothing was wrong.
   */
  watch<T>(label: string, create: () => T, onReport?: (sound: boolean) => void): T {
    for (const filter of FILTERS) this.#device.pushErrorScope(filter);
    try {
      return create();
    } finally {
      let sound = true;
      const scopes = FILTERS.toReversed().map((filter) =>
        this.#device.popErrorScope().then(
          (error) => {
            if (!error) return;
            sound = false;
            this.#record(error, filter, label);
          },
          // A scope of a lost device has nothing to tell; `lost` does.
          () => undefined,
        ),
      );
      this.await(Promise.all(scopes).then(() => onReport?.(sound)));
    }
  }

  /** Makes `settled` wait for `work`, which never rejects. */
  await(work: Promise<void>): void {
    const tracked = work.finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }

  #record(error: GPUError, filter: GPUErrorFilter, label: string): void {
    this.#first ??=
      filter === "out-of-memory"
        ? new DeviceError(
            "OUT_OF_MEMORY",
            `${label}: the GPU is out of memory. Use fewer rows at a time, u8 features, or device: "cpu". (${error.message})`,
          )
        : new KernelError("GPU_VALIDATION", `${label}: the GPU refused the work: ${error.message}`);
  }

  /** Replaces whatever was recorded: a compiler's message says more than the validation error that follows it. */
  recordCause(error: LuceError): void {
    this.#first = error;
  }

  get gone(): boolean {
    return this.#gone !== undefined || this.#released;
  }

  /** Settles as `work` does, or resolves to undefined once the device is gone. */
  orGone<T>(work: Promise<T>): Promise<T | undefined> {
    if (this.gone) {
      work.catch(() => undefined);
      return Promise.resolve(undefined);
    }
    return new Promise((resolve, reject) => {
      const wake = (): void => resolve(undefined);
      this.#waiting.add(wake);
      work.then(resolve, reject).finally(() => this.#waiting.delete(wake));
    });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Waits until all scopes have reported. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0 && !this.gone) await this.orGone(Promise.all(this.#pending));
  }

  /** What to hand to `raise` when a wait begins. */
  get mark(): number {
    return this.#raised;
  }

  /**
   * Throws what was recorded: once, but to all whose wait began before that, since the work that was lost may have been theirs.
   * A device that is gone throws every time.
   */
  raise(mark: number = this.#raised): void {
    if (this.#gone) throw this.#gone;
    if (this.#first) {
      this.#last = this.#first;
      this.#first = undefined;
      this.#raised++;
    }
    if (this.#raised > mark) throw this.#last;
  }

  /** After a rejected `mapAsync`: waits a moment for `lost` to say why, then throws. */
  async explain(cause: unknown, mark: number): Promise<never> {
    await this.orGone(new Promise((resolve) => setTimeout(resolve, 500)));
    await this.settled();
    this.raise(mark);
    throw new DeviceError("DEVICE_LOST", "engine: the GPU did not give a result back. Create a new engine.", cause);
  }

  /** The engine lets go of the device: nothing that happens to it is a fault any more. */
  release(): void {
    this.#released = true;
    this.#device.removeEventListener("uncapturederror", this.#onUncaptured);
    this.#wake();
  }
}

/** Why a device is no more, for whoever asks next. */
export function lossOf({ reason, message }: GPUDeviceLostInfo): DeviceError {
  return reason === "destroyed"
    ? new DeviceError("DEVICE_DESTROYED", "engine: the GPUDevice was destroyed. Create a new device and a new engine.")
    : new DeviceError(
        "DEVICE_LOST",
        `engine: the GPU device was lost: ${message || "no reason given"}. Create a new engine.`,
      );
}
