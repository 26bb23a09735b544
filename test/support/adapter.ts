/**
 * The WebGPU adapter and device of the browser tests. No GPU where one is expected is a failure, never a quiet skip.
 */

/** The browser's WebGPU adapter. Throws where the browser has none, with what to look at. */
export async function requireAdapter(): Promise<GPUAdapter> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (adapter) return adapter;
  const found = navigator.gpu === undefined ? "no navigator.gpu" : "a null adapter";
  throw new Error(
    `requireAdapter: the GPU tests need a WebGPU adapter: expected one, got ${found} in ${navigator.userAgent}. ` +
      "Check the flags in test/support/chromium.ts and chrome://gpu.",
  );
}

/** A fresh device at WebGPU's default limits, or with what the test asks for. The caller destroys it. */
export async function requireDevice(descriptor: GPUDeviceDescriptor = {}): Promise<GPUDevice> {
  const adapter = await requireAdapter();
  return adapter.requestDevice({ label: "luce/test", ...descriptor });
}
