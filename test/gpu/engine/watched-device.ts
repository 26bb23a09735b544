/** Devices of which a test sees what an application's own code would see. */
import { createEngine, type Engine } from "../../../src/index.js";
import { requireAdapter, requireDevice } from "../../support/adapter.js";

export interface WatchedDevice {
  readonly device: GPUDevice;
  /** What reached the owner's own handler. */
  readonly uncaptured: string[];
}

/** A device of the caller's with a handler for uncaptured errors. */
export async function watchedDevice(descriptor: GPUDeviceDescriptor = {}): Promise<WatchedDevice> {
  const device = await requireDevice(descriptor);
  const uncaptured: string[] = [];
  device.onuncapturederror = (event) => {
    uncaptured.push(event.error.message);
  };
  return { device, uncaptured };
}

/** An engine on a device that it made by itself, and that device, so that a test can harm it. */
export async function engineWithItsDevice(): Promise<{ engine: Engine; device: GPUDevice }> {
  let device: GPUDevice | undefined;
  const gpu = {
    async requestAdapter() {
      const adapter = await requireAdapter();
      const requestDevice = async (descriptor: GPUDeviceDescriptor): Promise<GPUDevice> => {
        device = await adapter.requestDevice(descriptor);
        return device;
      };
      return { info: adapter.info, requestDevice };
    },
  };
  const engine = await createEngine({ device: "webgpu", gpu: gpu as unknown as GPU });
  return { engine, device: device as unknown as GPUDevice };
}

/** Makes the device report a validation error outside any scope, and waits until it has: the browser tells in its own time. */
export async function misuse(device: GPUDevice): Promise<void> {
  const told = new Promise((resolve) => device.addEventListener("uncapturederror", resolve, { once: true }));
  device.createBuffer({ label: "misused", size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
  // A creation alone is not sent off; this is.
  void device.queue.onSubmittedWorkDone();
  await told;
}

/** The code and message that a promise rejects with. Throws when it does not. */
export async function faultOf(work: Promise<unknown>): Promise<{ name: string; code: string; message: string }> {
  try {
    await work;
  } catch (error) {
    const { name, code = "", message } = error as Error & { code?: string };
    return { name, code, message };
  }
  throw new Error("faultOf: expected a rejection, got a result.");
}
