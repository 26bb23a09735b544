/**
 * What goes wrong on a GPU device, kept until somebody can be told. An invalid dispatch throws nowhere and a lost device
 * goes on resolving promises, so every creation and submit runs in error scopes, and the next `read` raises what they caught.
 */
import { DeviceError, KernelError, type LuceError } from "../../errors.js";

/** A shared device's errors outside our scopes are its owner's; only our own device is listened to. */
export class FaultLog {
  readonly #device: GPUDevice;
  #first: LuceError | undefined;
  #gone: LuceError | undefined;
  #released = false;
  readonly #pending = new Set<Promise<void>>();

  constructor(device: GPUDevice, owned: boolean) {
    this.#device = device;
    if (owned) device.addEventListener("uncapturederror", this.#onUncaptured);
    void device.lost.then((info) => {
      if (this.#released) return;
      this.#gone =
        info.reason === "destroyed"
          ? new DeviceError(
              "DEVICE_DESTROYED",
              "engine: the GPUDevice was destroyed. Create a new device and a new engine.",
            )
          : new DeviceError(
              "DEVICE_LOST",
              `engine: the GPU device was lost: ${info.message || "no reason given"}. Create a new engine.`,
            );
    });
  }

  readonly #onUncaptured = (event: GPUUncapturedErrorEvent): void => {
    this.#record(event.error, "engine");
    event.preventDefault();
  };

  /** Runs `create` with error scopes around it; what they catch is recorded under the object's label, and `onFault` told. */
  watch<T>(label: string, create: () => T, onFault?: () => void): T {
    this.#device.pushErrorScope("out-of-memory");
    this.#device.pushErrorScope("internal");
    this.#device.pushErrorScope("validation");
    try {
      return create();
    } finally {
      for (let scope = 0; scope < 3; scope++) {
        const caught = this.#device.popErrorScope().then(
          (error) => {
            if (!error) return;
            this.#record(error, label);
            onFault?.();
          },
          // A scope of a lost device has nothing to tell; `lost` does.
          () => undefined,
        );
        this.await(caught);
      }
    }
  }

  /** Makes `settled` wait for `work`. */
  await(work: Promise<void>): void {
    const tracked = work.finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }

  #record(error: GPUError, label: string): void {
    if (this.#first) return;
    if (error instanceof GPUOutOfMemoryError) {
      this.#first = new DeviceError(
        "OUT_OF_MEMORY",
        `${label}: the GPU is out of memory. Use fewer rows at a time, u8 features, or device: "cpu". (${error.message})`,
      );
    } else {
      this.#first = new KernelError("GPU_VALIDATION", `${label}: the GPU refused the work: ${error.message}`);
    }
  }

  /** Replaces whatever was recorded: a compiler's message says more than the validation error that follows it. */
  recordCause(error: LuceError): void {
    this.#first = error;
  }

  /** Waits until all scopes have reported. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  /** Throws what was recorded, once; a device that is gone throws every time. */
  raise(): void {
    const first = this.#first;
    this.#first = undefined;
    if (this.#gone) throw this.#gone;
    if (first) throw first;
  }

  /** After a rejected `mapAsync`: waits a moment for `lost` to say why, then throws. */
  async explain(cause: unknown): Promise<never> {
    await Promise.race([this.#device.lost, new Promise((resolve) => setTimeout(resolve, 500))]);
    await this.settled();
    this.raise();
    throw new DeviceError("DEVICE_LOST", "engine: the GPU did not give a result back. Create a new engine.", cause);
  }

  /** The engine lets go of the device: nothing that happens to it is a fault any more. */
  release(): void {
    this.#released = true;
    this.#device.removeEventListener("uncapturederror", this.#onUncaptured);
  }
}
